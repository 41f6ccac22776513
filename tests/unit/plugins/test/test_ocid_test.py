# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.oci_keys.block_volume.plugins.test.ocid import TestModule as Plugin

KEY = "ocid1.key.oc1.iad.bbpi6tfhaaeuk.abc"
BOOT_VOLUME = "ocid1.bootvolume.oc1.xx-unknown-1.abc"

is_ocid = Plugin().tests()["ocid"]


@pytest.mark.parametrize("value", [KEY, BOOT_VOLUME, f" {KEY}\n", "ocid1.key.oc1.iad-ad-1.abc"])
def test_any_ocid_passes_without_a_type(value: str) -> None:
    assert is_ocid(value) is True


@pytest.mark.parametrize("value", ["", "foo", None, 5, True, [KEY], {"id": KEY}, b"x", "ocid1.key.oc1.iad"])
@pytest.mark.parametrize("types", [(), ("key",)])
def test_what_is_no_ocid_is_false(value: object, types: tuple[str, ...]) -> None:
    assert is_ocid(value, *types) is False


def test_types() -> None:
    assert is_ocid(KEY, "key") is True
    assert is_ocid(KEY, "volume", "boot_volume") is False
    assert is_ocid(BOOT_VOLUME, "volume", "boot_volume") is True
    assert is_ocid(BOOT_VOLUME, "bootvolume") is True
    assert is_ocid("ocid1.volumebackuppolicyassign.oc1.iad.abc", "policy_assignment") is True


@pytest.mark.parametrize("value", [KEY, "foo", None])
def test_a_type_that_does_not_exist_is_an_error_whatever_the_value(value: object) -> None:
    with pytest.raises(AnsibleFilterError, match=r"'keys' is not a type of OCID \(did you mean 'key'\?\)"):
        is_ocid(value, "key", "keys")
    with pytest.raises(AnsibleFilterError, match="takes names of types"):
        is_ocid(value, ["key"])
