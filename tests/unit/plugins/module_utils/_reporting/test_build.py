# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from typing import Any

import pytest
from unit.support import report_files as files

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.changes_file import parse_changes
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.discovery_file import parse_discovery
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.json_reader import JsonNode
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.keys_file import parse_keys
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.plan_file import parse_plan
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.report_file import (
    RunRecords,
    parse_report,
    plan_section,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.benchmark import BENCHMARK_VERSION
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.build import (
    ReportContext,
    build,
    canonical,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.html import chart_data, percent, render

NOW = ReportContext("run", "2026-11-24T02:00:00.000Z")


def part(*resources: dict[str, Any], **fields: Any) -> RunRecords:
    records = {
        "plan": plan_section(parse_plan(JsonNode(fields.pop("plan"), "plan.json"))) if "plan" in fields else None,
        "changes": parse_changes(JsonNode(files.changes(*fields.pop("changes", ())), "batch-0001.json")),
        "keys": parse_keys(JsonNode(files.keys(*fields.pop("keys", ())), "keys.json")),
    }
    discovery = parse_discovery(JsonNode(files.discovery(*resources, **fields), "before.json"))
    return RunRecords(discovery=discovery, **records)


def report(*resources: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return build([part(*resources, **fields)], [], NOW)


def again(made: dict[str, Any]) -> RunRecords:
    return parse_report(JsonNode(json.loads(canonical(made)), "report.json"))


SOME = (
    files.resource(1, key=files.KEY_A),
    files.resource(2, key=files.KEY_A),
    files.resource(3),
    files.resource(4, "boot_volume"),
    files.resource(5, "volume_backup", files.KEY_B, region=files.PHX),
    files.resource(6, "policy_assignment"),
)


class TestCounts:
    def test_by_region_and_type(self) -> None:
        summary = report(*SOME)["summary"]
        assert (summary["total"], summary["customer"], summary["oracle"]) == (6, 3, 3)
        expected = {"region": files.IAD, "type": "volume", "total": 3, "customer": 2, "unknown": 2}
        assert summary["by_region_and_type"][0] == expected
        assert [row["type"] for row in summary["by_region_and_type"]] == [
            "volume",
            "boot_volume",
            "policy_assignment",
            "volume_backup",
        ]
        assert summary["by_key"] == [
            {"kms_key_id": files.KEY_A, "total": 2, "by_type": {"volume": 2}},
            {"kms_key_id": files.KEY_B, "total": 1, "by_type": {"volume_backup": 1}},
        ]

    def test_the_picture_has_the_same_figures(self) -> None:
        drawn = chart_data(report(*SOME))
        assert drawn["types"] == ["volume", "boot_volume", "volume_backup", "policy_assignment"]
        iad, phx, both = drawn["rows"]
        assert (iad["name"], phx["name"], both["name"]) == (files.IAD, files.PHX, "All regions")
        assert iad["cells"][0] == {"total": 3, "customer": 2, "unknown": 2}
        assert phx["cells"][0] == {"total": 0, "customer": 0, "unknown": 0}
        assert both["cells"][-1] == {"total": 6, "customer": 3, "unknown": 3}

    @pytest.mark.parametrize("name", ["chart_data", "figure"])
    def test_a_template_gets_the_figures_by_their_name_and_by_the_one_of_0_1_0(self, name: str) -> None:
        page = render(
            "{{ " + name + ".rows[0].cells[0].customer }} of {{ " + name + ".types | join(' ') }}", report(*SOME), ""
        )
        assert page == "2 of volume boot_volume volume_backup policy_assignment\n"

    @pytest.mark.parametrize(
        ("part", "total", "words"),
        [(0, 0, "none"), (0, 9, "0 %"), (1, 1000, "1 %"), (999, 1000, "99 %"), (7, 7, "100 %"), (1, 3, "33 %")],
    )
    def test_a_share_is_whole_only_if_it_is(self, part: int, total: int, words: str) -> None:
        assert percent(part, total) == words

    def test_outcomes_add_up(self) -> None:
        entries = (files.change(1), files.failure(2), files.change(3, changed=False), files.change(4, settled=False))
        assert report(changes=entries)["outcomes"] == {
            "total": 4,
            "changed": 2,
            "unchanged": 1,
            "failed": 1,
            "unsettled": 1,
        }


class TestFindings:
    def checks(self, *resources: dict[str, Any], **fields: Any) -> dict[str, Any]:
        violations = report(*resources, **fields)["violations"]
        assert violations["benchmark_version"] == BENCHMARK_VERSION
        return {check["id"]: check for check in (*violations["checks"], *violations["beyond"])}

    def test_each_check_counts_its_own(self) -> None:
        checks = self.checks(*SOME, keys=(files.key(), files.key(files.KEY_B, files.PHX)))
        assert checks["5.2.1"]["findings"] == [SOME[2]["id"]]
        assert (checks["5.2.1"]["total"], checks["5.2.1"]["compliant"]) == (3, 2)
        assert checks["5.2.2"]["findings"] == [SOME[3]["id"]]
        assert checks["backups"]["findings"] == []
        assert checks["policy_copies"]["findings"] == [SOME[5]["id"]]

    def test_where_nobody_looked_nothing_is_met(self) -> None:
        checks = self.checks(
            files.resource(1, key=files.KEY_A), keys=(files.key(),), scanned={"resource_types": ["volume"]}
        )
        of_resources = [check for check in checks.values() if check["of"] == "resources"]
        assert [check["id"] for check in of_resources if check["assessed"]] == ["5.2.1"]
        assert [check["id"] for check in of_resources if check["state"] == "met"] == ["5.2.1"]
        assert {check["state"] for check in of_resources[1:]} == {"unknown"}

    def test_keys_in_use_that_have_versions_or_problems(self) -> None:
        checks = self.checks(
            *SOME,
            keys=(
                files.key(files.KEY_A, versions=3),
                files.key(files.KEY_B, region=files.PHX, usable=False),
                files.key(files.key_ocid(9), versions=9, usable=False),
            ),
        )
        assert checks["single_version_keys"]["findings"] == [files.KEY_A]
        assert checks["usable_keys"]["findings"] == [files.KEY_B]
        assert checks["usable_keys"]["total"] == 2

    def test_keys_of_unknown_versions_are_no_finding_and_not_met(self) -> None:
        check = self.checks(SOME[0], keys=(files.key(versions=None),))["single_version_keys"]
        assert (check["findings"], check["unknown"], check["state"]) == ([], [files.KEY_A], "unknown")


class TestKeys:
    def test_age_and_use(self) -> None:
        copies = files.resource(7, "policy_assignment", files.KEY_B)
        keys = report(*SOME, copies, keys=(files.key(), files.key(files.KEY_B, files.PHX)))["keys"]
        assert [(key["id"], key["age_days"], key["used_by"]) for key in keys] == [
            (files.KEY_A, 30, 2),
            (files.KEY_B, 30, 2),  # a backup in Phoenix, and what a policy copies there
        ]

    @pytest.mark.parametrize("created", [None, "yesterday", "2026-10-25T00:00:00"])
    def test_an_unknown_age(self, created: str | None) -> None:
        assert report(keys=(files.key(time_created=created),))["keys"][0]["age_days"] is None


class TestForm:
    def test_the_same_whatever_the_order(self) -> None:
        assert canonical(report(*SOME)) == canonical(report(*reversed(SOME)))

    def test_no_terminal_obeys_it(self) -> None:
        assert "\x1b" not in canonical(report(files.resource(display_name="\x1b[2J\x9b")))
        assert canonical(report(files.resource(display_name="\ud800"))).isascii()

    def test_what_json_can_not_hold_is_told(self) -> None:
        made = report()
        made["evidence"]["parameters"] = {"a": float("nan")}
        with pytest.raises(InputError, match="'evidence' contains a value that can't be serialized as JSON"):
            canonical(made)

    def test_a_report_is_read_back(self) -> None:
        made = report(
            *SOME,
            plan=files.plan(files.planned(), blocked=[files.planned(2, reason="FAULTY")], unchanged=4),
            changes=(files.change(assignment_id="a"), files.failure(2)),
            keys=(files.key(),),
            unreadable=[files.unreadable()],
        )
        merged = build([again(made)], [], NOW)
        assert merged["evidence"].pop("merged_from")[0]["mode"] == "run"
        made["evidence"].pop("merged_from")
        assert canonical(merged) == canonical(made)


class TestMerging:
    def merge(self, *parts: RunRecords, keys: tuple[str, ...] = ()) -> dict[str, Any]:
        return build([again(build([one], keys, NOW)) for one in parts], [], NOW)

    def test_places_and_resources_are_united(self) -> None:
        first = part(SOME[0], SOME[1], scanned={"regions": [files.IAD]})
        second = part(SOME[4], SOME[1], scanned={"regions": [files.PHX]}, unreadable=[files.unreadable()])
        merged = self.merge(first, second)
        assert [row["id"] for row in merged["resources"]] == [SOME[0]["id"], SOME[1]["id"], SOME[4]["id"]]
        assert merged["evidence"]["scanned"]["regions"] == [files.IAD, files.PHX]
        assert not merged["complete"]
        assert len(merged["evidence"]["merged_from"]) == 2

    def test_plans_and_changes_are_added_up(self) -> None:
        parts = [part(plan=files.plan(files.planned(n), unchanged=n), changes=(files.change(n),)) for n in (1, 2)]
        merged = self.merge(*parts)
        assert merged["plan"]["counts"]["entries"] == 2
        assert merged["plan"]["counts"]["unchanged"] == 3
        assert merged["outcomes"]["changed"] == 2

    @pytest.mark.parametrize(
        ("state", "usable", "level"),
        [
            ("DELETED", False, "red"),
            ("PENDING_DELETION", False, "red"),
            ("DISABLED", False, "red"),
            (None, False, "amber"),
        ],
    )
    @pytest.mark.parametrize("other_state", ["ENABLED", None])
    @pytest.mark.parametrize("is_later", [True, False])
    def test_the_worse_row_of_a_key_wins(
        self, state: str | None, usable: bool, level: str, other_state: str | None, is_later: bool
    ) -> None:
        bad = {"lifecycle_state": state, "usable": usable, "problems": ["is not usable"]}
        other = {"lifecycle_state": other_state, "usable": other_state is not None}
        times = [{"time_finished": f"2026-11-24T01:0{minute}:00Z"} for minute in (1, 5)]
        volume = files.resource(1, key=files.KEY_A)
        parts = [
            part(volume, keys=(files.key(**fields),), scanned=time)
            for fields, time in zip((bad, other), times if is_later else reversed(times), strict=True)
        ]
        for order in (parts, parts[::-1]):
            merged = self.merge(*order)
            assert merged["headline"]["level"] == level
            assert [key["lifecycle_state"] for key in merged["keys"]] == [state]

    def test_of_two_deletions_the_earlier_wins(self) -> None:
        dates = ("2026-12-09T00:00:00Z", "2026-12-01T00:00:00Z", None)
        volume = files.resource(1, key=files.KEY_A)
        parts = [
            part(
                volume,
                keys=(files.key(lifecycle_state="PENDING_DELETION", usable=False, time_of_deletion=date),),
            )
            for date in dates
        ]
        for order in (parts, parts[::-1]):
            assert self.merge(*order)["headline"]["dangers"][0]["time_of_deletion"] == dates[1]

    def test_of_equal_rows_of_a_key_the_later_look_wins(self) -> None:
        parts = [
            part(keys=(files.key(versions=versions),), scanned={"time_finished": f"2026-11-24T01:0{versions}:00Z"})
            for versions in (1, 3, 2)
        ]
        assert self.merge(*parts)["keys"][0]["versions"] == 3

    @pytest.mark.parametrize(
        ("key_of_first", "times", "expected"),
        [
            (None, ("01:00:09.000Z", "01:00:05.000Z"), None),
            (None, ("01:00:05.000Z", "01:00:09.000Z"), files.KEY_A),
            (files.KEY_A, ("01:00:09Z", "01:00:09.500Z"), None),
            (None, (None, "01:00:05.000Z"), files.KEY_A),
            (None, (None, None), None),
        ],
    )
    def test_a_resource_is_as_the_last_look_saw_it(
        self, key_of_first: str | None, times: tuple[str | None, ...], expected: str | None
    ) -> None:
        keys = (key_of_first, None if key_of_first else files.KEY_A)
        parts = [
            part(files.resource(1, key=key), scanned={"time_finished": time and f"2026-11-24T{time}"})
            for key, time in zip(keys, times, strict=True)
        ]
        for order in (parts, parts[::-1]):
            assert [row["kms_key_id"] for row in self.merge(*order)["resources"]] == [expected]

    @pytest.mark.parametrize("name", ["whole_tenancy", "all_regions"])
    @pytest.mark.parametrize(
        ("flags", "expected"),
        [((True, None), None), ((None, None), None), ((False, None), False), ((True, True), True)],
    )
    def test_an_unknown_part_stays_unknown(
        self, name: str, flags: tuple[bool | None, ...], expected: bool | None
    ) -> None:
        parts = [part(files.resource(1, key=files.KEY_A), keys=(files.key(),), scanned={name: flag}) for flag in flags]
        merged = self.merge(*parts)
        assert merged["evidence"]["scanned"][name] is expected
        assert merged["headline"]["scope"]["whole_tenancy"] is expected
        assert merged["complete"] is (expected is not None)

    def test_parts_that_are_a_whole_each_make_one(self) -> None:
        merged = self.merge(part(), part(), keys=(files.KEY_A,))
        assert merged["retirement"]["keys"][0]["verdict"] == "no_use_found_in_block_volume"

    @pytest.mark.parametrize(
        "scanned",
        [{"whole_tenancy": False}, {"all_regions": False}, {"resource_types": ["volume"]}, {"filters": None}],
    )
    def test_what_one_part_lacks_the_whole_lacks(self, scanned: dict[str, Any]) -> None:
        merged = self.merge(part(), part(scanned=scanned), keys=(files.KEY_A,))
        assert merged["retirement"]["keys"][0]["verdict"] == "incomplete"

    def test_two_tenancies_do_not_go_together(self) -> None:
        other = part(scanned={"tenancy": "ocid1.tenancy.oc1..other"})
        with pytest.raises(InputError, match="of several tenancies"):
            self.merge(part(), other)
