# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records of answers, and what is refused instead of being guessed at."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import oci
import pytest
from unit.support.answers import KEY, RECORDS, answer, body_of, ocid, question

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.decoding import (
    InvalidResponseError,
    UnreadableRow,
    decode,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.operations import OPERATIONS

WITH_RECORD = [name for name, operation in OPERATIONS.items() if operation.record is not None]
LISTS = [name for name, operation in OPERATIONS.items() if operation.is_list]
MISSING = object()


def read(name: str, record: Any) -> Any:
    """What becomes of a record as the answer of an operation: a Record, or the row that can't be read."""
    decoded = decode(question(name), json.dumps(body_of(name, record)).encode())
    return (decoded.unreadable or decoded.data)[0] if OPERATIONS[name].is_list else decoded.data


def reason(name: str, record: Any) -> str:
    """Why a record is refused."""
    if OPERATIONS[name].is_list:
        row = read(name, record)
        assert isinstance(row, UnreadableRow), row
        return row.reason
    with pytest.raises(InvalidResponseError) as caught:
        read(name, record)
    return str(caught.value)


def volume(**fields: Any) -> dict[str, Any]:
    changed = {**RECORDS["Volume"], **fields}
    return {name: value for name, value in changed.items() if value is not MISSING}


def raw(old: str, new: str) -> bytes:
    """The body of a volume with a piece of its JSON replaced."""
    text = json.dumps(RECORDS["Volume"])
    assert old in text
    return text.replace(old, new).encode()


# --- what a record has


@pytest.mark.parametrize("name", WITH_RECORD)
def test_an_answer_as_documented_is_read(name: str) -> None:
    record = read(name, answer(name))
    declared = OPERATIONS[name].record
    assert declared is not None
    assert set(vars(record)) == set(declared.fields.values())


def test_a_record_has_the_values_of_the_answer() -> None:
    found = read("get_volume", RECORDS["Volume"])

    assert (found.id, found.kms_key_id, found.lifecycle_state) == (ocid("volume"), KEY, "AVAILABLE")
    assert found.time_created == datetime(2026, 11, 25, 8, 15, 30, 123000, tzinfo=UTC)
    assert found.volume_group_id is None
    assert found.defined_tags == {"finance": {"cost-center": 42}}
    (replica,) = found.block_volume_replicas
    assert (replica.block_volume_replica_id, replica.kms_key_id) == (ocid("blockvolumereplica", region="iad"), None)
    assert read("get_volume_backup", RECORDS["VolumeBackup"]).retention_period.retention_time_amount == 3


def test_a_field_that_nobody_declared_does_not_exist() -> None:
    assert not hasattr(read("get_volume", volume(unheardOf=1)), "unheard_of")


def test_values_that_nobody_knows_stay_as_they_are() -> None:
    assert read("get_volume", volume(lifecycleState="MELTING")).lifecycle_state == "MELTING"


@pytest.mark.parametrize(
    "name", sorted({operation.record.name for operation in OPERATIONS.values() if operation.record})
)
def test_every_field_is_one_of_the_sdk(name: str) -> None:
    models = (oci.core, oci.container_engine, oci.key_management, oci.identity, oci.resource_search)
    model = next(getattr(each.models, name) for each in models if hasattr(each.models, name))()
    declared = next(each.record for each in OPERATIONS.values() if each.record and each.record.name == name)
    known = {in_json: field for field, in_json in model.attribute_map.items() if in_json in declared.fields}
    assert known.items() <= declared.fields.items()
    if known != declared.fields and not hasattr(oci.base_client, "DUAL_STACK_OPTION"):
        pytest.skip(f"this SDK is older than {', '.join(declared.fields.keys() - known.keys())}")
    assert known == declared.fields


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-25T08:15:30.12Z", (2026, 11, 25, 8, 15, 30, 120000)),
        ("2026-11-25T08:15:30Z", (2026, 11, 25, 8, 15, 30)),
        ("2026-11-25t08:15:30.123456789z", (2026, 11, 25, 8, 15, 30, 123456)),
        ("2026-11-25T08:15:30+01:00", (2026, 11, 25, 7, 15, 30)),
    ],
)
def test_times_are_those_of_rfc_3339(text: str, expected: tuple[int, ...]) -> None:
    moment = datetime(*expected, tzinfo=UTC)  # type: ignore[misc, arg-type]
    assert read("get_volume", volume(timeCreated=text)).time_created == moment


@pytest.mark.parametrize("key", [None, "", MISSING])
def test_only_these_mean_the_oracle_managed_key(key: Any) -> None:
    assert read("get_volume", volume(kmsKeyId=key)).kms_key_id is None
    (row,) = decode(question("list_volumes"), json.dumps([volume(kmsKeyId=key)]).encode()).data
    assert row.kms_key_id is None


@pytest.mark.parametrize("key", [False, 0, 0.0, [], {}, True, 7, ["k"], "false", "0", "nan", "None", " ", "k/../x"])
@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("get_volume", "kmsKeyId"),
        ("list_boot_volumes", "kmsKeyId"),
        ("list_volume_backups", "kmsKeyId"),
        ("get_boot_volume_replica", "kmsKeyId"),
        ("update_volume_kms_key", "kmsKeyId"),
        ("get_volume_backup_policy_asset_assignment", "xrcKmsKeyId"),
    ],
)
def test_nothing_else_is_taken_for_a_key_or_for_none(name: str, field: str, key: Any) -> None:
    assert f"has a field {field} that is not " in reason(name, {**answer(name), field: key})


# --- what is required


@pytest.mark.parametrize("blank", [MISSING, None, ""])
@pytest.mark.parametrize("name", WITH_RECORD)
def test_a_record_without_a_required_field_is_refused(name: str, blank: Any) -> None:
    declared = OPERATIONS[name].record
    assert declared is not None
    names = {field: in_json for in_json, field in declared.fields.items()}
    for field in declared.required:
        if blank == "" and field in ("display_name", "management_endpoint", "volume_backup_ids", "is_home_region"):
            continue  # texts may be empty; the others are no texts
        record = {**answer(name), names[field]: blank}
        if blank is MISSING:
            del record[names[field]]
        assert names[field] in reason(name, record)


@pytest.mark.parametrize(
    "name", [each for each in LISTS if each.startswith("list_") and "compartment_id" in str(OPERATIONS[each].relations)]
)
def test_a_row_with_an_id_and_a_compartment_only_is_not_on_the_oracle_managed_key(name: str) -> None:
    row = {field: answer(name)[field] for field in ("id", "compartmentId")}
    assert reason(name, row).startswith("has no ")


def test_a_backup_that_was_just_requested_has_no_time() -> None:
    row = {**RECORDS["VolumeBackup"], "timeCreated": None, "lifecycleState": "REQUEST_RECEIVED"}
    assert read("get_volume_backup", row).time_created is None


# --- strict types


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("sizeInMBs", [1], "a field sizeInMBs that is not a number"),
        ("sizeInGBs", "50", "a field sizeInGBs that is not a number"),
        ("sizeInGBs", True, "a field sizeInGBs that is not a number"),
        ("isHydrated", "false", "a field isHydrated that is not a boolean"),
        ("displayName", 5, "a field displayName that is not a string"),
        ("displayName", True, "a field displayName that is not a string"),
        ("displayName", ["a"], "a field displayName that is not a string"),
        ("displayName", "x" * 20_000, "a field displayName that is too long"),
        ("lifecycleState", " ", "a field lifecycleState that is empty"),
        ("lifecycleState", 1, "a field lifecycleState that is not a string"),
        ("compartmentId", "root", "a field compartmentId that is not an OCID"),
        ("id", "../bootVolumes/x", "a field id that is not an OCID"),
        ("volumeGroupId", "ocid1.volumegroup.oc1.phx.a/../b", "a field volumeGroupId that is not an OCID"),
        ("volumeGroupId", "ocid1.volumegroup.oc1.phx." + "a" * 255, "a field volumeGroupId that is not an OCID"),
        ("timeCreated", 5, "a field timeCreated that is not a timestamp"),
        ("timeCreated", "yesterday?", "a field timeCreated that is not a timestamp"),
        ("timeCreated", "2026-11-25", "a field timeCreated that is not a timestamp"),
        ("timeCreated", "2026-02-31T00:00:00Z", "a field timeCreated that is not a timestamp"),
        ("timeCreated", "0001-01-01T00:00:00+14:00", "a field timeCreated that is not a timestamp"),
        ("freeformTags", [], "a field freeformTags that is not an object"),
        ("freeformTags", {"a": []}, "a field freeformTags that has a value that is not a string"),
        ("freeformTags", {"a": 1}, "a field freeformTags that has a value that is not a string"),
        ("definedTags", {"a": "b"}, "a field definedTags that has a value that is not an object"),
        ("definedTags", {"a": {"b": [[[[[[[[[[1]]]]]]]]]]}}, "that is nested too deeply"),
        ("blockVolumeReplicas", 7, "a field blockVolumeReplicas that is not a list"),
        ("blockVolumeReplicas", [None], "a field blockVolumeReplicas that has an item that is not an object"),
        ("blockVolumeReplicas", [{}], "that has an item that has no blockVolumeReplicaId"),
    ],
)
def test_a_field_of_another_type_is_refused(field: str, value: Any, words: str) -> None:
    assert reason("get_volume", volume(**{field: value})).endswith(words)
    assert reason("list_volumes", volume(**{field: value})).endswith(words)


@pytest.mark.parametrize("value", ["3", 3.5, True, None, 1e30])
def test_a_number_is_a_whole_number(value: Any) -> None:
    period = {"retentionTimeUnit": "DAYS", "retentionTimeAmount": value}
    assert "retentionTimeAmount" in reason("get_volume_backup", {**RECORDS["VolumeBackup"], "retentionPeriod": period})


@pytest.mark.parametrize("value", ["false", "true", 0, 1, "", []])
def test_a_boolean_is_true_or_false(value: Any) -> None:
    row = {**RECORDS["VolumeBackup"], "isRetentionLockEnabled": value}
    assert reason("get_volume_backup", row).endswith("isRetentionLockEnabled that is not a boolean")
    row = {**RECORDS["RegionSubscription"], "isHomeRegion": value}
    assert "isHomeRegion that is not a boolean" in reason("list_region_subscriptions", row)


# --- strict JSON


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"<html>", "is not valid JSON"),
        (b'{"id": "v"', "is not valid JSON"),
        (b"\xff", "is not valid JSON"),
        (b"[" * 100_000, "is nested too deeply"),
        (b"7", "is not an object"),
        (b"[]", "is not an object"),
        (b"null", "is not an object"),
        (b"NaN", "is NaN, which is not valid JSON"),
    ],
)
def test_what_is_no_object(body: bytes, words: str) -> None:
    with pytest.raises(InvalidResponseError, match=f"the request succeeded, but the response {words}"):
        decode(question("get_volume"), body)


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("body", [b"{}", b"null", b"7", b'"[]"', b'{"items": null}', b'{"items": 7}', b"NaN"])
def test_what_is_no_list(name: str, body: bytes) -> None:
    with pytest.raises(InvalidResponseError):
        decode(question(name), body)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (f'"kmsKeyId": "{KEY}"', '"kmsKeyId": NaN', "kmsKeyId that is NaN, which is not valid JSON"),
        ('"sizeInGBs": 50', '"sizeInGBs": -Infinity', "sizeInGBs that is -Infinity, which is not valid JSON"),
        ('"cost-center": 42', '"cost-center": NaN', "has a field cost-center that is NaN"),
        ('"cost-center": 42', '"cost-center": 1e999', "has a field cost-center that is too large a number"),
        ('"cost-center": 42', f'"cost-center": {"9" * 5000}', "has a field cost-center that is too large a number"),
        ('"stage": "prod"', '"stage": "prod", "stage": "test"', "has the member 'stage' more than once"),
        ('"sizeInGBs": 50', '"kmsKeyId": null', "has the member 'kmsKeyId' more than once"),
        ('"displayName": "r"', '"displayName": "r", "kmsKeyId": "x"', "has the member 'kmsKeyId' more than once"),
        ('"sizeInGBs": 50', '"unheardOf": {"a": [1, {"b": NaN}]}', "unheardOf that has a field a that has a field b"),
    ],
)
def test_what_only_python_takes_for_json_spoils_its_record_and_no_other(old: str, new: str, words: str) -> None:
    spoilt = raw(old, new)
    with pytest.raises(InvalidResponseError) as caught:
        decode(question("get_volume"), spoilt)
    assert words in str(caught.value)

    good = json.dumps(RECORDS["Volume"]).encode()
    page = decode(question("list_volumes"), b"[" + b", ".join([good, spoilt, good]) + b"]")
    assert [row.id for row in page.data] == [ocid("volume")] * 2
    (row,) = page.unreadable
    assert row.id == ocid("volume")
    assert words in row.reason


def test_a_page_lives_on_without_the_rows_that_can_not_be_read() -> None:
    rows = [
        volume(),
        volume(id=ocid("volume", "2"), lifecycleState=None),
        7,
        None,
        [],
        {},
        volume(id=ocid("volume", "3")),
    ]
    page = decode(question("list_volumes"), json.dumps(rows).encode())

    assert [row.id for row in page.data] == [ocid("volume"), ocid("volume", "3")]
    assert [str(row) for row in page.unreadable] == [
        f"{ocid('volume', '2')} has no lifecycleState",
        "a row without an id is not an object",
        "a row without an id is not an object",
        "a row without an id is not an object",
        "a row without an id has no id",
    ]


def test_the_name_that_a_row_gives_itself_is_shown_safely() -> None:
    (row,) = decode(question("list_volumes"), json.dumps([{"id": "a\x1b[31m\u202e" + "b" * 9000}]).encode()).unreadable

    assert row.id is not None
    assert row.id.startswith("a\\u001b[31m\\u202eb")
    assert len(row.id) < 200


def test_a_deletion_has_no_answer_whatever_its_body_is() -> None:
    assert decode(question("delete_volume_kms_key"), b"").data is None
    assert decode(question("delete_volume_kms_key"), b"<html>").data is None


# --- readable text


def test_invisible_characters_of_strings_are_escaped() -> None:
    found = read(
        "get_volume",
        volume(displayName="a\x1b[31m", freeformTags={"n\x07": "\u202ev"}, definedTags={"s": {"t": "\r"}}),
    )
    assert found.display_name == r"a\u001b[31m"
    assert found.freeform_tags == {r"n\u0007": r"\u202ev"}
    assert found.defined_tags == {"s": {"t": r"\u000d"}}


def test_other_letters_than_those_of_english_stay() -> None:
    assert read("get_volume", volume(displayName="Müller 東京")).display_name == "Müller 東京"


# --- keys

WITH_A_KEY = [
    (name, field)
    for name, operation in OPERATIONS.items()
    if operation.record is not None
    for field in ("kmsKeyId", "xrcKmsKeyId")
    if field in operation.record.fields
]


@pytest.mark.parametrize(("name", "field"), WITH_A_KEY)
@pytest.mark.parametrize("kind", ["vault", "keyversion", "volume", "vaultsecret"])
def test_what_is_not_the_ocid_of_a_key_is_no_key(name: str, field: str, kind: str) -> None:
    """It would be shown, planned and counted as a key that nothing knows."""
    other = ocid(kind)

    assert f"has a field {field} that is not the OCID of a key" in reason(name, {**answer(name), field: other})


@pytest.mark.parametrize(("kind", "name"), [("block", "get_volume"), ("boot", "get_boot_volume")])
def test_nor_is_it_the_key_of_a_replica(kind: str, name: str) -> None:
    volume_kind = "blockVolume" if kind == "block" else "bootVolume"
    replica = {
        f"{volume_kind}ReplicaId": ocid(f"{kind}volumereplica", region="iad"),
        "availabilityDomain": "AbCd:IAD-AD-1",
        "kmsKeyId": ocid("vault"),
    }

    assert "kmsKeyId that is not the OCID of a key" in reason(
        name, {**answer(name), f"{volume_kind}Replicas": [replica]}
    )
