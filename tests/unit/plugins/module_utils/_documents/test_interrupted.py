# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from unit.support.fake_cloud import KEY_A, KEY_B, TENANCY, volume_id

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.interrupted import (
    former_run_journals,
    interrupted_changes,
    recent_open_changes,
)

ASSETS = {
    "volume": volume_id(1),
    "boot_volume": volume_id(1, kind="bootvolume"),
    "volume_group": volume_id(1, kind="volumegroup"),
}
ONE = ASSETS["volume"]
POLICY, OTHER = (f"ocid1.volumebackuppolicy.oc1.iad.{name}" for name in ("policy", "other"))
TIME = "2026-11-24T01:00:00.000Z"


def intent(kind: str = "volume", run: str = "r", **more: Any) -> dict[str, Any]:
    line = {"event": "intent", "run": run, "time": TIME, "tenancy": TENANCY, "id": ASSETS[kind], "type": kind}
    former = {"previous_encryption": "customer", "previous_kms_key_id": KEY_A, "previous_policy_id": POLICY}
    return {**line, "action": "assign", "kms_key_id": KEY_B, "previous_assignment_id": "a", **former, **more}


def outcome(kind: str = "volume", run: str = "r", **more: Any) -> dict[str, Any]:
    line = {"event": "outcome", "run": run, "time": TIME, "id": ASSETS[kind], "changed": True, "settled": True}
    found = {"known": True, "kms_key_id": KEY_B, "policy_id": POLICY, "kind": f"policy of {kind}"}
    return {**line, "error": None, **found, **more}


REFUSED = {"code": "NotAuthorizedOrNotFound", "message": "No."}


def write(path: Path, *lines: Any) -> Path:
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return path


def found(folder: Path, *lines: Any) -> list[tuple[str, str | None]]:
    policies = interrupted_changes([write(folder / "journal.jsonl", *lines)])
    return [(policy.policy_id, policy.kms_key_id) for policy in policies]


@pytest.mark.parametrize("kind", ASSETS)
def test_an_intent_without_an_outcome_says_what_was_there(tmp_path: Path, kind: str) -> None:
    (policy,) = interrupted_changes([write(tmp_path / "j", intent(kind, display_name="db"))])
    assert (policy.asset_id, policy.asset_type, policy.policy_id) == (ASSETS[kind], kind, POLICY)
    assert (policy.kms_key_id, policy.runs, policy.line) == (KEY_A, ("r",), 1)
    assert "db" in policy.label


@pytest.mark.parametrize(
    ("end", "is_open"),
    [
        (outcome(), False),
        (outcome(run="other"), True),
        (outcome(changed=False, error=REFUSED), False),
        (outcome(error=REFUSED, policy_id=None, kms_key_id=None), True),
        (outcome(error=REFUSED, known=False), True),
        ({**outcome(), "kind": "volume"}, True),
        ({**outcome(known=False), "kind": None}, False),
        ({name: value for name, value in outcome().items() if name != "changed"}, False),
    ],
)
def test_which_outcome_ends_it(tmp_path: Path, end: dict[str, Any], is_open: bool) -> None:
    assert found(tmp_path, intent(), end) == ([(POLICY, KEY_A)] if is_open else [])


def test_a_key_of_the_asset_itself_is_another_change(tmp_path: Path) -> None:
    of_key = {name: value for name, value in intent().items() if not name.startswith("previous_policy")}
    assert found(tmp_path, of_key) == []
    assert found(tmp_path, of_key, intent(), {**outcome(), "kind": "volume"}) == [(POLICY, KEY_A)]


@pytest.mark.parametrize("action", ["unassign"])
def test_what_was_to_be_taken_away_is_not_lost(tmp_path: Path, action: str) -> None:
    assert found(tmp_path, intent(action=action)) == []


def test_what_had_no_policy_can_lose_none(tmp_path: Path) -> None:
    assert found(tmp_path, intent(previous_policy_id=None, previous_kms_key_id=None)) == []


def test_of_two_runs_that_were_interrupted_the_second_one_found_nothing_there(tmp_path: Path) -> None:
    second = intent(run="s", previous_policy_id=None, previous_kms_key_id=None, previous_assignment_id=None)
    assert found(tmp_path, intent(), second) == [(POLICY, KEY_A)]


def test_a_later_change_with_an_end_settles_an_earlier_one_whatever_its_time(tmp_path: Path) -> None:
    """Clocks are set back."""
    later = {"time": "2020-01-01T00:00:00Z"}
    assert found(tmp_path, intent(), intent(run="s", **later), outcome(run="s", **later)) == []


def test_in_another_journal_a_run_may_have_settled_it(tmp_path: Path) -> None:
    one = write(tmp_path / "one", intent())
    two = write(tmp_path / "two", outcome(settled_by="s"))
    assert interrupted_changes([one]) != []
    assert interrupted_changes([one, two]) == interrupted_changes([two, one]) == []
    assert interrupted_changes([tmp_path / "none"]) == []


def test_an_outcome_of_0_1_0_that_does_not_name_the_policy_is_one_all_the_same(tmp_path: Path) -> None:
    end = {"event": "outcome", "run": "r", "id": ONE, "changed": False, "settled": True, "error": REFUSED}
    assert found(tmp_path, intent(), end) == []


@pytest.mark.parametrize("line", [intent(time="yesterday"), intent(time="0"), intent(id="x"), intent(id=KEY_A)])
def test_what_is_not_to_be_trusted(tmp_path: Path, line: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        found(tmp_path, line)


def test_a_torn_line_is_no_intent(tmp_path: Path) -> None:
    """It was not on the disk, so nothing was requested."""
    assert found(tmp_path, json.dumps(intent())[:200]) == []


def test_former_runs(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write(tmp_path / name / "journal.jsonl")
    (tmp_path / "empty").mkdir()
    assert [path.parent.name for path in former_run_journals(tmp_path)] == ["one", "two"]
    assert former_run_journals(tmp_path / "one") == [tmp_path / "one" / "journal.jsonl"]
    (tmp_path / "latest").symlink_to("two")
    assert [path.parent.name for path in former_run_journals(tmp_path)] == ["one", "two"]


@pytest.mark.parametrize(
    ("now", "age"),
    [
        ("2026-11-24T01:00:20Z", {ONE: 20.0}),
        ("2026-11-24T01:01:01Z", {}),
        ("2026-11-24T00:00:00Z", {ONE: 0.0}),
    ],
)
def test_what_was_sent_shortly_before_may_be_on_its_way(tmp_path: Path, now: str, age: dict[str, float]) -> None:
    journal = write(tmp_path / "j", "not JSON", intent())
    assert recent_open_changes([journal], now, 60.0) == age
    assert recent_open_changes([write(tmp_path / "k", intent(), outcome())], now, 60.0) == {}
