# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.support.fake_cloud import FRA, IAD, KEY_A, LFI, REGIONS, TENANCY, volume_id

import ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.planned  # noqa: F401 registers kinds
from ansible_collections.oci_keys.block_volume.plugins.module_utils._changes.request import Target
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.resource import DesiredState
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.change_options import (
    CHANGE_OPTIONS,
    desired_key,
    parse_run_settings,
    targets,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.options import (
    RESULT_OPTIONS,
    writable_file,
)

BLANKS = ["", " ", "\t\n", None]
TYPES = ("volume", "boot_volume")
GOV_KEY = f"ocid1.key.oc2.lfi.vaultg.{'g' * 60}"
DEFAULTS = {name: spec.get("default") for name, spec in CHANGE_OPTIONS.items()}


def options(**more: Any) -> dict[str, Any]:
    return {**DEFAULTS, "regenerate": False, "volume_ids": [], **more}


def named(
    ids: Any,
    *,
    desired: DesiredState = DesiredState(None),  # noqa: B008
    tenancy: str | None = TENANCY,
    own_region: str | None = None,
) -> list[Target]:
    return targets(
        options(volume_ids=ids),
        "volume_ids",
        TYPES,
        desired=desired,
        regions=REGIONS,
        own_region=own_region,
        tenancy=tenancy,
    )


def fault(ids: Any, **more: Any) -> str:
    with pytest.raises(InputError) as caught:
        named(ids, **more)
    return str(caught.value)


# --- the key


@pytest.mark.parametrize("blank", BLANKS)
def test_a_blank_key_is_an_error_that_points_to_absent(blank: str | None) -> None:
    with pytest.raises(InputError, match="state: absent"):
        desired_key(options(kms_key_id=blank))


@pytest.mark.parametrize("blank", BLANKS)
def test_absent_takes_a_blank_key(blank: str | None) -> None:
    assert desired_key(options(state="absent", kms_key_id=blank)) == DesiredState(None)


def test_absent_takes_no_key() -> None:
    with pytest.raises(InputError, match="together with 'state: absent'") as caught:
        desired_key(options(state="absent", kms_key_id=KEY_A))
    assert KEY_A in str(caught.value)


@pytest.mark.parametrize("regenerate", [False, True])
def test_present_takes_a_key_and_drops_the_blanks_around_it(regenerate: bool) -> None:
    given_options = options(kms_key_id=f" {KEY_A}\n", regenerate=regenerate)
    assert desired_key(given_options) == DesiredState(KEY_A, regenerate=regenerate)


def test_a_module_without_regenerate_does_not_regenerate() -> None:
    given_options = options(kms_key_id=KEY_A)
    del given_options["regenerate"]
    assert desired_key(given_options) == DesiredState(KEY_A)


def test_regenerate_excludes_absent() -> None:
    with pytest.raises(InputError, match="regenerate"):
        desired_key(options(state="absent", regenerate=True))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (volume_id(1), "is a block volume, but a key is expected"),
        (KEY_A.replace(".key.", ".vault."), "is a vault, but a key is expected"),
        ("my-key.oc1.iad.abc", "is not an OCID"),
        ("ocid1.key.oc1.iad", "is not an OCID"),
        ("{{ key }}", "is not an OCID"),
    ],
)
def test_a_key_is_the_ocid_of_a_key(value: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        desired_key(options(kms_key_id=value))


@pytest.mark.parametrize("name", ["my-key", " vault/my key ", "Schlüssel"])
def test_a_name_is_kept_for_later(name: str) -> None:
    assert desired_key(options(kms_key_id=name)).kms_key_id == name.strip()


# --- the resources


@pytest.mark.parametrize("nothing", [[], None, BLANKS])
def test_blank_items_are_dropped_and_nothing_is_nothing_to_do(nothing: Any) -> None:
    assert named(nothing) == []


def test_order_is_kept_and_duplicates_are_merged() -> None:
    first, second = volume_id(1), volume_id(2, FRA, "bootvolume")
    found = named([second, "", first, f" {second} ", first])
    assert [(each.id, each.kind.type, each.region) for each in found] == [
        (second, "boot_volume", FRA),
        (first, "volume", IAD),
    ]


@given(st.lists(st.integers(0, 9), max_size=30))
def test_each_is_named_once_in_the_order_of_its_first_mention(numbers: list[int]) -> None:
    ids = [volume_id(number) for number in numbers]
    assert [each.id for each in named(ids)] == list(dict.fromkeys(ids))


@pytest.mark.parametrize(
    ("kind", "words"),
    [("volumebackup", "volume backup"), ("key", "key"), ("bootvolumebackup", "boot volume backup"), ("xyz", "xyz")],
)
def test_a_foreign_type_is_named(kind: str, words: str) -> None:
    text = fault([volume_id(1), volume_id(2, IAD, kind)])
    assert f"is a {words}, but a block volume or a boot volume is expected" in text
    assert volume_id(2, IAD, kind)[-20:] in text


@pytest.mark.parametrize("value", ["x", "ocid1.volume", 7, "ocid1.volume.oc1.iad.<id>"])
def test_what_is_no_ocid_is_named(value: Any) -> None:
    text = fault([volume_id(1), value])
    assert "is not an OCID" in text
    assert str(value) in text


def test_an_unknown_region_is_named() -> None:
    assert "'nowhere-1'" in fault([f"ocid1.volume.oc1.nowhere-1.{'u' * 60}"])


def test_a_region_outside_its_realm_is_a_contradiction() -> None:
    assert "contradicts itself" in fault([volume_id(1, LFI)])


def test_volumes_are_of_the_realm_of_the_tenancy() -> None:
    assert "belongs to realm oc2, the tenancy to oc1" in fault([volume_id(1, LFI, realm="oc2")])


def test_volumes_are_of_one_realm() -> None:
    text = fault([volume_id(1), volume_id(2, LFI, realm="oc2")], tenancy=None)
    assert "belongs to realm oc2, the other volumes to oc1" in text


def test_the_key_is_of_the_realm_of_the_volumes() -> None:
    for tenancy in (TENANCY, None):
        text = fault([volume_id(1)], desired=DesiredState(GOV_KEY), tenancy=tenancy)
        assert "belongs to realm oc2, the volumes to oc1" in text


def test_the_key_is_judged_even_without_volumes() -> None:
    assert "the tenancy to oc1" in fault([], desired=DesiredState(GOV_KEY))
    assert named([], desired=DesiredState(GOV_KEY), tenancy=None) == []


def test_an_ocid_without_region_is_served_by_our_own() -> None:
    regionless = f"ocid1.volume.oc1..{'u' * 60}"
    assert [each.region for each in named([regionless, volume_id(1)], own_region=FRA)] == [FRA, IAD]
    assert "names no region" in fault([regionless])


def test_our_own_region_serves_only_its_own_realm() -> None:
    fault([f"ocid1.volume.oc2..{'u' * 60}"], own_region=IAD, tenancy=None)


def test_a_named_region_beats_our_own() -> None:
    assert [each.region for each in named([volume_id(1, IAD)], own_region=FRA)] == [IAD]


# --- numbers and files


def test_the_defaults_are_those_of_the_interface() -> None:
    run_settings = parse_run_settings(options(), check_mode=True)
    assert (run_settings.check_mode, run_settings.validate_key, run_settings.multi_version_key_fails) == (
        True,
        True,
        False,
    )
    assert (run_settings.concurrency, run_settings.wait, run_settings.wait_timeout) == (64, True, 1200.0)
    assert RESULT_OPTIONS["result"]["default"] == "all"


@pytest.mark.parametrize("number", [1, 256])
def test_concurrency_within_bounds(number: int) -> None:
    assert parse_run_settings(options(concurrency=number), check_mode=False).concurrency == number


@pytest.mark.parametrize(("name", "value"), [("concurrency", n) for n in (0, -1, 257)] + [("wait_timeout", 0)])
def test_a_number_out_of_bounds_is_named(name: str, value: int) -> None:
    with pytest.raises(InputError, match=f"'{name}' is {value}"):
        parse_run_settings(options(**{name: value}), check_mode=False)


def test_the_terms_follow_the_options() -> None:
    run_settings = parse_run_settings(options(multi_version_key="fail", wait=False, wait_timeout=1), check_mode=False)
    assert (run_settings.validate_key, run_settings.multi_version_key_fails, run_settings.wait) == (True, True, False)
    assert (run_settings.wait_timeout, run_settings.check_mode) == (1.0, False)


def test_versions_cannot_be_counted_of_a_key_that_is_not_looked_up() -> None:
    with pytest.raises(InputError, match="validate_key: false"):
        parse_run_settings(options(validate_key=False, multi_version_key="fail"), check_mode=False)


@pytest.mark.parametrize("blank", BLANKS)
def test_a_blank_file_is_no_file(blank: str | None) -> None:
    assert writable_file("journal", blank) is None


def test_a_file_is_judged_before_anything_is_done(tmp_path: Path) -> None:
    assert writable_file("journal", str(tmp_path / "new")) == tmp_path / "new"
    assert not (tmp_path / "new").exists()
    with pytest.raises(InputError, match=r"'journal'.* is a folder"):
        writable_file("journal", str(tmp_path))
    with pytest.raises(InputError, match="there is no folder"):
        writable_file("result_file", str(tmp_path / "no" / "file"))


def test_a_file_may_be_given_from_home() -> None:
    assert writable_file("journal", "~/journal") == Path.home() / "journal"
