# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OCIDs in their real form, the same ones for the same names every time (oci_semantics.md section 7)."""

from __future__ import annotations

import base64
import hashlib
import re

_KEY_ID = re.compile(r"ocid1\.key\.oc\d+\.[a-z0-9-]*(\.[a-z0-9-]+)?\.[a-z0-9]+", re.IGNORECASE)


def unique(*parts: str, length: int = 60) -> str:
    """Letters and digits as OCI's own unique parts show them (base32, lower case)."""
    digest = hashlib.blake2b("\0".join(parts).encode(), digest_size=40).digest()
    return base64.b32encode(digest).decode().lower().rstrip("=")[:length]


def ocid(kind: str, realm: str, region: str, *names: str, prefix: str = "") -> str:
    """`ocid1.<kind>.<realm>.<region>.[<prefix>.]<unique>`; the region is empty for what is global."""
    middle = f"{prefix}." if prefix else ""
    start = "abuwc" if region and not prefix else "aaaa"
    return f"ocid1.{kind}.{realm}.{region}.{middle}{start}{unique(kind, realm, region, *names)}"[:255]


def vault_prefix(*names: str) -> str:
    """The 13 letters that a vault's OCID, its keys' OCIDs and its host names share."""
    return unique("vault-prefix", *names, length=13)


def looks_like_key(value: str) -> bool:
    """Whether Block Volume takes the text for a key's OCID at all, five or six parts (section 7)."""
    return _KEY_ID.fullmatch(value) is not None
