# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What new volumes are born with, in all that a report says."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from unit.plugins.module_utils._reporting.test_unknown import SCHEMA, TEMPLATE
from unit.support import report_files as files

from ansible_collections.oci_keys.block_volume.plugins.filter.role_options import role_options
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.discovery_file import parse_discovery
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.json_reader import JsonNode
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.keys_file import parse_keys
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.report_file import (
    RunRecords,
    parse_report,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.alarms import alarms
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.build import (
    ReportContext,
    build,
    canonical,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.html import render
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.new_volumes import new_volumes_csv
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.ocsf import ocsf_events
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.prometheus import PREFIX, metrics_text
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.redaction import Redaction
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.report_text import report_lines
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.since import compare

NOW = "2026-11-24T02:00:00.000Z"
KEYS = (files.key(display_name="bank-key-2024"), files.key(files.KEY_B, display_name="bank-key-2026"))


def records(*sources: dict[str, Any], keys: tuple[dict[str, Any], ...] = KEYS, **fields: Any) -> RunRecords:
    section = {"new_volumes": files.new_volumes(*sources), **fields}
    found = files.discovery(files.resource(1, key=files.KEY_B), **section)
    return RunRecords(
        discovery=parse_discovery(JsonNode(found, "before.json")),
        keys=parse_keys(JsonNode(files.keys(*keys), "keys.json")),
    )


def report_of(*sources: dict[str, Any], **how: Any) -> dict[str, Any]:
    report = build([records(*sources, **how)], [], ReportContext("run", NOW))
    SCHEMA.validate(report)
    return report


def check_of(report: dict[str, Any]) -> dict[str, Any]:
    (check,) = (row for row in report["violations"]["beyond"] if row["id"] == "new_volumes")
    return dict(check)


def lines(report: dict[str, Any]) -> list[str]:
    return [line for line in report_lines(report) if "will create volumes" in line or "No pool" in line]


def test_pools_are_counted_by_the_key_that_they_hand_on() -> None:
    report = report_of(
        files.configuration(1, files.KEY_A, pools=2),
        files.node_pool(1, files.KEY_A),
        files.configuration(2, files.KEY_B, files.KEY_B, pools=1),
        files.configuration(3, files.KEY_A, pools=0),
    )
    assert lines(report) == [
        "3 pools will create volumes on bank-key-2024 (2 instance pools, 1 node pool).",
        "1 instance pool will create volumes on bank-key-2026.",
    ]
    assert report["new_volumes"]["by_key"][0] == {
        "kms_key_id": files.KEY_A,
        "display_name": "bank-key-2024",
        "condition": "usable",
        "instance_pools": 2,
        "node_pools": 1,
        "unused_configurations": 1,
    }
    assert (check_of(report)["state"], check_of(report)["total"]) == ("met", 4)
    assert report["headline"]["level"] == "green"
    page = render(TEMPLATE, report, "digest")
    assert "3 pools will create volumes on bank-key-2024 (2 instance pools, 1 node pool)." in page
    assert "1 configuration that no pool uses names it, too." in page


@pytest.mark.parametrize(
    ("source", "findings"),
    [
        (files.configuration(1, None, pools=2), [files.ocid("instancepool", n) for n in (10, 11)]),
        (files.configuration(1, files.KEY_A, None), [files.ocid("instancepool", 10)]),
        (files.configuration(1, None, unknown="it has no options"), [files.ocid("instancepool", 10)]),
        (files.node_pool(1), [files.ocid("nodepool", 1)]),
    ],
)
def test_a_pool_without_a_key_is_not_met(source: dict[str, Any], findings: list[str]) -> None:
    report = report_of(source)
    check = check_of(report)
    assert (check["state"], check["findings"], check["of"]) == ("not_met", findings, "pools")
    pools = "1 pool" if len(findings) == 1 else "2 pools"
    sentence = f"{pools} will create volumes on the Oracle-managed key."
    assert report["headline"]["level"] == "amber"
    assert sentence in (report["headline"]["sentence"], *report["headline"]["others"])
    page = render(TEMPLATE, report, "digest")
    assert ("rekey_resource_types" if source["type"] == "node_pool" else "instance_configuration_kms_key.") in page
    events = [event for event in ocsf_events(report) if event["metadata"]["event_code"] == "new_volumes"]
    failed = [
        event["resources"][0] for event in events if event["compliance"]["status_id"] == 3 and "resources" in event
    ]
    assert [row["uid"] for row in failed] == findings
    assert {row["type"] for row in failed} == {"node pool" if source["type"] == "node_pool" else "instance pool"}
    metrics = metrics_text({**report, "since": None})
    assert f'{PREFIX}_new_volume_pools{{encryption="oracle"}} {len(findings)}\n' in metrics


@pytest.mark.parametrize("state", ["DISABLED", "PENDING_DELETION", "DELETED"])
def test_a_key_that_is_dying_is_no_key_for_new_volumes(state: str) -> None:
    """No resource is on it, so nothing else would say it."""
    key = files.key(display_name="bank-key-2024", lifecycle_state=state, usable=False)
    report = report_of(files.configuration(1, files.KEY_A), keys=(key, KEYS[1]))
    assert check_of(report)["state"] == "not_met"
    assert report["headline"]["sentence"] == (
        "1 pool will create volumes on keys that can't be used, or not for long (bank-key-2024)."
    )


def test_what_nobody_launches_from_is_no_failure_and_is_listed() -> None:
    report = report_of(files.configuration(1, None, pools=0), files.configuration(2, pools=1))
    assert (check_of(report)["state"], check_of(report)["total"]) == ("not_applicable", 0)
    assert [row["state"] for row in report["new_volumes"]["sources"]] == ["not_met", "no_volumes"]
    assert lines(report) == ["No pool creates volumes."]
    assert report["headline"]["level"] == "green"


def test_where_nobody_looked_nothing_is_said_and_the_check_is_unknown() -> None:
    report = report_of(new_volumes=None)
    assert report["new_volumes"] is None
    assert (check_of(report)["state"], check_of(report)["assessed"]) == ("unknown", False)
    assert "encryption_report_new_volumes" in check_of(report)["note"]
    assert lines(report) == []
    assert 'id="new-volumes"' not in render(TEMPLATE, report, "digest")
    assert f"{PREFIX}_new_volume_pools" not in metrics_text({**report, "since": None})


@pytest.mark.parametrize(
    ("sources", "sentence"),
    [
        ([files.configuration(1, None, pools=2)], "What new volumes are born with: new_volumes not met by 2 pools."),
        ([files.node_pool(1)], "What new volumes are born with: new_volumes not met by 1 pool."),
        (
            [files.configuration(1, files.KEY_B, unknown="it has no options")],
            "What new volumes are born with: new_volumes unknown of 1 pool.",
        ),
        ([files.configuration(1, files.KEY_B)], None),
        ([files.configuration(1, None, pools=0)], None),
    ],
)
def test_the_alarm_is_that_of_the_check(sources: list[dict[str, Any]], sentence: str | None) -> None:
    assert alarms(report_of(*sources), ["new_volumes"]) == ([] if sentence is None else [sentence])


def test_the_alarm_is_raised_where_nobody_looked() -> None:
    (sentence,) = alarms(report_of(new_volumes=None), ["new_volumes"])
    assert "unknown, because nobody looked. Set new_volumes." in sentence


def test_a_role_that_is_to_fail_on_it_has_to_look() -> None:
    given = {"encryption_report_fail_on": ["new_volumes"]}
    (problem,) = role_options(given, "encryption_report")["problems"]
    assert problem.startswith("encryption_report_fail_on has new_volumes, but encryption_report_new_volumes is not set")
    assert role_options({**given, "encryption_report_new_volumes": True}, "encryption_report")["problems"] == []


def test_each_volume_is_a_line_of_the_table() -> None:
    report = report_of(
        files.configuration(1, files.KEY_A, None, pools=2),
        files.configuration(2, unknown="it could not be read", display_name=None, compartment_id=None),
        files.node_pool(1, files.KEY_B),
    )
    rows = list(csv.DictReader(io.StringIO(new_volumes_csv(report))))
    assert [(row["type"], row["volume_type"], row["key"], row["key_state"], row["encryption"]) for row in rows] == [
        ("instance_configuration", "boot_volume", "bank-key-2024", "ENABLED", "customer"),
        ("instance_configuration", "volume", "", "", "oracle"),
        ("instance_configuration", "", "", "", ""),
        ("node_pool", "boot_volume", "bank-key-2026", "ENABLED", "customer"),
    ]
    assert [row["pools"] for row in rows] == ["pool-10, pool-11", "pool-10, pool-11", "pool-20", ""]
    assert (rows[2]["unknown"], rows[0]["compartment"], rows[0]["volume_name"]) == ("it could not be read", "prod", "")


def test_a_name_is_no_formula_and_no_markup() -> None:
    evil = "=cmd()<script>"
    source = files.configuration(1, files.KEY_A, None, display_name=evil)
    source["pools"][0]["display_name"] = source["volumes"][1]["display_name"] = evil
    report = report_of(source)
    rows = list(csv.DictReader(io.StringIO(new_volumes_csv(report))))
    assert {rows[1][name] for name in ("display_name", "pools", "volume_name")} == {f"'{evil}"}
    assert evil not in render(TEMPLATE, report, "digest")


class TestMerging:
    def merged(self, *runs: RunRecords) -> dict[str, Any]:
        report = build(list(runs), [], ReportContext("run", NOW))
        SCHEMA.validate(report)
        return report

    def test_shards_that_saw_a_configuration_and_its_pool_apart(self) -> None:
        """The one has its compartment, the other the pool, and was not allowed to read the configuration."""
        one = records(files.configuration(1, files.KEY_A, pools=0))
        other = records(files.configuration(1, pools=1, unknown="it could not be read", compartment_id=None))
        for runs in ((one, other), (other, one)):
            (source,) = self.merged(*runs)["new_volumes"]["sources"]
            assert (source["unknown"], source["compartment_id"]) == (None, files.compartment_ocid(1))
            assert [volume["kms_key_id"] for volume in source["volumes"]] == [files.KEY_A]
            assert [pool["id"] for pool in source["pools"]] == [files.ocid("instancepool", 10)]

    def test_one_that_did_not_look_leaves_it_unknown(self) -> None:
        report = self.merged(records(files.node_pool(1, files.KEY_A)), records(new_volumes=None))
        assert not report["new_volumes"]["complete"]
        assert (check_of(report)["state"], report["complete"]) == ("unknown", False)

    @pytest.mark.parametrize("redacted", [False, True])
    def test_a_report_that_is_read_back_says_the_same(self, redacted: bool) -> None:
        report = report_of(files.configuration(1, files.KEY_A, None, pools=2), files.node_pool(1, files.KEY_B))
        report = Redaction()(report) if redacted else report
        again = self.merged(parse_report(JsonNode(json.loads(canonical(report)), "report.json")))
        assert again["new_volumes"] == report["new_volumes"]


@pytest.mark.parametrize(
    ("before", "now", "worse"),
    [
        (files.node_pool(1, files.KEY_A), files.node_pool(1), True),
        (files.node_pool(2, files.KEY_A), files.node_pool(1), True),
        (files.node_pool(1), files.node_pool(1), False),
        (files.node_pool(1), files.node_pool(1, files.KEY_A), False),
    ],
)
def test_a_pool_that_lost_its_key_is_worse(before: dict[str, Any], now: dict[str, Any], worse: bool) -> None:
    was, is_now = (
        parse_report(JsonNode(json.loads(canonical(report_of(source))), "report.json")) for source in (before, now)
    )
    sentence = "1 pool newly creates volumes that are not on a customer-managed key that can be used."
    assert compare(was, is_now)["worse"] == ([sentence] if worse else [])


@pytest.mark.parametrize(
    "odd",
    [
        {"type": "instance_pool"},
        {"volumes": [{"type": "boot_volume", "display_name": None}]},
        {"volumes": [{"type": "disk", "display_name": None, "kms_key_id": None}]},
        {"pools": [{"display_name": "no OCID"}]},
    ],
)
def test_a_file_that_is_not_known_is_refused(odd: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="new_volumes"):
        records({**files.configuration(1, files.KEY_A), **odd})


def test_a_node_pool_without_volumes_is_refused() -> None:
    with pytest.raises(InputError, match="a node pool creates boot volumes"):
        records(files.node_pool(1, volumes=[]))


def test_keys_of_new_volumes_are_looked_up() -> None:
    found = records(files.configuration(1, files.KEY_A, None), files.node_pool(1, files.KEY_A, region=files.PHX))
    assert found.discovery.keys_in_use == [
        (files.KEY_A, files.IAD),
        (files.KEY_A, files.PHX),
        (files.KEY_B, files.IAD),
    ]
