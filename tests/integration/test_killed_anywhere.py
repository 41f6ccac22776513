# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Killed at each single request of a compound change, before it leaves and after: nothing is lost, and the next run, or
``restore_keys``, ends in the wanted or in the former state and says so.

Between two requests there is no more than a line of the journal, so these are all points there are.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from integration.support import copy_helpers
from integration.support.fleets import volumes
from integration.support.harness import SOAK, Ran, furnish, is_change, run, soak
from integration.support.model_process import Killed, Life, ends_by_exception, ends_by_signal, living
from integration.support.rekey_helpers import make_plan, plan_restore, read_plan, restore, run_jobs

from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.run_locks import lock_places, open_locks
from ansible_collections.oci_keys.block_volume.plugins.modules import (
    backup_kms_key,
    backup_policy_crossregion_key,
    key_assignment_info,
    key_assignment_report,
    key_plan_apply,
    volume_kms_key,
)
from simulator.client import Simulator

State = "tuple[str, str | None] | None"
KEPT = ("retentionPeriod", "isPreventDeletionEnabled", "isRetentionLockEnabled", "isIndefiniteRetentionEnabled")
ASSETS = {"volume": "volume-1", "boot_volume": "boot-1", "volume_group": "group"}


@dataclass(frozen=True)
class Case:
    """A change of a backup policy: what was there, the task, and what is there then."""

    former: tuple[str, str | None]
    task: dict[str, str]
    wanted: tuple[str, str | None]
    repost: str = "conflict"
    asset: str = "volume-1"
    refused: tuple[int, int] | None = None
    """So many of the POSTs after so many are refused, as one without permission is; not those of the next run."""


CASES = {
    "key-changed": Case(("to-phx", "key-phx"), {"kms_key_id": "key-everywhere"}, ("to-phx", "key-everywhere")),
    "key-changed-ignored": Case(
        ("to-phx", "key-phx"), {"kms_key_id": "key-everywhere"}, ("to-phx", "key-everywhere"), repost="ignored"
    ),
    "key-changed-at-once": Case(
        ("to-phx", "key-phx"), {"kms_key_id": "key-everywhere"}, ("to-phx", "key-everywhere"), repost="replace"
    ),
    "key-added": Case(("to-phx", None), {"kms_key_id": "key-phx"}, ("to-phx", "key-phx"), asset="boot-1"),
    "key-removed": Case(("to-phx", "key-phx"), {"state": "absent"}, ("to-phx", None), asset="group"),
    "policy-changed": Case(
        ("to-phx", "key-phx"),
        {"policy_id": "also-to-phx", "kms_key_id": "key-everywhere"},
        ("also-to-phx", "key-everywhere"),
        repost="replace",
    ),
    "policy-changed-with-its-key": Case(
        ("to-phx", None),
        {"policy_id": "also-to-phx", "kms_key_id": "key-phx"},
        ("also-to-phx", "key-phx"),
        repost="replace",
        asset="group",
    ),
    "policy-refused": Case(
        ("to-phx", "key-phx"),
        {"policy_id": "also-to-phx", "kms_key_id": "key-everywhere"},
        ("also-to-phx", "key-everywhere"),
        repost="replace",
        refused=(0, 1),
    ),
    # The second POST, after the DELETE; the next one is the roll-back.
    "key-refused": Case(
        ("to-phx", "key-phx"), {"kms_key_id": "key-everywhere"}, ("to-phx", "key-everywhere"), refused=(1, 1)
    ),
    "key-and-roll-back-refused": Case(
        ("to-phx", "key-phx"), {"kms_key_id": "key-everywhere"}, ("to-phx", "key-everywhere"), refused=(1, 2)
    ),
    "key-removed-ignored": Case(("to-phx", "key-phx"), {"state": "absent"}, ("to-phx", None), repost="ignored"),
}


def _furnish(sim: Simulator, case: Case) -> None:
    policy, key = case.former
    furnish(
        sim,
        {"assignment_repost": case.repost},
        volumes=[volumes(2), volumes(1, name="member"), volumes(1, name="other", key="key-b")],
        boot_volumes=[volumes(1, name="boot")],
        volume_groups=[{"name": "group", "region": "us-ashburn-1", "compartment": "prod", "volumes": ["member-1"]}],
        volume_backup_policies=[
            {"name": name, "region": "us-ashburn-1", "compartment": "prod", "destination_region": "us-phoenix-1"}
            for name in ("to-phx", "also-to-phx")
        ],
        policy_assignments=[{"asset": case.asset, "policy": policy, **({"key": key} if key else {})}],
    )


def _in_place(sim: Simulator, asset: str) -> tuple[str, str | None] | None:
    names = {row["id"]: row["name"] for kind in ("key", "volume_backup_policy") for row in sim.resources(kind)}
    for row in sim.resources("policy_assignment"):
        if row["assetId"] == sim.id(asset):
            return names[row["policyId"]], names.get(row["xrcKmsKeyId"])
    return None


def _task(sim: Simulator, case: Case, journal: Path, life: Life | None = None, **more: Any) -> Ran:
    options = {name: sim.id(value) if name.endswith("_id") else value for name, value in case.task.items()}
    return run(
        backup_policy_crossregion_key.main,
        sim,
        clock=life,
        asset_ids=[sim.id(case.asset)],
        journal=str(journal),
        **options,
        **more,
    )


def _deaths(
    sim: Simulator, case: Case, folder: Path, ends: Callable[..., bool] = ends_by_exception
) -> Iterator[tuple[str, Path]]:
    """The fleet after each death, and the journal that is left."""
    _furnish(sim, case)
    _refuse(sim, case)
    _task(sim, case, folder / "alive.jsonl")
    for number, sent in _points(sim):
        _furnish(sim, case)
        _refuse(sim, case)
        journal = folder / f"{number}-{sent}.jsonl"
        is_dead = ends(partial(_task, sim, case, journal), number, sent=sent)
        sim.clear_faults()
        if not is_dead:
            return
        yield f"killed at request {number}, which was{'' if sent else ' not'} sent", journal


def _refuse(sim: Simulator, case: Case) -> None:
    if case.refused is not None:
        refusal = {"status": 404, "code": "NotAuthorizedOrNotFound", "message": "No."}
        after, times = case.refused
        sim.fault("status", "CreateVolumeBackupPolicyAssignment", after=after, times=times, **refusal)


def _points(sim: Simulator) -> Iterator[tuple[int, bool]]:
    """Each request of the run that was just made, before it is sent and after. In short: of writes, and one more."""
    writes = [number for number, call in enumerate(sim.calls(), 1) if is_change(call.operation)]
    if SOAK:
        # Not product(), which would count to the end first.
        yield from ((number, sent) for number in count(1) for sent in (False, True))
    else:
        yield from sorted({(number, sent) for number in writes for sent in (False, True)})
        yield max(writes) + 1, False


def _again(sim: Simulator, case: Case, journal: Path, _folder: Path) -> tuple[str, str | None] | None:
    """The same task."""
    was_lost = _in_place(sim, case.asset) is None
    checked = _task(sim, case, journal, check=True)
    assert not checked.failed, checked.msg
    assert checked.writes == {}
    ran = _task(sim, case, journal)
    assert not ran.failed, ran.msg
    assert ran.changed == checked.changed
    if was_lost:
        assert ran.changed
        assert "in a run that was interrupted" in "\n".join(ran.result["warnings"])
        assert ran.only["previous_policy_id"] == sim.id(case.former[0])
    quiet = _task(sim, case, journal)
    assert (quiet.failed, quiet.changed, quiet.writes) == (False, False, {})
    return case.wanted


def _another_task(sim: Simulator, case: Case, journal: Path, _folder: Path) -> tuple[str, str | None] | None:
    """One that names another resource puts back what is lost, and nothing else."""
    before = _in_place(sim, case.asset)
    ran = run(
        volume_kms_key.main, sim, volume_ids=[sim.id("other-1")], kms_key_id=sim.id("key-a"), journal=str(journal)
    )
    assert not ran.failed, ran.msg
    if before is None:
        (entry,) = ran.result["recovered"]
        assert (entry["id"], entry["policy_id"], entry["changed"]) == (sim.id(case.asset), sim.id(case.former[0]), True)
    else:
        assert "recovered" not in ran.result
    return before or case.former


def _restored(sim: Simulator, case: Case, journal: Path, folder: Path) -> tuple[str, str | None] | None:
    """The former state, from the journal alone."""
    was_lost = _in_place(sim, case.asset) is None
    if not journal.exists() or not journal.read_text():
        return case.former
    planned = restore(sim, folder, journal)
    assert planned.result["summary"]["planned"] == (_in_place(sim, case.asset) is not None and was_lost) or not was_lost
    return case.former


NEXT: dict[str, Callable[[Simulator, Case, Path, Path], Any]] = {
    "the same task": _again,
    "another task": _another_task,
    "restore_keys": _restored,
}


ALL = [(name, then) for name in CASES for then in NEXT]


SAMPLE = [
    ("key-changed-ignored", "the same task"),
    ("policy-changed", "the same task"),
    ("policy-changed", "restore_keys"),
    ("key-and-roll-back-refused", "another task"),
]


@pytest.mark.parametrize(("name", "then"), ALL if SOAK else [*ALL[: len(NEXT)], *SAMPLE])
def test_a_policy(sim: Simulator, tmp_path: Path, name: str, then: str) -> None:
    case = CASES[name]
    lost = points = 0
    for number, (point, journal) in enumerate(_deaths(sim, case, tmp_path)):
        points += 1
        lost += _in_place(sim, case.asset) is None
        wanted = NEXT[then](sim, case, journal, tmp_path / f"undo-{number}")
        assert _in_place(sim, case.asset) == wanted, point
        lines = [json.loads(line) for line in journal.read_text().splitlines()] if journal.exists() else []
        assert all(line["event"] in ("intent", "outcome") for line in lines)
    assert points >= (20 if SOAK else 3)
    assert (lost > 0) == (case.repost != "replace")
    assert sim.needless_puts == 0


MORTAL = [("key-changed", "the same task"), ("policy-changed", "another task"), ("key-refused", "restore_keys")]


@pytest.mark.parametrize(("name", "then"), ALL if SOAK else MORTAL)
def test_a_policy_by_a_process_that_is_killed(sim: Simulator, tmp_path: Path, name: str, then: str) -> None:
    """By SIGKILL, at each point between two requests."""
    case = CASES[name]
    points = 0
    for number, (point, journal) in enumerate(_deaths(sim, case, tmp_path, ends_by_signal)):
        points += 1
        wanted = NEXT[then](sim, case, journal, tmp_path / f"undo-{number}")
        assert _in_place(sim, case.asset) == wanted, point
    assert points >= (20 if SOAK else 3)
    assert sim.needless_puts == 0


def _plan(sim: Simulator, folder: Path, **options: Any) -> Ran:
    keys = {name: sim.id("key-everywhere") for name in ("us-ashburn-1", "us-phoenix-1")}
    planned = make_plan(sim, folder, scope={"resource_types": ["policy_assignment"]}, kms_key_ids=keys, **options)
    assert not planned.failed, planned.msg
    return planned


def _rekey_again(sim: Simulator, folder: Path) -> tuple[str, str | None]:
    """The next run of ``rekey``, which is pointed to the folder that the former one is in."""
    again = folder / "again"
    planned = _plan(sim, again, former_runs=[str(folder)])
    assert planned.result["summary"]["unsettled"] == 0
    for ran in run_jobs(sim, again, planned):
        assert not ran.failed, ran.msg
    quiet = _plan(sim, folder / "quiet", former_runs=[str(folder)])
    assert quiet.result["summary"]["planned"] == 0
    return "to-phx", "key-everywhere"


def _rekey_restored(sim: Simulator, folder: Path) -> tuple[str, str | None]:
    """``restore_keys`` from the folder of the run that was killed."""
    restore(sim, folder / "undo", folder / "run")
    assert plan_restore(sim, folder / "again", folder / "run").result["summary"]["planned"] == 0
    return "to-phx", "key-phx"


def _carry_out(sim: Simulator, folder: Path, life: Life | None = None) -> None:
    run(key_plan_apply.main, sim, clock=life, plan_file=str(folder / "run" / "plan.json"), batch=1)


@pytest.mark.parametrize("then", [_rekey_again, pytest.param(_rekey_restored, marks=soak)])
def test_a_policy_of_a_plan(sim: Simulator, tmp_path: Path, then: Callable[[Simulator, Path], Any]) -> None:
    case = CASES["key-changed"]
    lost = 0

    def furnish_and_plan(folder: Path) -> None:
        folder.mkdir()
        _furnish(sim, case)
        assert _plan(sim, folder / "run").result["batch_count"] == 1

    furnish_and_plan(tmp_path / "alive")
    _carry_out(sim, tmp_path / "alive")
    for number, sent in _points(sim):
        folder = tmp_path / f"{number}-{sent}"
        furnish_and_plan(folder)
        life = Life(number, sent=sent)
        with living(life), contextlib.suppress(Killed):
            _carry_out(sim, folder, life)
        if not life.is_over:
            break
        lost += _in_place(sim, case.asset) is None
        assert then(sim, folder) == _in_place(sim, case.asset), f"killed at request {number}, sent: {sent}"
    assert lost > 1
    assert sim.needless_puts == 0


@pytest.mark.parametrize("section", ["volume_backups", "boot_volume_backups"])
def test_an_update_of_a_backup(sim: Simulator, tmp_path: Path, section: str) -> None:
    """It is one request, so there is a former state and a wanted one; the retention is the same in both."""
    kept = {"retention_period": {"unit": "DAYS", "amount": 30}, "is_prevent_deletion_enabled": True}
    row = {"name": "backup", "region": "us-ashburn-1", "compartment": "prod", "key": "key-b", **kept}

    def change(journal: Path, life: Life | None = None) -> Ran:
        ids = [sim.id("backup")]
        return run(
            backup_kms_key.main, sim, clock=life, backup_ids=ids, kms_key_id=sim.id("key-a"), journal=str(journal)
        )

    furnish(sim, **{section: [row]})
    change(tmp_path / "alive.jsonl")
    for number, sent in _points(sim):
        furnish(sim, **{section: [row]})
        before, journal = sim.resource(sim.id("backup")), tmp_path / f"{number}-{sent}.jsonl"
        life = Life(number, sent=sent)
        with living(life), contextlib.suppress(Killed):
            change(journal, life)
        if not life.is_over:
            break
        if journal.exists() and journal.read_text():
            restore(sim, tmp_path / f"undo-{number}-{sent}", journal)
            assert sim.resource(sim.id("backup"))["kmsKeyId"] == sim.id("key-b")
        again = change(journal)
        assert not again.failed, again.msg
        after = sim.resource(sim.id("backup"))
        assert after["kmsKeyId"] == sim.id("key-a")
        assert [after[name] for name in KEPT] == [before[name] for name in KEPT]
        assert sim.needless_puts == 0


@pytest.mark.parametrize("kind", copy_helpers.KINDS, ids=lambda kind: kind.type)
@pytest.mark.parametrize("key", ["key-phx", "key-everywhere"])
def test_a_copy(sim: Simulator, tmp_path: Path, kind: copy_helpers.Kind, key: str) -> None:
    """The next run wants the same key, or another one: there is one copy, on the key that was wanted last."""
    kind.furnish(sim)
    copy_helpers.copy(sim, "backup-1", journal=str(tmp_path / "alive.jsonl"))
    for number, sent in _points(sim):
        kind.furnish(sim)
        journal = str(tmp_path / f"{number}-{sent}.jsonl")
        life = Life(number, sent=sent)
        with living(life), contextlib.suppress(Killed):
            copy_helpers.copy(sim, "backup-1", journal=journal, clock=life)
        if not life.is_over:
            break
        again = copy_helpers.copy(sim, "backup-1", key=key, journal=journal)
        assert not again.failed, again.msg
        assert len(copy_helpers.copies_of(sim, "backup-1", kind)) == 1, f"killed at request {number}, sent: {sent}"
        assert copy_helpers.keys_of(sim, "backup-1", kind) == {sim.id(key)}


def test_a_lost_policy_that_a_plan_may_not_touch_is_unsettled(sim: Simulator, tmp_path: Path) -> None:
    case = CASES["key-changed"]
    journals = [journal for _point, journal in _lost(sim, case, tmp_path)]

    excluded = _plan(sim, tmp_path / "excluded", former_runs=[str(journals[0])], exclude_ids=[sim.id("volume-1")])
    assert excluded.result["summary"]["unsettled"] == 1
    (row,) = read_plan(tmp_path / "excluded")["unsettled"]
    assert (row["asset_id"], row["kms_key_id"]) == (sim.id("volume-1"), sim.id("key-phx"))
    assert "taken away by a run that was interrupted; excluded by 'exclude_ids'" in row["reason"]

    other = _plan(sim, tmp_path / "other", former_runs=[str(journals[0])], from_kms_key_ids=[sim.id("key-fra")])
    (entry,) = read_plan(tmp_path / "other")["entries"]
    assert (entry["kms_key_id"], entry["wanted_kms_key_id"]) == (sim.id("key-phx"), sim.id("key-phx"))
    for ran in run_jobs(sim, tmp_path / "other", other):
        assert not ran.failed, ran.msg
    assert _in_place(sim, "volume-1") == ("to-phx", "key-phx")


def _lost(sim: Simulator, case: Case, folder: Path) -> Iterator[tuple[str, Path]]:
    """The first death that leaves the asset without its policy."""
    for point, journal in _deaths(sim, case, folder):
        if _in_place(sim, case.asset) is None:
            yield point, journal
            return


@pytest.mark.parametrize("state", ["DISABLED", "PENDING_DELETION"])
def test_a_lost_policy_whose_key_is_unusable_is_named_and_nothing_is_written_for_it(
    sim: Simulator, tmp_path: Path, state: str
) -> None:
    case = CASES["key-changed"]
    ((_point, journal),) = _lost(sim, case, tmp_path)
    sim.change(sim.id("key-phx"), state=state)

    ran = run(
        volume_kms_key.main, sim, volume_ids=[sim.id("other-1")], kms_key_id=sim.id("key-a"), journal=str(journal)
    )

    assert ran.failed
    assert sim.id("key-phx") in ran.msg
    assert "restore_keys" in ran.msg
    assert ran.writes == {"UpdateVolumeKmsKey": 1}
    assert ran.only["changed"], "what became of the task's own resource is not lost"


def test_a_lost_policy_is_put_back_under_a_lock(sim: Simulator, tmp_path: Path) -> None:
    case = CASES["key-changed"]
    ((_point, journal),) = _lost(sim, case, tmp_path)
    locks = open_locks(lock_places(journal, {"XDG_STATE_HOME": str(tmp_path / "state")}))
    locks.names.acquire([sim.id("volume-1")])
    try:
        ran = run(
            volume_kms_key.main,
            sim,
            volume_ids=[sim.id("other-1")],
            kms_key_id=sim.id("key-a"),
            journal=str(journal),
            wait_timeout=2,
        )
    finally:
        locks.names.close()

    assert ran.failed
    assert ran.writes == {"UpdateVolumeKmsKey": 1}
    assert _in_place(sim, "volume-1") is None


def test_a_former_run_that_can_not_be_read_is_an_error(sim: Simulator, tmp_path: Path) -> None:
    _furnish(sim, CASES["key-changed"])
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "journal.jsonl").write_text('{"event": "intent", "previous_policy_id": 5}\n')

    scope = {"resource_types": ["policy_assignment"]}
    planned = make_plan(sim, tmp_path / "run", scope=scope, former_runs=[str(tmp_path / "old")])

    assert planned.failed
    assert "could not be searched for changes that were interrupted" in planned.msg


@pytest.mark.parametrize("kms_key_id", ["no-such-key", "key-a/no-such-key"])
def test_a_task_that_can_not_look_its_key_up_tells_of_a_lost_policy(
    sim: Simulator, tmp_path: Path, kms_key_id: str
) -> None:
    """Nothing is put back by a task that ends before it begins."""
    ((_point, journal),) = _lost(sim, CASES["key-changed"], tmp_path)
    ran = run(volume_kms_key.main, sim, volume_ids=[sim.id("other-1")], kms_key_id=kms_key_id, journal=str(journal))
    assert (ran.failed, ran.writes) == (True, {})
    assert "no-such-key" in ran.msg
    assert "a run that was interrupted was changing its backup policy" in ran.msg
    assert "it may be missing" in ran.msg


@pytest.mark.parametrize("resource", ["volume-1", "boot-1", "group"])
def test_a_task_says_once_that_a_policy_is_not_put_back_since_its_asset_is_gone(
    sim: Simulator, tmp_path: Path, resource: str
) -> None:
    case = replace(CASES["key-changed"], asset=resource)
    ((_point, journal),) = _lost(sim, case, tmp_path)
    sim.change(sim.id(resource), state="TERMINATED")
    said = []
    for key in ("key-a", "key-b"):
        task = {"volume_ids": [sim.id("other-1")], "kms_key_id": sim.id(key), "journal": str(journal)}
        ran = run(volume_kms_key.main, sim, **task)
        assert not ran.failed, ran.msg
        said.append([text for text in ran.result["warnings"] if "TERMINATED" in text])
    (warning,), nothing = said
    assert sim.id(resource) in warning
    assert sim.id("to-phx") in warning
    assert nothing == []


@pytest.mark.parametrize("case", ["key-changed", "key-changed-ignored", "key-removed"])
def test_a_report_names_a_policy_that_an_interrupted_run_has_taken_away(
    sim: Simulator, tmp_path: Path, case: str
) -> None:
    ((_point, journal),) = _lost(sim, CASES[case], tmp_path)
    reports = tmp_path / "reports"
    for name in ("killed", "now"):
        (reports / name).mkdir(parents=True)
    journal.rename(reports / "killed" / "journal.jsonl")
    asset = CASES[case].asset

    lines = _report(sim, reports / "now")
    assert f"has taken its backup policy {sim.id('to-phx')} away" in lines
    assert sim.id(asset) in lines
    assert "restore_keys" in lines
    hidden = _report(sim, reports / "now", redact=True)
    assert "1 backup policy may be missing" in hidden
    assert sim.id(asset) not in hidden

    restore(sim, tmp_path / "undo", reports / "killed")
    assert _in_place(sim, asset) == CASES[case].former
    assert "interrupted" not in _report(sim, reports / "now")


def _report(sim: Simulator, folder: Path, **options: Any) -> str:
    discovery = str(folder / "before.json")
    types = ["volume", "boot_volume", "policy_assignment"]
    found = run(key_assignment_info.main, sim, regions=["all"], resource_types=types, discovery_file=discovery)
    assert not found.failed, found.msg
    made = run(
        key_assignment_report.main, sim, report_dir=str(folder), discovery_file=discovery, history=True, **options
    )
    return "\n".join(made.result["lines"])
