# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records compared with the SDK's own models, and invalid responses."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any

import oci
import pytest
from dateutil.parser import parse as parse_time

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.decoding import (
    InvalidResponseError,
    Record,
    ResponseDecoder,
)

CORE = oci.base_client.merge_type_mappings(
    oci.base_client.BaseClient.primitive_type_map, oci.core.models.core_type_mapping
)
decoder = ResponseDecoder({**CORE, **oci.resource_search.models.resource_search_type_mapping}, parse_time)

MODELS = ("Volume", "BootVolume", "VolumeBackup", "BootVolumeBackup", "VolumeBackupPolicy", "BlockVolumeReplica")

TIMES = ("2026-11-25T08:15:30.123Z", "2026-11-25T08:15:30Z", "2026-11-25T08:15:30.123456+01:00")


def sdk_reads(body: bytes, response_type: str) -> Any:
    client = oci.base_client.BaseClient.__new__(oci.base_client.BaseClient)
    client.type_mappings = CORE
    client.skip_deserialization = False
    client._allow_control_chars = None
    client.logger = oci.base_client.logging.getLogger("quiet")
    return client.deserialize_response_data(body, response_type)


def value(dice: Random, type_name: str, depth: int = 0) -> Any:
    """A JSON value that the API may give for a type of the SDK."""
    if dice.random() < 0.2:
        return None
    if type_name.startswith("list["):
        return [value(dice, type_name[5:-1], depth) for _item in range(dice.randint(0, 2))]
    if type_name.startswith("dict("):
        inner = type_name[5:-1].partition(", ")[2]
        return {f"name-{number}": value(dice, inner, depth) for number in range(dice.randint(0, 2))}
    if hasattr(CORE.get(type_name), "swagger_types") or (type_name in CORE and type_name[0].isupper()):
        return row(dice, type_name, depth + 1) if depth < 2 else None
    plain = {"datetime": dice.choice(TIMES), "int": dice.randint(0, 99), "float": dice.random(), "bool": True}
    return plain.get(type_name, dice.choice(["", "AVAILABLE", "ocid1.key.x", "ü", "7"]))


def row(dice: Random, model_name: str, depth: int = 0) -> dict[str, Any] | None:
    model = CORE[model_name]
    if hasattr(model, "get_subtype"):
        return None
    example = model()
    fields = {key: value(dice, example.swagger_types[name], depth) for name, key in example.attribute_map.items()}
    given = {key: content for key, content in fields.items() if dice.random() < 0.8}
    return {**given, "id": "an-id", "unheardOf": "of"}


def same(mine: Any, theirs: Any) -> bool:
    """Whether a record has what the SDK's model has. The SDK does not give values of enumerations that it lacks."""
    if isinstance(mine, Record):
        return all(same(getattr(mine, name), getattr(theirs, name)) for name in theirs.swagger_types)
    if isinstance(mine, list):
        return len(mine) == len(theirs) and all(map(same, mine, theirs))
    if isinstance(mine, dict):
        return mine.keys() == theirs.keys() and all(same(mine[name], theirs[name]) for name in mine)
    return bool(mine == theirs) or theirs == "UNKNOWN_ENUM_VALUE"


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("model", MODELS)
def test_a_record_has_what_the_model_has(model: str, seed: int) -> None:
    dice = Random(seed)
    found = [row(dice, model) for _row in range(3)]

    body = json.dumps(found).encode()
    assert same(decoder.decode(body, f"list[{model}]"), sdk_reads(body, f"list[{model}]"))
    body = json.dumps(found[0]).encode()
    assert same(decoder.decode(body, model), sdk_reads(body, model))


def test_values_that_the_sdk_does_not_know_stay_as_they_are() -> None:
    assert decoder.decode(b'{"id": "v", "lifecycleState": "MELTING"}', "Volume").lifecycle_state == "MELTING"


def test_a_field_that_the_sdk_does_not_know_is_none() -> None:
    volume = decoder.decode(b'{"id": "v", "unheardOf": 1}', "Volume")

    assert volume.kms_key_id is None
    assert not hasattr(volume, "unheard_of")


def test_an_object_is_of_the_subtype_that_it_says() -> None:
    body = b'{"id": "v", "sourceDetails": {"type": "volumeBackup", "id": "b"}}'

    assert decoder.decode(body, "Volume").source_details.id == "b"


def test_times_in_an_unusual_form() -> None:
    expected = datetime(2026, 11, 25, 8, 15, 30, 120000, tzinfo=timezone(timedelta(0)))

    assert decoder.decode(b'{"id": "v", "timeCreated": "2026-11-25T08:15:30.12Z"}', "Volume").time_created == expected


@pytest.mark.parametrize(
    ("body", "response_type", "words"),
    [
        (b"", "Volume", "the response is empty"),
        (b" \n", "list[Volume]", "the response is empty"),
        (b"<html>", "Volume", "the response is not valid JSON"),
        (b'{"id": "v"', "Volume", "the response is not valid JSON"),
        (b"\xff", "Volume", "the response is not valid JSON"),
        (b"[" * 100_000, "Volume", "the response is nested too deeply"),
        (b"[]", "Volume", "the response is not an object"),
        (b"null", "Volume", "the response is not an object"),
        (b"{}", "Volume", "the response has no id"),
        (b"{}", "list[Volume]", "the response is not a list"),
        (b"null", "list[Volume]", "the response is not a list"),
        (b"[1]", "list[Volume]", "the response has an item that is not an object"),
        (b"[null]", "list[Volume]", "the response has an item that is not an object"),
        (b'[{"id": "v"}, {}]', "list[Volume]", "the response has an item that has no id"),
        (b'{"items": 7}', "ResourceSummaryCollection", "response has a field items that is not a list"),
        (b"{}", "ResourceSummaryCollection", "the response has no items"),
        (b'{"id": "v", "displayName": ["a"]}', "Volume", "response has a field displayName that is not a string"),
        (b'{"id": "v", "kmsKeyId": {}}', "Volume", "response has a field kmsKeyId that is not a string"),
        (
            b'{"id": "v", "timeCreated": "yesterday?"}',
            "Volume",
            "response has a field timeCreated that is not a timestamp",
        ),
        (b'{"id": "v", "timeCreated": 5}', "Volume", "response has a field timeCreated that is not a timestamp"),
        (b'{"id": "v", "sizeInGBs": "large"}', "Volume", "response has a field sizeInGBs that is not a number"),
        (b'{"id": "v", "sizeInGBs": 1e999}', "Volume", "response has a field sizeInGBs that is not a number"),
        (b'{"id": "v", "isHydrated": "false"}', "Volume", "response has a field isHydrated that is not a boolean"),
        (
            b'{"id": "v", "blockVolumeReplicas": 7}',
            "Volume",
            "response has a field blockVolumeReplicas that is not a list",
        ),
        (b'{"id": "v", "blockVolumeReplicas": ["r"]}', "Volume", "that has an item that is not an object"),
        (b'{"id": "v", "freeformTags": []}', "Volume", "response has a field freeformTags that is not an object"),
        (b'{"id": "v", "freeformTags": {"a": []}}', "Volume", "freeformTags that has a value that is not a string"),
        (b'{"id": "v", "sourceDetails": []}', "Volume", "response has a field sourceDetails that is not an object"),
        (b'{"id": "v", "sourceDetails": {}}', "Volume", "that does not state a known type"),
    ],
)
def test_invalid_responses(body: bytes, response_type: str, words: str) -> None:
    with pytest.raises(InvalidResponseError, match=words):
        decoder.decode(body, response_type)


def test_a_key_may_be_null() -> None:
    assert decoder.decode(b"null", "VolumeKmsKey") is None


def test_invisible_characters_of_strings_are_escaped() -> None:
    body = {
        "id": "v",
        "displayName": "a\x1b[31m",
        "freeformTags": {"n\x07": "\u202ev"},
        "definedTags": {"s": {"t": "\r"}},
    }
    volume = decoder.decode(json.dumps(body).encode(), "Volume")
    assert volume.display_name == r"a\u001b[31m"
    assert volume.freeform_tags == {r"n\u0007": r"\u202ev"}
    assert volume.defined_tags == {"s": {"t": r"\u000d"}}


def test_other_letters_than_those_of_english_stay() -> None:
    assert decoder.decode('{"id": "v", "displayName": "Müller 東京"}'.encode(), "Volume").display_name == "Müller 東京"


def test_a_number_is_accepted_as_a_string() -> None:
    assert decoder.decode(b'{"id": "v", "displayName": 5}', "Volume").display_name == "5"
