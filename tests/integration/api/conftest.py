# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What several tests of how OCI is reached need."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.key_files import fingerprint_of


@pytest.fixture(scope="session")
def api_key() -> dict[str, str]:
    private_key = rsa.generate_private_key(65537, 2048)
    pem = private_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {
        "api_user": "ocid1.user.oc1..u",
        "tenancy": "ocid1.tenancy.oc1..t",
        "api_user_key_content": pem.decode(),
        "api_user_fingerprint": fingerprint_of(private_key.public_key()),
        "region": "IAD",
    }
