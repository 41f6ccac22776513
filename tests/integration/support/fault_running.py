# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One cell of the fault matrix: its task under its fault, what has to be true then, and the same task in peace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from integration.support.clock import UnhurriedClock
from integration.support.fault_matrix import CONNECT, TRIES, Cell, Need
from integration.support.fault_reads import Look, Seen, Told
from integration.support.fault_rules import End, Rule, rule_for
from integration.support.harness import FAST, PATIENT, SOAK, run
from integration.support.model_checks import INTERNAL_ERROR, Run, check, check_done, check_idle
from integration.support.model_requests import Ask, settled

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.client import ReadRetry
from ansible_collections.oci_keys.block_volume.plugins.module_utils._changes.timings import Timings
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.clock import Clock
from simulator.client import Simulator


class Brisk(UnhurriedClock):
    """A clock whose sleepers wake early, to look whether it is time."""

    def sleep(self, seconds: float) -> None:
        super().sleep(min(seconds, 0.05))


@dataclass(frozen=True)
class Pace:
    """How long is waited for what, in seconds: ``wait`` for everything, ``brief_wait`` where it will be in vain."""

    timings: Timings
    retry: ReadRetry
    timeout: tuple[float, float]
    clock: type[Clock]
    wait: int
    brief_wait: int


BRISK = Pace(
    replace(FAST, poll_first=0.01, poll_max=0.1, backoff_max=0.05, quiet=0.05, ignored_after=0.3),
    ReadRetry(attempts=TRIES, total=30.0, max_pause=0.05, jitter=0.0),
    PATIENT,
    Brisk,
    wait=20,
    brief_wait=2,
)
"""For the simulator, which settles and answers in hundredths of a second."""
HASTY = replace(BRISK, timeout=(30.0, 1.0))
"""For answers that are meant to come too late."""
REAL = Pace(Timings(), ReadRetry(), (10.0, 60.0), Clock, wait=1200, brief_wait=120)
"""As in a user's run."""


def run_jobs(cell: Cell, sim: Simulator, folder: Path, pace: Pace) -> None:
    scenario, rule = cell.place.scenario, rule_for(cell)
    scenario.furnish(sim, paged=cell.is_paged, lagging=cell.is_lagging)
    task = scenario.ask(sim, paged=cell.is_paged)
    details = {"seconds": pace.timeout[1] + 2} if cell.fault.kind == "slow" else dict(cell.fault.details)
    sim.fault(cell.fault.kind, cell.place.operation, times=cell.count, after=cell.after, **details)
    for operation, refusal in scenario.hinders:
        sim.fault("status", operation, times=None, **refusal)
    if isinstance(task, Look):
        printed = _look(cell, rule, task, sim, pace)
    else:
        printed = _change(cell, rule, task, sim, folder / "journal.jsonl", pace)
    assert not sim.calls("Elsewhere"), "a host that is none of OCI's was asked"
    for secret in ((sim.home / "token").read_text(), (sim.home / "api_key.pem").read_text().splitlines()[1]):
        assert secret not in printed


@contextmanager
def _called(cell: Cell, sim: Simulator) -> Iterator[None]:
    """By a principal whose token can be renewed or not, where that is what it is about."""
    auth_type = "api_key"
    if cell.fault.kind == "token_expired":
        auth_type = "security_token" if cell.count is None else "instance_principal"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in sim.environment(auth_type).items():
            patch.setenv(name, value)
        yield


def _has_struck(cell: Cell, sim: Simulator) -> None:
    if cell.place.operation == CONNECT:
        return  # of which nobody keeps a record
    assert any(call.fault == cell.fault.kind for call in sim.calls(cell.place.operation)), "the fault struck nothing"


def _make_peace(cell: Cell, sim: Simulator) -> None:
    sim.clear_faults()
    for operation, refusal in cell.place.scenario.hinders:
        sim.fault("status", operation, times=None, **refusal)


def _change(cell: Cell, rule: Rule, ask: Ask, sim: Simulator, journal: Path, pace: Pace) -> str:
    is_long = bool(rule.codes & {"WaitTimeout", "TooManyRequests"}) or cell.place.need is Need.OWNER
    in_vain = cell.count is None and (is_long or cell.fault.is_wrong)
    with _called(cell, sim):
        spoilt = _attempt(ask, sim, journal, pace, pace.brief_wait if in_vain else pace.wait)
    spoilt = replace(spoilt, a_row_lags=cell.fault.kind == "lagging_row")
    _has_struck(cell, sim)
    check(spoilt)
    _check_end(spoilt, rule)
    printed = spoilt.ran.printed if spoilt.ran is not None else ""
    if rule.end is End.AS_WANTED and not SOAK:
        return printed
    _make_peace(cell, sim)
    done = _attempt(ask, sim, journal, pace, pace.wait)
    check(done)
    check_done(done)
    assert all(ask.matches(spoilt.before, done.after, subject) for subject in ask.subjects(done.before))
    if rule.end is End.AS_WANTED:
        check_idle(done, spoilt)
    return printed


def _attempt(ask: Ask, sim: Simulator, journal: Path, pace: Pace, wait: int) -> Run:
    before = settled(sim)
    journal.unlink(missing_ok=True)
    how: dict[str, Any] = {"timings": pace.timings, "retry": pace.retry, "timeout": pace.timeout, "clock": pace.clock()}
    ran = run(ask.module.main, sim, wait_timeout=wait, journal=str(journal), **how, **ask.options)
    calls, needless = sim.calls(), sim.needless_puts
    return Run(ask, False, before, settled(sim), ran, calls, journal, needless)


def _check_end(spoilt: Run, rule: Rule) -> None:
    assert spoilt.ran is not None
    if rule.end is End.SAFE:
        if not spoilt.ran.failed:
            check_done(spoilt)
        return
    if rule.end is End.AFFECTED_FAIL:
        _check_affected(spoilt, rule)
        return
    if rule.end is End.AS_WANTED:
        assert not spoilt.ran.failed, spoilt.ran.msg
        check_done(spoilt)
        return
    assert spoilt.ran.failed
    if rule.end is End.TASK_FAILS:
        assert "resources" not in spoilt.ran.result, spoilt.ran.msg
        assert not spoilt.writes
        return
    assert rule.end is End.RESOURCES_FAIL
    assert "resources" in spoilt.ran.result, spoilt.ran.msg
    failed = {name: entry["error"]["code"] for name, entry in spoilt.entries.items() if entry["error"]}
    everyone = len(spoilt.entries)
    assert set(failed.values()) <= rule.codes, failed
    assert min(everyone, rule.least or everyone) <= len(failed) <= min(everyone, rule.most or everyone), failed
    for name in spoilt.entries.keys() - failed.keys():
        assert spoilt.ask.matches(spoilt.before, spoilt.after, name)


def _check_affected(spoilt: Run, rule: Rule) -> None:
    """That those which have failed are as few as the answers were, and that the others are as wanted."""
    assert spoilt.ran is not None
    if not spoilt.ran.failed:
        check_done(spoilt)
        return
    assert "resources" in spoilt.ran.result, spoilt.ran.msg
    failed = {name for name, entry in spoilt.entries.items() if entry["error"]}
    assert 1 <= len(failed) <= (rule.most or len(spoilt.entries)), spoilt.ran.msg
    for name in spoilt.entries.keys() - failed:
        assert spoilt.ask.matches(spoilt.before, spoilt.after, name), name


def _look(cell: Cell, rule: Rule, task: Look, sim: Simulator, pace: Pace) -> str:
    before = settled(sim)
    with _called(cell, sim):
        told = task.look(sim, timeout=pace.timeout, retry=pace.retry)
    _has_struck(cell, sim)
    _check_report(told, _in_peace(cell, task, sim, pace), rule)
    assert settled(sim).rows == before.rows
    return told.printed


def _in_peace(cell: Cell, task: Look, sim: Simulator, pace: Pace) -> Seen:
    """What there is to see, which is the same whenever the same is there: OCIDs follow from names."""
    there = (cell.place.name, cell.is_paged, cell.is_lagging)
    if there not in _SEEN_IN_PEACE or SOAK:
        _make_peace(cell, sim)
        peaceful = task.look(sim, timeout=pace.timeout, retry=pace.retry)
        assert peaceful.seen
        assert not peaceful.gaps
        task.is_true(sim, peaceful.seen)
        _SEEN_IN_PEACE[there] = peaceful.seen
    return _SEEN_IN_PEACE[there]


_SEEN_IN_PEACE: dict[tuple[str, bool, bool], Seen] = {}


def _check_report(told: Told, everything: Seen, rule: Rule) -> None:
    """Whatever is told is true, and what is not told is told of."""
    assert "Traceback" not in told.printed
    assert INTERNAL_ERROR not in told.printed
    assert told.seen.items() <= everything.items()
    if rule.end is End.SAFE:
        assert told.failure is not None or told.gaps or told.seen == everything
        return
    if rule.end is End.AFFECTED_FAIL:
        assert told.failure is None, told.failure
        assert told.gaps or told.seen == everything
        return
    if rule.end is End.TASK_FAILS:
        assert told.failure is not None
        return
    assert told.failure is None, told.failure
    if rule.end is End.AS_WANTED:
        assert told.seen == everything
        assert not told.gaps
        return
    assert rule.end is End.GAP
    assert told.gaps
    assert all(any(code in gap for code in rule.codes) for gap in told.gaps), told.gaps
