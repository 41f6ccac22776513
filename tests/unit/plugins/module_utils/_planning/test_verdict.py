# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a plan may be carried out, and what the last lines of a run say."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest
from unit.support.fake_cloud import KEY_A, volume_id

from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.verdict import (
    FAIL_ON,
    objections,
    stop_reason,
    verdict,
)


def counts(**more: int) -> dict[str, Any]:
    names = ("planned", "unchanged", "blocked", "left_alone", "excluded", "not_approved")
    return {
        "msg": "3 resources would be changed",
        "summary": {**dict.fromkeys((*names, "not_selected", "changed_earlier", "failed_earlier"), 0), **more},
    }


def end(found: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    modes = {name: more.pop(name) for name in ("stopped", "check_mode", "latest", "retirement") if name in more}
    result = counts(**more)
    return dict(
        verdict(result, found or {"complete": True}, folder="/run", **{"stopped": False, "check_mode": False, **modes})
    )


def test_all_well() -> None:
    ended = end(unchanged=5, changed_earlier=3)
    assert ended["faults"] == []
    assert ended["line"] == "3 resources changed, 5 already right. The report: /run"


@pytest.mark.parametrize(
    ("changed", "put_back", "words"),
    [
        (3, 2, "3 resources changed, 2 put back that an interrupted run had taken away. "),
        (0, 1, "No key changed, 1 put back that an interrupted run had taken away. "),
        (0, 0, "Nothing changed. "),
    ],
)
def test_the_last_line_says_what_was_put_back(changed: int, put_back: int, words: str) -> None:
    result = counts(changed_earlier=changed)
    complete = {"complete": True}
    ended = verdict(result, complete, stopped=False, check_mode=False, folder="/run", put_back=put_back)
    assert ended["line"] == f"{words}The report: /run"


def test_what_is_zero_is_left_out_and_the_rest_is_not() -> None:
    line = end(
        changed_earlier=65,
        unchanged=70,
        unchanged_by_run=65,
        blocked=3,
        blocked_by_failure=1,
        left_alone=1,
        excluded=4,
        not_approved=2,
        failed_earlier=1,
        not_seen=2,
        latest="/latest",
    )["line"]
    assert line == (
        "65 resources changed, 1 failed, 5 already right, 2 blocked, 1 skipped, 4 excluded, 2 not approved, "
        "2 not seen. The report: /run (link: /latest)"
    )


@pytest.mark.parametrize("check_mode", [True, False])
def test_unknown_is_never_left_out(check_mode: bool) -> None:
    ended = end({"complete": False, "msg": "no phx"}, check_mode=check_mode)
    assert "an unknown number not seen" in ended["line"]
    assert ended["faults"] == ["This result is incomplete: no phx"]


def test_a_dry_run_says_what_would_be() -> None:
    ended = end(planned=13, blocked=2, left_alone=52, check_mode=True)
    assert ended["faults"] == []
    assert ended["line"] == (
        "Dry run, nothing was changed: 13 resources would be changed, 2 blocked, 52 skipped. Plan and report: /run"
    )


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ({"failed_earlier": 2}, "2 resources failed"),
        ({"planned": 4, "stopped": True}, "stopped early"),
        ({"planned": 4, "stopped": "Because."}, "Because."),
        ({"planned": 4}, "4 resources still need a change after all rounds"),
        ({"unsettled": 1}, "1 resource was being changed"),
    ],
)
def test_what_is_wrong(more: dict[str, Any], fault: str) -> None:
    (told,) = end(**more)["faults"]
    assert re.search(fault, told)


WRONG = {"blocked": {"blocked": 6}, "skipped": {"left_alone": 6}, "not_approved": {"not_approved": 6}}
FAILED = {
    "id": volume_id(1),
    "type": "volume",
    "display_name": "db-1",
    "region": "us-ashburn-1",
    "error": {"code": "ResourceLocked", "message": "It is locked.", "hint": "Remove the lock."},
}


class TestFailOn:
    @pytest.mark.parametrize(("asked", "given"), list(itertools.product(FAIL_ON, FAIL_ON)))
    def test_each_word_fails_on_its_own_condition_only(self, asked: str, given: str) -> None:
        plan = {**counts(**WRONG.get(given, {})), "complete": given != "incomplete"}
        told = objections(plan, {"fail_on": [asked]}, "rekey")
        assert bool(told) == (asked == given)
        assert all(f"rekey_fail_on has {asked}" in sentence and "Nothing was changed" in sentence for sentence in told)

    @pytest.mark.parametrize("options", [{}, {"fail_on": None}, {"fail_on": []}, {"fail_on_blocked": False}])
    def test_nothing_is_asked(self, options: dict[str, Any]) -> None:
        plan = {**counts(blocked=1, left_alone=1, not_approved=1), "complete": False}
        assert objections(plan, options, "rekey") == []

    def test_the_older_variable_means_blocked(self) -> None:
        (told,) = objections(counts(blocked=6), {"fail_on_blocked": True}, "rekey")
        assert "6 resources are blocked and rekey_fail_on_blocked is true" in told
        both = {"fail_on_blocked": True, "fail_on": ["blocked"]}
        assert len(objections(counts(blocked=1), both, "rekey")) == 1

    def test_too_many_changes(self) -> None:
        assert objections(counts(planned=5), {"max_changes": 5}, "rekey") == []
        assert len(objections(counts(planned=6), {"max_changes": 5}, "rekey")) == 1
        assert len(objections(counts(planned=1), {"max_changes": 0}, "rekey")) == 1
        assert objections(counts(blocked=6), {"max_changes": None}, "rekey") == []

    def test_a_later_round(self) -> None:
        later = counts(planned=2, changed_earlier=7, failed_earlier=1, blocked=1)
        assert objections(later, {"max_changes": 10, "fail_on": list(FAIL_ON)}, "rekey") == []
        (told,) = objections(later, {"max_changes": 9}, "rekey")
        assert "2 resources still to be changed after 8 in earlier rounds" in told
        assert objections(counts(changed_earlier=8), {"max_changes": 7}, "rekey") == []


class TestStopReason:
    def test_a_failed_canary_names_the_resource_the_reason_and_the_way_round(self) -> None:
        told = stop_reason({"is_canary": True, "resources": [FAILED], "failed_so_far": 1}, "rekey", 10)
        assert "db-1: It is locked. Remove the lock" in told
        assert f"rekey_exclude_ids: [{volume_id(1)}]" in told
        assert "max_failures" not in told

    def test_one_of_a_restore_can_not_be_excluded(self) -> None:
        told = stop_reason({"is_canary": True, "resources": [FAILED]}, "restore_keys", 10)
        assert "exclude_ids" not in told
        assert "restore_keys_canary to 0" in told

    def test_of_many_three_are_named(self) -> None:
        rows = [{**FAILED, "id": volume_id(number)} for number in range(9)]
        told = stop_reason({"is_canary": True, "resources": rows}, "rekey")
        assert "9 canary changes" in told
        assert "and 6 more" in told
        assert len(told) < 1500

    def test_too_many_failures_are_something_else(self) -> None:
        told = stop_reason({"is_canary": False, "resources": [FAILED], "failed_so_far": 11}, "rekey", 10)
        assert "11 changes failed, more than rekey_max_failures (10) allows" in told
        assert "exclude_ids" not in told

    @pytest.mark.parametrize("error", ["plain text", {"code": "X"}, {}])
    def test_errors_of_other_shapes(self, error: object) -> None:
        row = {**FAILED, "error": error or "x"}
        assert volume_id(1) in stop_reason({"is_canary": True, "resources": [row]}, "rekey")


def test_failures_are_named_with_their_reasons_and_the_rest_is_counted() -> None:
    rows = [{"id": volume_id(n), "display_name": f"db-{n}", "error": {"message": "Locked."}} for n in range(1, 8)]
    last = counts(failed_earlier=9)
    ended = verdict(last, {"complete": True}, stopped=False, check_mode=False, folder="/run", failures=rows)
    lines = ended["faults"][0].split("\n")
    assert lines[:2] == ["9 resources failed:", "  db-1: Locked"]
    assert lines[5:] == ["  db-5: Locked", "  and 4 more in /run"]


def test_of_a_hint_that_is_a_list_the_first_line_is_told() -> None:
    hint = "These IAM statements have to be in force:\n  Allow service blockstorage to use keys"
    rows = [{**FAILED, "error": {"message": "No.", "hint": hint}}]
    (fault,) = verdict(
        counts(failed_earlier=1), {"complete": True}, stopped=False, check_mode=False, folder="/run", failures=rows
    )["faults"]
    told = "These IAM statements have to be in force; the files of the run list them"
    assert fault == f"1 resource failed:\n  db-1: No. {told}"


@pytest.mark.parametrize(
    ("kind", "uses", "words"),
    [
        ("in_use", 2, "IN USE. 2 resources in Block Volume still use it. Don't disable or delete it"),
        ("in_use", 1, "IN USE. 1 resource in Block Volume still uses it"),
        ("no_use_found_in_block_volume", 0, "no use found in Block Volume. Other services were not searched"),
        ("incomplete", 0, "UNKNOWN. No use was found, but not everything was searched"),
        ("something new", 0, "UNKNOWN"),
    ],
)
def test_each_key_that_was_to_be_left_has_a_verdict(kind: str, uses: int, words: str) -> None:
    rows = [{"kms_key_id": KEY_A, "verdict": kind, "uses": uses, "display_name": "bank-key-2025"}]
    (line,) = end(retirement=rows)["keys"]
    assert line.startswith(f"Key bank-key-2025: {words}")


def test_of_many_keys_twenty_are_shown() -> None:
    rows = [{"kms_key_id": f"{KEY_A}{number}", "verdict": "in_use", "uses": 1} for number in range(30)]
    lines = end(retirement=rows)["keys"]
    assert (len(lines), lines[-1]) == (21, "... and 10 more keys; see the report")


class TestOfACall:
    """Of the result of a module that changes what it is given, without a plan before it."""

    def end(self, *, check_mode: bool = False, **counted: int) -> dict[str, Any]:
        result = {"summary": {"total": 9, "changed": 3, "unchanged": 5, "failed": 0, **counted}, "msg": "db-1: no."}
        return dict(verdict(result, {}, stopped=False, check_mode=check_mode, folder="/run"))

    def test_all_well(self) -> None:
        ended = self.end(left_alone=1)
        assert (ended["faults"], ended["line"]) == (
            [],
            "3 resources changed, 5 already right, 1 skipped. The report: /run",
        )

    def test_what_failed_is_named(self) -> None:
        ended = self.end(failed=1, not_tried=2)
        assert ended["faults"][0] == "db-1: no."
        assert ended["line"].startswith("3 resources changed, 1 failed, 2 not changed yet, 5 already right.")

    @pytest.mark.parametrize(("check_mode", "words"), [(False, "failed"), (True, "can't be changed")])
    def test_where_the_failures_are_known_each_has_its_reason_and_remedy(self, check_mode: bool, words: str) -> None:
        result = {"summary": {"total": 2, "changed": 0, "unchanged": 1, "failed": 1}, "msg": "With OCIDs."}
        ended = verdict(result, {}, stopped=False, check_mode=check_mode, folder="/run", failures=[FAILED])
        assert ended["faults"] == [f"1 resource {words}:\n  db-1: It is locked. Remove the lock"]

    def test_a_dry_run_fails_as_the_run_would(self) -> None:
        ended = self.end(check_mode=True, failed=1)
        assert ended["faults"] == ["db-1: no."]
        assert "3 resources would be changed, 5 already right, 1 blocked" in ended["line"]
        unnamed = {"summary": {"total": 1, "changed": 0, "unchanged": 0, "failed": 1}}
        (fault,) = verdict(unnamed, {}, stopped=False, check_mode=True, folder="/run")["faults"]
        assert fault.startswith("1 resource can't be changed")
