# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The exceptions file: what is read of it, and each thing for which it is refused, by its message."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from unit.support.fake_cloud import compartment_id, volume_id

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents import exceptions_file
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.exceptions_file import (
    parse_exceptions,
    read_exceptions,
)

VOLUME, COMPARTMENT = volume_id(1), compartment_id(1)
GIVEN: dict[str, Any] = {
    "match": {"compartment_ids": [COMPARTMENT], "resource_types": ["volume"]},
    "reason": "The appliance can't be restarted",
    "owner": "storage",
    "ticket": "CHG-7",
    "expires": "2027-06-30",
}
TEXT = f"""\
version: 1
exceptions:
  - match:
      compartment_ids: [{COMPARTMENT}]
      resource_types:
        - volume
    reason: The appliance can't be restarted
    owner: storage
    ticket: CHG-7
    expires: 2027-06-30
"""


def write(folder: Path, content: str | bytes, name: str = "exceptions.yml") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refused(folder: Path, content: str | bytes) -> str:
    with pytest.raises(InputError) as caught:
        read_exceptions(write(folder, content))
    assert "exceptions.yml" in str(caught.value)
    return str(caught.value)


def given(**fields: Any) -> str:
    return json.dumps({"version": 1, "exceptions": [{**GIVEN, **fields}]})


def test_yaml_json_and_the_list_itself_say_the_same(tmp_path: Path) -> None:
    expected = [GIVEN]
    parsed = yaml.safe_load(TEXT)["exceptions"]  # with a date, as a template of Ansible has it
    for found in (
        read_exceptions(write(tmp_path, TEXT)),
        read_exceptions(write(tmp_path, json.dumps({"version": 1, "exceptions": [GIVEN]}))),
        parse_exceptions(parsed, "exceptions"),
    ):
        assert [one.as_dict() for one in found] == expected
        assert [one.number for one in found] == [1]


@pytest.mark.parametrize("content", ["version: 1\nexceptions: []\n", '{"version": 1, "exceptions": []}'])
def test_there_may_be_no_exception(tmp_path: Path, content: str) -> None:
    assert read_exceptions(write(tmp_path, content)) == []


def test_a_ticket_may_be_a_number_and_tags_too(tmp_path: Path) -> None:
    text = TEXT.replace("CHG-7", "4711").replace(f"compartment_ids: [{COMPARTMENT}]", "freeform_tags: {tier: 1}")
    [found] = read_exceptions(write(tmp_path, text))
    assert found.ticket == "4711"
    assert found.selector.freeform_tags == {"tier": "1"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param("", "is empty", id="empty"),
        pytest.param(b"\xff\xfe\x00", "is not UTF-8", id="encoding"),
        pytest.param("a: [", "is not YAML", id="syntax"),
        pytest.param("{a", "begins as JSON", id="json syntax"),
        pytest.param(TEXT + "---\na: 1\n", "second document", id="documents"),
        pytest.param("version: 1\nexceptions: &a []\n", "anchor", id="anchor"),
        pytest.param("version: 1\nexceptions: [*a]\n", "", id="alias"),
        pytest.param("version: 1\n*a : 1\n", "", id="alias as a name"),
        pytest.param("version: 1\nexceptions: !!python/object/apply:os.system [id]\n", "has the tag", id="object"),
        pytest.param("version: 1\nexceptions: !vault |\n  1\n", "has the tag", id="tag"),
        pytest.param("version: 1\nversion: 1\nexceptions: []\n", "twice", id="twice"),
        pytest.param('{"version": 1, "exceptions": [], "exceptions": []}', "twice", id="twice in JSON"),
        pytest.param("? [a]\n: 1\n", "a name that is not text", id="name"),
        pytest.param("a: " + "[" * 5000, "nested deeper", id="deep"),
        pytest.param('{"a": ' + "[" * 200 + "]" * 200 + "}", "nested deeper", id="deep JSON"),
        pytest.param('{"a": ' + "[" * 200_000, "too deeply", id="bottomless JSON"),
        pytest.param("#" * (1024 * 1024 + 1), "larger than 1024 KiB", id="large"),
        pytest.param("exceptions: []\n", "'version' (version 1) is missing", id="no version"),
        pytest.param("version: 2\nexceptions: []\n", "expected version 1", id="version"),
        pytest.param("version: 1\n", "no list 'exceptions'", id="no list"),
        pytest.param("version: 1\nexception: []\n", "unknown", id="misspelt"),
        pytest.param("- a\n", "expected an object", id="list"),
        pytest.param("just text\n", "expected an object", id="text"),
    ],
)  # fmt: skip
def test_refused_as_a_file(tmp_path: Path, content: str | bytes, said: str) -> None:
    assert said in refused(tmp_path, content)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"reason": None}, "'exceptions[0].reason' (string that is not empty) is missing"),
        ({"owner": " "}, "exceptions[0].owner"),
        ({"ticket": True}, "exceptions[0].ticket"),
        ({"ticket": "x" * 1001}, "at most 1,000"),
        ({"expires": None}, "'exceptions[0].expires' (date such as 2027-06-30) is missing"),
        ({"expires": "never"}, "expected a date such as 2027-06-30"),
        ({"expires": "2027-02-30"}, "expected a date such as 2027-06-30"),
        ({"expires": "2027-06-30T00:00:00Z"}, "expected a date such as 2027-06-30"),
        ({"until": "2027-06-30"}, "'until', which is unknown"),
        ({"match": None}, "exceptions[0].match"),
        ({"match": {}}, "selects nothing"),
        ({"match": {"resource_ids": None}}, "selects nothing"),
        ({"match": {"resource_ids": []}}, "is empty"),
        ({"match": {"resource_ids": ["vol-1"]}}, "exceptions[0].match.resource_ids[0]"),
        ({"match": {"resource_ids": [COMPARTMENT]}}, "exceptions[0].match.resource_ids[0]"),
        ({"match": {"resource_ids": VOLUME}}, "expected a list"),
        ({"match": {"resource_ids": [VOLUME] * 1001}}, "at most 1,000"),
        ({"match": {"compartment_ids": [VOLUME]}}, "exceptions[0].match.compartment_ids[0]"),
        ({"match": {"resource_types": ["disk"]}}, "expected one of volume"),
        ({"match": {"freeform_tags": {}}}, "is empty"),
        ({"match": {"freeform_tags": {"a": None}}}, "exceptions[0].match.freeform_tags.a"),
        ({"match": {"defined_tags": {"a": "b"}}}, "exceptions[0].match.defined_tags.a"),
        ({"match": {"defined_tags": {"a": {}}}}, "is empty"),
        ({"match": {"id": VOLUME}}, "'id', which is unknown"),
    ],
)
def test_refused_as_an_exception(tmp_path: Path, fields: dict[str, Any], said: str) -> None:
    assert said in refused(tmp_path, given(**fields))


def test_too_many_are_refused(tmp_path: Path) -> None:
    content = json.dumps({"version": 1, "exceptions": [GIVEN] * 2001})
    assert "at most 2,000 exceptions" in refused(tmp_path, content)


def test_a_message_about_yaml_quotes_nothing_of_the_file(tmp_path: Path) -> None:
    assert "s3cret" not in refused(tmp_path, "password: s3cret\n\tx: s3cret: [")


def test_only_json_where_there_is_no_pyyaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    assert "no PyYAML" in refused(tmp_path, TEXT)
    assert len(read_exceptions(write(tmp_path, given()))) == 1


def test_the_parser_in_python_finds_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    assert [one.as_dict() for one in read_exceptions(write(tmp_path, TEXT))] == [GIVEN]
    assert "nested deeper" in refused(tmp_path, "a: " + "[" * 500)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can't be read"):
        read_exceptions(tmp_path)


def test_escapes_are_shown(tmp_path: Path) -> None:
    [found] = read_exceptions(write(tmp_path, given(reason="a\u001b[31m\u202eb\nc")))
    assert found.reason == "a\\u001b[31m\\u202eb c"


def test_the_limits_are_those_of_the_schema() -> None:
    path = Path(__file__).parents[5] / "roles" / "encryption_report" / "files" / "exceptions.schema.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    assert schema["properties"]["exceptions"]["maxItems"] == exceptions_file.MOST_EXCEPTIONS
