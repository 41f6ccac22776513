# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each way in which something can be unknown, and everything that says how things are: none of it is green."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from jsonschema import Draft202012Validator
from unit.support import report_files as files

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
    undiscovered,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.checks import Demands
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.history import summarize
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.html import render
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.ocsf import ocsf_events
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.prometheus import PREFIX, metrics_text
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.report_text import (
    report_lines,
    report_message,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.since import compare

ROLE = Path(__file__).resolve().parents[5] / "roles" / "encryption_report"
TEMPLATE = (ROLE / "templates" / "report.html.j2").read_text(encoding="utf-8")
SCHEMA = Draft202012Validator(json.loads((ROLE / "files" / "report.schema.json").read_text(encoding="utf-8")))

NOW = "2026-11-24T02:00:00.000Z"
DEMANDS = Demands(required_protection="HSM")
KINDS = ("volume", "boot_volume", "volume_backup", "boot_volume_backup", "policy_assignment", "replica")
FLEET = [
    files.resource(number, kind, files.KEY_A, **({"destination_region": files.IAD} if kind == KINDS[4] else {}))
    for number, kind in enumerate(KINDS)
]
OF_RESOURCES = {"5.2.1", "5.2.2", "backups", "policy_copies", "replicas"}
OF_KEYS = {"4.16", "usable_keys", "protection", "single_version_keys"}
ALL = OF_RESOURCES | OF_KEYS | {"new_volumes"}
BORN = [files.configuration(1, files.KEY_A), files.node_pool(1, files.KEY_A)]

NOT_READ = {"usable": False, "lifecycle_state": None, "versions": None, "time_current_version_created": None}
OLD = "2020-01-01T00:00:00Z"
INSTANCE = "ocid1.instance.oc1.iad.exampleuniqueid"


class Way(NamedTuple):
    """A way to be unknown: what is different from a tenancy in which all is well, and the checks that it concerns."""

    checks: set[str]
    alarm: str = "incomplete"
    key: dict[str, Any] | None = {}  # noqa: RUF012 - None: no key was looked up
    discovery: dict[str, Any] = {}  # noqa: RUF012
    scanned: dict[str, Any] = {}  # noqa: RUF012
    resources: list[dict[str, Any]] = FLEET
    born: dict[str, Any] = files.new_volumes(*BORN)
    now: str = NOW
    seen: bool = True


def unlisted(kind: str) -> dict[str, Any]:
    return files.new_volumes(*BORN, unreadable=[files.unreadable(resource_type=kind)])


UNREADABLE = {"unreadable": [files.unreadable()]}
WAYS = {
    "key not readable": Way(
        ALL,
        "unusable_keys",
        key={**NOT_READ, "problems": ["was not found, or the caller may not read it"], "protection_mode": None},
    ),
    "vault unreachable": Way(
        ALL,
        "unusable_keys",
        key={**NOT_READ, "problems": ["could not be looked up: no answer"], "protection_mode": None},
    ),
    "key not looked up": Way(ALL, "unusable_keys", key=None),
    "key in a region that is not subscribed": Way(
        ALL,
        "unusable_keys",
        key=None,
        resources=[{**row, "destination_region": "us-nowhere-1"} if "policy_id" in row else row for row in FLEET],
    ),
    "versions not listed": Way({"single_version_keys"}, key={"versions": None}),
    "no version": Way({"single_version_keys"}, key={"versions": 0}),
    "version of unknown age": Way({"4.16"}, "key_age", key={"time_current_version_created": None, "time_created": OLD}),
    "version and key of unknown age": Way(
        {"4.16"}, "key_age", key={"time_current_version_created": None, "time_created": None}
    ),
    "age that is no time": Way(
        {"4.16"}, "key_age", key={"time_current_version_created": "soon", "time_created": "yesterday"}
    ),
    "protection not said": Way({"protection"}, "protection", key={"protection_mode": None}),
    "state not said": Way(ALL, "unusable_keys", key={"lifecycle_state": None, "usable": True}),
    "list refused": Way(ALL, discovery=UNREADABLE),
    "row unreadable": Way(ALL, discovery={"unreadable": [files.unreadable(code="InvalidResponse", status=None)]}),
    "region not subscribed": Way(
        ALL, discovery={"unreadable": [files.unreadable(code="UnknownRegion", compartment_id=None, status=None)]}
    ),
    "compartment skipped": Way(ALL, discovery={"complete": False}),
    "filters unknown": Way(ALL, scanned={"filters": None}),
    "compartments unknown": Way(set(), scanned={"whole_tenancy": None}),
    "regions unknown": Way(set(), scanned={"all_regions": None}),
    "clock is slow by the search": Way({"4.16"}, "key_age", now="2026-11-23T00:00:00.000Z"),
    "clock is slow by a resource": Way(
        {"4.16"}, "key_age", resources=[{**row, "time_created": "2027-01-01T00:00:00.000Z"} for row in FLEET]
    ),
    "clock is slow by a key": Way({"4.16"}, "key_age", key={"time_created": "2027-01-01T00:00:00Z"}),
    "clock is slow by a version": Way(
        {"4.16"}, "key_age", key={"time_current_version_created": "2027-01-01T00:00:00Z"}
    ),
    "attachments not listed": Way(
        set(),
        scanned={"attachments": {"complete": False, "unreadable": [files.unreadable(resource_type="volume")]}},
        resources=[
            {**row, "attachments": {"state": "unknown", "instances": []}} if row["type"] == "volume" else row
            for row in FLEET
        ],
    ),
    "instances not listed": Way(
        set(),
        scanned={"attachments": {"complete": False, "unreadable": [files.unreadable(resource_type="instance")]}},
        resources=[
            {**row, "attachments": {"state": "attached", "instances": [{"id": INSTANCE, "display_name": None}]}}
            if row["type"] == "volume"
            else row
            for row in FLEET
        ],
    ),
    "configurations not listed": Way({"new_volumes"}, born=unlisted("instance_configuration")),
    "instance pools not listed": Way({"new_volumes"}, born=unlisted("instance_pool")),
    "node pools not listed": Way({"new_volumes"}, born=unlisted("node_pool")),
    "no word on whether all pools were listed": Way({"new_volumes"}, born=files.new_volumes(*BORN, complete=False)),
    "configuration of a pool not read": Way(
        {"new_volumes"}, born=files.new_volumes(*BORN, files.configuration(2, unknown="it could not be read"))
    ),
    "volumes of a pool known in part": Way(
        {"new_volumes"}, born=files.new_volumes(*BORN, files.configuration(2, files.KEY_A, unknown="it has no options"))
    ),
    "key of a node pool not known": Way(
        {"new_volumes"}, born=files.new_volumes(*BORN, files.node_pool(2, unknown="it could not be read", volumes=[]))
    ),
    "key of new volumes not looked up": Way(
        {"new_volumes"}, born=files.new_volumes(*BORN, files.configuration(2, files.KEY_A, files.KEY_B))
    ),
    "state after the changes not seen": Way(ALL, seen=False),
}


def report_of(way: Way) -> dict[str, Any]:
    fields = {"new_volumes": way.born, **way.discovery, "scanned": way.scanned}
    discovery = parse_discovery(JsonNode(files.discovery(*way.resources, **fields), "before.json"))
    rows = [] if way.key is None else [files.key(**way.key)]
    run = RunRecords(
        discovery=discovery if way.seen else undiscovered(discovery, "no answer"),
        keys=parse_keys(JsonNode(files.keys(*rows), "keys.json")),
    )
    return build([run], [], ReportContext("run", way.now, demands=DEMANDS))


def states(report: dict[str, Any]) -> dict[str, str]:
    rows = (*report["violations"]["checks"], *report["violations"]["beyond"])
    return {check["id"]: check["state"] for check in rows}


def good_cells(report: dict[str, Any]) -> list[str]:
    """What the page shows in the colour of what is good."""
    return re.findall(r'class="[^"]*\bgood\b[^"]*">([^<]*)', render(TEMPLATE, report, "digest"))


def test_where_all_is_known_and_well_it_is_green() -> None:
    report = report_of(Way(set()))
    SCHEMA.validate(report)
    assert report["headline"]["level"] == "green"
    assert report["headline"]["others"] == []
    assert report["complete"]
    assert {name for name, state in states(report).items() if state != "met"} == set()
    assert alarms(report, ["cis", "unusable_keys", "incomplete", "key_age", "protection"]) == []
    assert len(good_cells(report)) == len(ALL) + 2  # and the two tiles of volumes and boot volumes
    assert report_message(report).startswith("All 6 resources are on customer-managed keys that can be used")


@pytest.mark.parametrize("name", WAYS)
class TestNoCellIsGreen:
    def test_headline_complete_and_exit_code(self, name: str) -> None:
        report = report_of(WAYS[name])
        SCHEMA.validate(report)
        assert report["headline"]["level"] == "amber"
        assert report["headline"]["unknowns"]
        assert report["complete"] is False
        assert alarms(report, ["incomplete"])
        assert alarms(report, [WAYS[name].alarm])
        assert "GREEN" not in report_lines(report)[0]
        assert "The report is incomplete" in report_message(report) or not report["resources"]

    def test_checks(self, name: str) -> None:
        found = states(report_of(WAYS[name]))
        concerned = WAYS[name].checks
        assert {found[check] for check in concerned} <= {"unknown"}
        assert {check for check, state in found.items() if state == "met"} == ALL - concerned

    def test_colours_of_the_page(self, name: str) -> None:
        report = report_of(WAYS[name])
        page = render(TEMPLATE, report, "digest")
        assert '<div class="banner amber"' in page
        tiles = 2 - len(WAYS[name].checks & {"5.2.1", "5.2.2"})
        assert len(good_cells(report)) == len(ALL - WAYS[name].checks) + tiles

    def test_what_programs_read(self, name: str) -> None:
        """Prometheus, OCSF, the summary that index and trend are made of, owners, and what differs since a good one."""
        way = WAYS[name]
        report = report_of(way)
        metrics = metrics_text({**report, "since": None})
        assert f"{PREFIX}_report_complete 0\n" in metrics
        assert f"{PREFIX}_headline_level 1\n" in metrics
        for check in way.checks:
            assert f'{PREFIX}_check_met{{check="{check}"}} 1\n' not in metrics
        verdicts = [event["compliance"] for event in ocsf_events(report)]
        passed = {verdict["control"] for verdict in verdicts if verdict["status_id"] == 1}
        assert passed == ALL - way.checks
        short = summarize(report, "digest")
        assert (short["complete"], short["level"]) == (False, "amber")
        if way.checks >= ALL:
            assert short["findings"] is None
        if way.alarm == "unusable_keys":
            assert {row["unknown"] for row in report["owners"]["by_compartment"]} != {0}

    def test_since_a_report_in_which_all_was_well_it_is_worse_or_only_incomplete(self, name: str) -> None:
        before, now = (
            parse_report(JsonNode(json.loads(canonical(report_of(way))), "report.json"))
            for way in (Way(set()), WAYS[name])
        )
        since = compare(before, now)
        assert not since["newly_compliant"]
        if WAYS[name].alarm == "unusable_keys":
            assert since["worse"]
        assert since["worse"] or (WAYS[name].checks and WAYS[name].checks <= OF_KEYS)

    def test_a_merged_report_says_the_same(self, name: str) -> None:
        report = report_of(WAYS[name])
        read = parse_report(JsonNode(json.loads(canonical(report)), "report.json"))
        merged = build([read], [], ReportContext("run", WAYS[name].now, demands=DEMANDS))
        assert merged["headline"] == report["headline"]
        assert states(merged) == states(report)
        assert merged["complete"] is False


@pytest.mark.parametrize("filters", [{"encryption": "customer"}, {"kms_key_ids": [files.KEY_A]}])
def test_what_a_filter_by_key_left_out_is_not_met(filters: dict[str, Any]) -> None:
    asked = {"kms_key_ids": None, "encryption": "any", **filters}
    report = report_of(Way(set(), scanned={"filters": asked}))
    assert report["headline"]["level"] == "amber"
    assert "met" not in states(report).values()


@pytest.mark.parametrize(
    ("state", "condition", "level"),
    [
        ("DELETED", "deleted", "red"),
        ("DELETING", "deleted", "red"),
        ("PENDING_DELETION", "pending_deletion", "red"),
        ("SCHEDULING_DELETION", "pending_deletion", "red"),
        ("DISABLED", "disabled", "red"),
        ("DISABLING", "disabled", "red"),
        ("CREATING", "unusable", "red"),
        ("SOMETHING_NEW", "unusable", "red"),
    ],
)
@pytest.mark.parametrize("usable", [True, False])
def test_a_state_in_which_data_is_in_danger_is_red(state: str, condition: str, level: str, usable: bool) -> None:
    report = report_of(Way(set(), key={"lifecycle_state": state, "usable": usable}))
    headline = report["headline"]
    assert (headline["level"], headline["dangers"][0]["condition"]) == (level, condition)
    assert headline["coverage"]["endangered"] == 6
    assert states(report)["usable_keys"] == "not_met"
    assert alarms(report, ["unusable_keys"]) == ["Keys in use that can't be used: usable_keys not met by 1 key."]


def test_the_date_of_a_deletion_and_what_is_lost_then_is_said_first() -> None:
    key = {
        "lifecycle_state": "PENDING_DELETION",
        "usable": False,
        "time_of_deletion": "2026-12-01T08:00:00Z",
        "problems": ["is PENDING_DELETION, not ENABLED"],
    }
    headline = report_of(Way(set(), key=key))["headline"]
    assert headline["sentence"] == (
        "6 resources are on keys that are about to be deleted (main-key): their data is lost on 2026-12-01 08:00 UTC. "
        "Cancel the deletion."
    )
    (danger,) = headline["dangers"]
    assert danger["days_left"] == 7
    assert danger["consequence"] == (
        "The data of 1 block volume, 1 boot volume, 1 volume backup, 1 boot volume backup, the copies of 1 backup "
        "policy assignment and 1 replica is lost on 2026-12-01 08:00 UTC, unless the deletion is cancelled."
    )


def test_the_worst_comes_first() -> None:
    others = [files.resource(20 + number, "volume", files.key_ocid(10 + number)) for number in range(4)]
    rows = [
        files.key(),
        files.key(files.key_ocid(10), lifecycle_state="DISABLED", usable=False),
        files.key(files.key_ocid(11), lifecycle_state="PENDING_DELETION", usable=False),
        files.key(files.key_ocid(12), lifecycle_state="DELETED", usable=False),
    ]
    discovery = parse_discovery(JsonNode(files.discovery(*FLEET, *others, files.resource(30)), "before.json"))
    run = RunRecords(discovery=discovery, keys=parse_keys(JsonNode(files.keys(*rows), "keys.json")))
    headline = build([run], [], ReportContext("run", NOW))["headline"]
    conditions = ["deleted", "pending_deletion", "disabled", "not_readable"]
    assert [row["condition"] for row in headline["dangers"]] == conditions
    said = [headline["sentence"], *headline["others"]]
    for text, words in zip(
        said, ("deleted keys", "about to be deleted", "disabled", "could not be read"), strict=False
    ):
        assert words in text
    assert said[4] == "1 of 11 resources is on the Oracle-managed key."
    coverage = {name: headline["coverage"][name] for name in ("total", "customer", "oracle", "unknown")}
    assert coverage == {"total": 11, "customer": 9, "oracle": 1, "unknown": 1}


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"freeform_tags": {"team": "db"}}, "only resources with the tag team=db"),
        ({"defined_tags": {"ops": {"stage": "prod"}}}, "only resources with the tag ops.stage=prod"),
        ({"kms_key_ids": [files.KEY_A]}, "only resources on 1 key"),
        ({"encryption": "customer"}, "only resources on customer-managed keys"),
        ({"only_named": True}, "only resources that were named"),
    ],
)
def test_a_limited_search_is_of_a_part_of_the_tenancy_and_not_green(limits: dict[str, Any], words: str) -> None:
    filters = {**files.scanned()["filters"], **limits}
    discovery = parse_discovery(JsonNode(files.discovery(*FLEET, scanned={"filters": filters}), "before.json"))
    run = RunRecords(discovery=discovery, keys=parse_keys(JsonNode(files.keys(files.key()), "keys.json")))
    report = build([run], [], ReportContext("run", NOW, demands=DEMANDS))
    SCHEMA.validate(report)
    headline = report["headline"]
    assert headline["level"] == "amber"
    assert headline["sentence"] == f"The search was limited ({words}), so nothing is said of the rest."
    assert (headline["scope"]["whole_tenancy"], headline["scope"]["is_limited"]) == (False, True)
    assert headline["scope"]["text"].startswith("Part of the tenancy: all compartments; ")
    assert words in headline["scope"]["text"]
    assert {states(report)[name] for name in OF_RESOURCES} == {"unknown"}
