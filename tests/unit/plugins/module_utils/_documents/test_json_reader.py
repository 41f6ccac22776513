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
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents import json_reader
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.changes_file import parse_changes
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.discovery_file import parse_discovery
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.json_reader import (
    JsonNode,
    parse_json,
    read_json,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.keys_file import parse_keys
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.plan_file import parse_plan
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.report_file import (
    parse_report,
    plan_section,
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
        monkeypatch.setattr(json_reader, "MOST_BYTES", 1024 * 1024)
        file = tmp_path / "before.json"
        file.write_bytes(b" " * (1024 * 1024) + b"1")
        with pytest.raises(InputError, match="larger than 1 MiB"):
            read_json(file)

    def test_what_is_no_file_is_told_at_once(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        for path in (tmp_path, tmp_path / "pipe", Path("/dev/zero")):
            with pytest.raises(InputError, match=r"is not a regular file|can't be read: Is a directory"):
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
            ([], "is a list; expected an object"),
            ("x", 'is "x"; expected an object'),
            ({}, "is not a result file of key_assignment_info: it has no list 'resources'"),
            ({"resources": {}, "scanned": {}}, "is not a result file of key_assignment_info: it has no list"),
            ({"resources": []}, r"required field 'scanned' \(object\) is missing"),
            (files.discovery(7), r"field 'resources\[0\]' is 7; expected an object"),  # type: ignore[arg-type]
            (
                files.discovery(RESOURCE, without(RESOURCE, "id")),
                r"required field 'resources\[1\].id' \(string\) is missing",
            ),
            (files.discovery(without(RESOURCE, "compartment_id")), r"compartment_id' \(string\) is missing"),
            (files.discovery(without(RESOURCE, "lifecycle_state")), r"lifecycle_state' \(string\) is missing"),
            (files.discovery({**RESOURCE, "id": ["a"]}), "id' is a list; expected a string"),
            (files.discovery({**RESOURCE, "type": "Vol<b>"}), "type' is .*; expected the name of a resource type"),
            (files.discovery({**RESOURCE, "encryption": "none"}), 'encryption\' is "none"; expected one of customer, '),
            (files.discovery({**RESOURCE, "encryption": "oracle"}), "kms_key_id' is .*, but 'encryption' is oracle"),
            (files.discovery({**RESOURCE, "kms_key_id": None}), "kms_key_id' is null, but 'encryption' is customer"),
            (files.discovery({**RESOURCE, "replicas": "no"}), 'replicas\' is "no"; expected a list'),
            (
                files.discovery({**RESOURCE, "freeform_tags": {"a": {"b": 1}}}),
                "freeform_tags.a' is an object; expected the value of a tag",
            ),
            (files.discovery({**RESOURCE, "defined_tags": {"a": "b"}}), 'defined_tags.a\' is "b"; expected an object'),
            (
                files.discovery(without(files.resource(1, "policy_assignment"), "policy_id")),
                r"policy_id' \(string\) is missing",
            ),
            (
                files.discovery(unreadable=[files.unreadable(status="404")]),
                'status\' is "404"; expected a whole number',
            ),
            (files.discovery(complete="yes"), 'complete\' is "yes"; expected true or false'),
            (files.discovery(scanned={"regions": [1]}), r"scanned.regions\[0\]' is 1; expected a string"),
        ],
    )
    def test_what_is_of_another_form_is_told_with_its_place(self, content: Any, words: str) -> None:
        with pytest.raises(InputError, match=f"'before.json'.*{words}"):
            parse_discovery(node(content))

    def test_the_fault_is_told_without_what_a_terminal_would_obey(self) -> None:
        with pytest.raises(InputError) as error:
            parse_discovery(node(files.discovery({**RESOURCE, "encryption": "\x1b[2J" + "x" * 1000})))
        assert "\x1b" not in str(error.value)
        assert len(str(error.value)) < 300

    def test_what_is_not_known_does_not_get_in(self) -> None:
        record = parse_discovery(node(files.discovery({**RESOURCE, "secret": "x"}, more="y")))
        assert record.resources == [RESOURCE]

    def test_what_was_not_told_of_the_search_is_not_made_up(self) -> None:
        content = files.discovery()
        for name in ("all_regions", "whole_tenancy", "filters"):
            del content["scanned"][name]
        record = parse_discovery(node(content)).scanned
        assert (record["all_regions"], record["whole_tenancy"], record["filters"]) == (None, None, None)


class TestOthers:
    def test_plan(self) -> None:
        content = files.plan(files.planned(), blocked=[files.planned(2, reason="no")], unchanged=3)
        plan = parse_plan(node(content))
        assert [len(rows) for rows in (plan.entries, plan.blocked, plan.skipped)] == [1, 1, 0]
        assert plan.unchanged == 3
        section = plan_section(plan)
        unset = dict.fromkeys(("asset_id", "policy_id", "wanted_policy_id", "reason"))
        assert section["entries"] == [{**content["entries"][0], **unset}]
        assert section["blocked"][0]["reason"] == "no"

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"format": "x"}, 'is not of format oci_keys.block_volume/plan: its format is "x"'),
            ({"format": {}}, "is not of format oci_keys.block_volume/plan: its format is an object"),
            ({"version": 2}, "is of version 2 .*this version of the collection reads version 1"),
            ({"version": None}, "is of version null"),
            ({"entries": [{"id": 1}]}, r"'entries\[0\].type' \(one of .*\) is missing"),
            ({"entries": [files.planned(id=1)]}, r"entries\[0\].id' is 1; expected a string"),
            ({"entries": [files.planned(id=files.KEY_A)]}, r"entries\[0\].id': .* is a key, but a block volume is"),
            ({"entries": [files.planned(2)]}, "but the digest of its entries is another one: they were modified"),
            ({"blocked": [files.planned(2)]}, r"blocked\[0\].reason' \(string\) is missing"),
            (
                {"batches": [{"number": 1, "slices": [{"start": 0, "stop": 2}]}]},
                r"batches\[0\].slices\[0\]' is out of range: the plan has 1 entry",
            ),
        ],
    )
    def test_another_plan(self, change: dict[str, Any], words: str) -> None:
        with pytest.raises(InputError, match=words):
            parse_plan(node({**files.plan(files.planned()), **change}))

    def test_a_file_of_another_sort(self) -> None:
        for read, document, name in (
            (parse_keys, "kms_key_info", "keys"),
            (parse_changes, "a module that changes keys", "resources"),
        ):
            with pytest.raises(InputError, match=f"is not a result file of {document}: it has no list '{name}'"):
                read(node({}))
        with pytest.raises(InputError, match=r"is not of format .*/report: its format is null"):
            parse_report(node(files.discovery()))

    def test_keys(self) -> None:
        (record,) = parse_keys(node(files.keys({**files.key(versions=None), "secret": "x"})))
        assert record == files.key(versions=None)

    def test_the_change_of_an_assignment_tells_its_asset(self) -> None:
        entry = files.change(
            assignment_id=files.ocid("volumebackuppolicyassign", 5),
            policy_id="p",
            previous_policy_id="p",
            destination_region=files.PHX,
            previous_destination_region=files.PHX,
        )
        (record,) = parse_changes(node(files.changes(entry)))
        assert (record["type"], record["asset_type"]) == ("policy_assignment", "volume")
        assert (record["id"], record["asset_id"]) == (entry["assignment_id"], entry["id"])
        (again,) = parse_changes(node(files.changes(record)))
        assert again == record

    def test_an_assignment_that_is_not_there_is_known_by_its_asset(self) -> None:
        (record,) = parse_changes(node(files.changes(files.change(assignment_id=None))))
        assert record["id"] == record["asset_id"]
