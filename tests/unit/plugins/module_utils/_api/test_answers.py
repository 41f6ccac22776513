# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers that are about something else than what was asked."""

from __future__ import annotations

import json
from typing import Any

import pytest
from unit.support.answers import COMPARTMENT, KEY, RECORDS, ROOT, answer, body_of, ocid, question

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.decoding import InvalidResponseError, decode
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.operations import OPERATIONS, Request, request

WITH_ID = [name for name, operation in OPERATIONS.items() if operation.ocid_types]
RELATIONS = [(name, relation) for name, operation in OPERATIONS.items() for relation in operation.relations]


def reason(name: str, record: Any, asked: Request | None = None) -> str | None:
    """Why a record is no answer; None if it is one."""
    body = json.dumps(body_of(name, record)).encode()
    try:
        decoded = decode(asked or question(name), body)
    except InvalidResponseError as error:
        return str(error)
    return decoded.unreadable[0].reason if decoded.unreadable else None


def in_json(name: str, field: str) -> str:
    declared = OPERATIONS[name].record
    assert declared is not None
    return next(each for each, python in declared.fields.items() if python == field)


@pytest.mark.parametrize(("name", "relation"), RELATIONS, ids=[f"{name}: {each.field}" for name, each in RELATIONS])
def test_an_answer_about_something_else_is_none(name: str, relation: Any) -> None:
    field = in_json(name, relation.field)
    asked = question(name).asked[relation.argument]
    record = answer(name)
    other = f"{asked[:-1]}z"
    assert record[field] == asked

    words = reason(name, {**record, field: other}) or ""
    assert f"{other}, but {asked} was asked for" in words
    if not OPERATIONS[name].is_list:
        assert words.startswith("the request succeeded, but the response ")


@pytest.mark.parametrize("name", WITH_ID)
def test_an_answer_of_another_type_or_realm_is_none(name: str) -> None:
    record = answer(name)
    _ocid1, kind, realm, *rest = record["id"].split(".")
    for changed in (
        ["ocid1", "image", realm, *rest],
        ["ocid1", kind, "oc2", *rest],
        ["ocid1", f"x{kind}", realm, *rest],
    ):
        other = ".".join(changed)
        assert other in (reason(name, {**record, "id": other}) or "")


def test_the_words_say_what_came_and_what_was_asked_for() -> None:
    assert reason("get_volume", {**RECORDS["Volume"], "id": ocid("volume", "B")}) == (
        f"the request succeeded, but the response is about {ocid('volume', 'B')}, but {ocid('volume')} was asked for"
    )
    assert reason("list_volumes", {**RECORDS["Volume"], "compartmentId": ROOT}) == (
        f"names the compartment {ROOT}, but {COMPARTMENT} was asked for"
    )
    assert reason("list_volumes", {**RECORDS["Volume"], "id": ocid("bootvolume")}) == (
        f"has the id {ocid('bootvolume')}, which is not that of a block volume"
    )
    assert reason("list_volumes", {**RECORDS["Volume"], "id": ocid("volume", realm="oc2")}) == (
        f"has the id {ocid('volume', realm='oc2')}, which is of realm oc2, not of oc1"
    )


@pytest.mark.parametrize("name", ["update_volume_kms_key", "update_boot_volume_kms_key"])
@pytest.mark.parametrize("body", [{}, {"kmsKeyId": None}, {"kmsKeyId": ""}, {"kmsKeyId": f"{KEY}2"}])
def test_a_key_is_assigned_only_if_the_answer_says_so(name: str, body: dict[str, Any]) -> None:
    assert "names the key " in (reason(name, body) or "")


@pytest.mark.parametrize("kind", ["volume_backup", "boot_volume_backup", "volume_group_backup"])
def test_a_copy_is_another_backup_and_in_the_other_region(kind: str) -> None:
    name = f"copy_{kind}"
    made = answer(name)
    source = question(name).asked[f"{kind}_id"]
    ocid_type = kind.replace("_", "")

    assert reason(name, made) is None
    assert reason(name, {**made, "id": ocid(ocid_type, "copy", "us-ashburn-1")}) is None
    assert "is the source" in (reason(name, {**made, "id": source}) or "")
    assert "of region phx, not of us-ashburn-1" in (reason(name, {**made, "id": ocid(ocid_type, "copy")}) or "")
    elsewhere = ocid(ocid_type, "copy", "eu-frankfurt-1")
    assert "of region eu-frankfurt-1, not of" in (reason(name, {**made, "id": elsewhere}) or "")


def test_a_copy_need_not_name_its_source_yet() -> None:
    made = answer("copy_volume_backup")

    assert reason("copy_volume_backup", {**made, "sourceVolumeBackupId": None}) is None


def test_a_backup_that_keeps_its_key_is_no_wrong_answer() -> None:
    """The service has been seen to do so; reading the backup again shows it."""
    assert reason("update_boot_volume_backup", {**RECORDS["BootVolumeBackup"], "kmsKeyId": None}) is None


def test_a_member_may_be_shown_with_the_assignment_of_its_group() -> None:
    name = "get_volume_backup_policy_asset_assignment"
    record = answer(name)

    assert reason(name, {**record, "assetId": ocid("volumegroup")}) is None
    assert "names the asset" in (reason(name, {**record, "assetId": ocid("bootvolume")}) or "")


def test_below_the_root_a_compartment_may_be_anywhere() -> None:
    child = {**RECORDS["Compartment"], "compartmentId": COMPARTMENT, "id": f"{COMPARTMENT}2"}

    assert (
        reason("list_compartments", child, request("list_compartments", ROOT, compartment_id_in_subtree=True)) is None
    )
    assert "names the compartment" in (reason("list_compartments", child) or "")


def test_availability_domains_belong_to_the_tenancy_whichever_compartment_was_asked() -> None:
    assert reason("list_availability_domains", RECORDS["AvailabilityDomain"]) is None


def test_a_list_without_a_domain_has_rows_of_all_domains() -> None:
    asked = request("list_volumes", compartment_id=COMPARTMENT)

    assert reason("list_volumes", {**RECORDS["Volume"], "availabilityDomain": "AbCd:PHX-AD-2"}, asked) is None
    assert "names the availability domain AbCd:PHX-AD-2" in (
        reason("list_volumes", {**RECORDS["Volume"], "availabilityDomain": "AbCd:PHX-AD-2"}) or ""
    )


def test_a_tenancy_of_2016_has_an_id_of_another_form() -> None:
    root = "ocidv1:tenancy:oc1:phx:1460000000000:aaaa"
    row = {**RECORDS["Volume"], "compartmentId": root}

    assert reason("list_volumes", row, request("list_volumes", compartment_id=root)) is None
    assert reason("get_tenancy", {**RECORDS["Tenancy"], "id": root}, request("get_tenancy", root)) is None
    foreign = {**row, "id": ocid("volume", realm="oc2")}
    assert "of realm oc2" in (reason("list_volumes", foreign, request("list_volumes", compartment_id=root)) or "")


def test_what_came_instead_is_shown_safely() -> None:
    record = {**RECORDS["Volume"], "availabilityDomain": "\x1b[31m\u202e" + "x" * 9000}
    words = reason("list_volumes", record) or ""

    assert "\\u001b[31m\\u202e" in words
    assert len(words) < 400


NAMING = [
    (name, field)
    for name, operation in OPERATIONS.items()
    if operation.record is not None and operation.ocid_types
    for field, python in operation.record.fields.items()
    if python.endswith("_id")
]


@pytest.mark.parametrize(("name", "field"), NAMING, ids=[f"{name}: {field}" for name, field in NAMING])
def test_nothing_that_an_answer_names_is_of_another_realm(name: str, field: str) -> None:
    """Nothing in OCI has a key, a compartment, or a source in another realm."""
    kind = "key" if field.lower().endswith("kmskeyid") else "volumegroup" if field == "assetId" else "compartment"
    other = ocid(kind, realm="oc2")

    assert other in (reason(name, {**answer(name), field: other}) or "")


@pytest.mark.parametrize("name", ["update_volume_kms_key", "list_volumes", "get_boot_volume_backup"])
def test_what_is_named_may_be_of_a_tenancy_of_2016_or_nothing(name: str) -> None:
    record = {**answer(name), "volumeGroupId": "", "volumeId": None}
    root = "ocidv1:tenancy:oc1:phx:1460000000000:aaaa"

    assert reason(name, record) is None
    assert reason("get_volume", {**RECORDS["Volume"], "compartmentId": root}) is None
    assert "oc2" in (reason("get_volume", {**RECORDS["Volume"], "compartmentId": root.replace("oc1", "oc2")}) or "")
