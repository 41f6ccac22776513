# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""In modules that plan, no filter lets more through because it is blank or can't be read."""

from __future__ import annotations

from typing import Any

import pytest
from unit.support.fake_cloud import KEY_A, volume_id

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.plan_filters import (
    created_before,
    defined_tags,
    excluded_ids,
    expect_no_blanks,
    freeform_tags,
    keys_to_leave,
)

FILTERS = ("compartment_ids", "regions", "resource_types", "from_kms_key_ids", "exclude_ids", "reports")
TEXTS = ("created_before", "approved_file", "approved_plan", "plan_digest", "discovery_file", "new_discovery_file")
TENANCY = "ocid1.tenancy.oc1..aaaa"


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("value", [[""], [" "], [], [None], ["x", ""], ["", "x"], "", " \n"])
def test_a_blank_in_a_list_is_an_error(name: str, value: object) -> None:
    with pytest.raises(InputError, match=f"'{name}.* is blank.*omit '{name}'"):
        expect_no_blanks({name: value})


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("value", ["", " ", "\t\n"])
def test_a_blank_text_is_an_error(name: str, value: str) -> None:
    with pytest.raises(InputError, match=f"'{name}' is blank"):
        expect_no_blanks({name: value})


@pytest.mark.parametrize("name", ["freeform_tags", "defined_tags"])
@pytest.mark.parametrize(
    "value", [{}, {"": "x"}, {"a": ""}, {"a": None}, {"a": {}}, {"a": {"": "x"}}, {"a": {"b": " "}}]
)
def test_a_blank_in_tags_is_an_error(name: str, value: object) -> None:
    with pytest.raises(InputError, match="is blank"):
        expect_no_blanks({name: value})


def test_what_is_not_set_and_what_is_no_filter_may_be_blank() -> None:
    blank = dict.fromkeys(("tenancy", "region", "config_profile_name", "auth_type"), "")
    expect_no_blanks({**blank, **dict.fromkeys((*FILTERS, *TEXTS)), "batch_size": 0, "recursive": False})


@pytest.mark.parametrize("name", ["keys_file", "run_id", "approved_by", "change_ticket"])
def test_a_text_that_is_blank_is_an_error_that_says_what_to_do(name: str) -> None:
    with pytest.raises(InputError, match=f"'{name}' is blank. Give it a value, or leave it out"):
        expect_no_blanks({name: " "})


@pytest.mark.parametrize("value", ["x", "yesterday", "0", "2026", "2026-13-01", "2026-11-24T25:00:00Z", "24.11.2026"])
def test_a_time_that_cant_be_read_is_an_error(value: str) -> None:
    with pytest.raises(InputError, match=f"'created_before' is '{value}'"):
        created_before({"created_before": value})


@pytest.mark.parametrize(
    ("given", "time"),
    [
        ("2026-11-24", "2026-11-24T00:00:00Z"),
        ("2026-11-24T13:00:00Z", "2026-11-24T13:00:00Z"),
        ("2026-11-24T13:00:00", "2026-11-24T13:00:00Z"),
        ("2026-11-24T13:00:00+02:00", "2026-11-24T11:00:00Z"),
        ("2026-11-24 01:00:00-05:00", "2026-11-24T06:00:00Z"),
        (None, None),
    ],
)
def test_times_are_compared_in_utc(given: str | None, time: str | None) -> None:
    assert created_before({"created_before": given}) == time


@pytest.mark.parametrize("value", ["garbage", KEY_A, "ocid1.instance.oc1.iad.aaaa", "ocid1.volume.oc2.us-luke-1.aaaa"])
def test_what_excludes_nothing_is_an_error(value: str) -> None:
    with pytest.raises(InputError, match="'exclude_ids': "):
        excluded_ids({"exclude_ids": [volume_id(1), value]}, TENANCY)


@pytest.mark.parametrize("value", ["garbage", volume_id(1), "ocid1.key.oc2.us-luke-1.vault.aaaa"])
def test_keys_to_leave_are_keys(value: str) -> None:
    with pytest.raises(InputError, match="'from_kms_key_ids': "):
        keys_to_leave({"from_kms_key_ids": [value]}, TENANCY)


def test_blanks_around_an_ocid_do_not_keep_it_from_being_found() -> None:
    assert excluded_ids({"exclude_ids": [f" {volume_id(1)}\n"]}, None) == [volume_id(1)]
    assert keys_to_leave({"from_kms_key_ids": [f"{KEY_A} "]}, None) == [KEY_A]
    assert (excluded_ids({"exclude_ids": None}, None), keys_to_leave({"from_kms_key_ids": None}, None)) == ([], None)


@pytest.mark.parametrize("value", [{"a": ["b"]}, {"a": {"b": "c"}}, {"a": None}])
def test_free_form_tags_are_strings(value: Any) -> None:
    with pytest.raises(InputError, match=r"'freeform_tags\.a' is "):
        freeform_tags({"freeform_tags": value})


@pytest.mark.parametrize("value", [{"a": "b"}, {"a": ["b"]}, {"a": {"b": ["c"]}}, {"a": {"b": None}}, {"a": 1}])
def test_defined_tags_are_strings_by_namespace(value: Any) -> None:
    with pytest.raises(InputError, match=r"'defined_tags\.a"):
        defined_tags({"defined_tags": value})


def test_tags_that_can_be_read() -> None:
    assert freeform_tags({"freeform_tags": {"a": True, "b": "c", 1: 2}}) == {"a": True, "b": "c", "1": 2}
    assert defined_tags({"defined_tags": {"a": {"b": "c"}}}) == {"a": {"b": "c"}}
    assert (freeform_tags({"freeform_tags": None}), defined_tags({"defined_tags": None})) == (None, None)
