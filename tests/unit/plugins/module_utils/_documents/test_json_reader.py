# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from unit.support import report_files as files

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents import json_reader as _report_input
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.json_reader import (
    JsonNode,
    parse_json,
    read_json,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.records import (
    change_records,
    discovery_record,
    key_records,
    plan_record,
    report_record,
)


class TestReading:
    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", "is not JSON"),
            (b"{'a': 1}", "is not JSON"),
            (b"\xff\xfe{}", "is not JSON"),
            (b'{"a": NaN}', "NaN is not a value of JSON"),
            (b'{"a": ' + b"9" * 5000 + b"}", "is not JSON"),
            (b"[" * 200_000, "nested too deeply"),
            (b'{"a":' * 200_000, "nested too deeply"),
        ],
    )
    def test_what_is_no_json_is_told(self, content: bytes, words: str) -> None:
        with pytest.raises(InputError, match=f"'before.json' .*{words}"):
            parse_json(content, "before.json")

    def test_a_file_that_is_too_large_is_not_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_report_input, "MOST_BYTES", 1024 * 1024)
        file = tmp_path / "before.json"
        file.write_bytes(b" " * (1024 * 1024) + b"1")
        with pytest.raises(InputError, match="more than 1 MiB"):
            read_json(file)

    def test_what_is_no_file_is_told_at_once(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        for path in (tmp_path, tmp_path / "pipe", Path("/dev/zero")):
            with pytest.raises(InputError, match=r"is not a file|can't be read: Is a directory"):
                read_json(path)

    def test_a_missing_file_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=r"missing.json' can't be read: No such file"):
            read_json(tmp_path / "missing.json")


def node(value: Any) -> JsonNode:
    return JsonNode(value, "before.json")


RESOURCE = files.resource(key=files.KEY_A)


def without(record: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key != name}


class TestDiscovery:
    @pytest.mark.parametrize(
        ("content", "words"),
        [
            ([], "it is list, but an object is expected"),
            ("x", 'it is "x", but an object'),
            ({}, "resources is missing, but a result file of key_assignment_info"),
            ({"resources": {}, "scanned": {}}, "resources is dict, but"),
            (files.discovery(7), "resources\\[0\\] is 7, but an object"),  # type: ignore[arg-type]
            (files.discovery(RESOURCE, without(RESOURCE, "id")), "resources\\[1\\].id is missing, but text"),
            (files.discovery({**RESOURCE, "id": ["a"]}), "id is list, but text"),
            (files.discovery({**RESOURCE, "type": "Vol<b>"}), "type is .*, but the type of a resource"),
            (files.discovery({**RESOURCE, "encryption": "none"}), 'encryption is "none", but one of customer, oracle'),
            (files.discovery({**RESOURCE, "encryption": "oracle"}), "kms_key_id is .*, but 'encryption' is oracle"),
            (files.discovery({**RESOURCE, "kms_key_id": None}), "kms_key_id is missing, but 'encryption' is customer"),
            (files.discovery({**RESOURCE, "replicas": "no"}), 'replicas is "no", but a list'),
            (files.discovery({**RESOURCE, "freeform_tags": {"a": {"b": 1}}}), "freeform_tags.a is dict, but a tag's"),
            (files.discovery({**RESOURCE, "defined_tags": {"a": "b"}}), 'defined_tags.a is "b", but an object'),
            (files.discovery(unreadable=[files.unreadable(status="404")]), 'status is "404", but a whole number'),
            (files.discovery(complete="yes"), 'complete is "yes", but true or false'),
            (files.discovery(scanned={"regions": [1]}), r"scanned.regions\[0\] is 1, but text"),
        ],
    )
    def test_what_is_of_another_form_is_told_with_its_place(self, content: Any, words: str) -> None:
        with pytest.raises(InputError, match=f"'before.json': .*{words}"):
            discovery_record(node(content))

    def test_the_fault_is_told_without_what_a_terminal_would_obey(self) -> None:
        with pytest.raises(InputError) as error:
            discovery_record(node(files.discovery({**RESOURCE, "encryption": "\x1b[2J" + "x" * 1000})))
        assert "\x1b" not in str(error.value)
        assert len(str(error.value)) < 300

    def test_what_is_not_known_does_not_get_in(self) -> None:
        record = discovery_record(node(files.discovery({**RESOURCE, "secret": "x"}, more="y")))
        assert record["resources"] == [RESOURCE]
        assert set(record) == {"resources", "unreadable", "complete", "scanned", "caller"}

    def test_what_was_not_told_of_the_search_is_not_made_up(self) -> None:
        content = files.discovery()
        for name in ("all_regions", "whole_tenancy", "filters"):
            del content["scanned"][name]
        record = discovery_record(node(content))["scanned"]
        assert (record["all_regions"], record["whole_tenancy"], record["filters"]) == (None, None, None)


class TestOthers:
    def test_plan(self) -> None:
        record = plan_record(node(files.plan(files.planned(), blocked=[files.planned(2, reason="no")], unchanged=3)))
        assert [len(record[name]) for name in ("entries", "blocked", "left_alone", "unchanged_")[:3]] == [1, 1, 0]
        assert record["unchanged"] == 3

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"format": "x"}, 'is not of format oci_keys.block_volume/plan: it says "x"'),
            ({"format": {}}, "is not of format oci_keys.block_volume/plan: it says dict"),
            ({"version": 2}, "is of version 2 .*this collection knows version 1"),
            ({"version": None}, "is of version null"),
            ({"entries": [{"id": 1}]}, r"entries\[0\].id is 1, but text"),
        ],
    )
    def test_another_plan(self, change: dict[str, Any], words: str) -> None:
        with pytest.raises(InputError, match=words):
            plan_record(node({**files.plan(), **change}))

    def test_a_file_of_another_sort(self) -> None:
        for read, name in ((key_records, "keys"), (change_records, "resources")):
            with pytest.raises(InputError, match=f"{name} is missing, but a result file of"):
                read(node({}))
        with pytest.raises(InputError, match=r"is not of format .*/report: it says null"):
            report_record(node(files.discovery()))

    def test_keys(self) -> None:
        (record,) = key_records(node(files.keys(files.key(versions=None))))
        assert record["versions"] is None
        assert "policy_statements" not in record

    def test_the_change_of_an_assignment_tells_its_asset(self) -> None:
        entry = files.change(
            assignment_id=files.ocid("volumebackuppolicyassign", 5),
            policy_id="p",
            previous_policy_id="p",
            destination_region=files.PHX,
            previous_destination_region=files.PHX,
        )
        (record,) = change_records(node(files.changes(entry)))
        assert (record["type"], record["asset_type"]) == ("policy_assignment", "volume")
        assert (record["id"], record["asset_id"]) == (entry["assignment_id"], entry["id"])
        (again,) = change_records(node(files.changes(record)))
        assert again == record

    def test_an_assignment_that_is_not_there_is_known_by_its_asset(self) -> None:
        (record,) = change_records(node(files.changes(files.change(assignment_id=None))))
        assert record["id"] == record["asset_id"]
