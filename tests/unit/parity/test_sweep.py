# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run leaves nothing behind: killed at any call, before or after it is carried out, whatever is refused."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from parity import __main__ as program
from parity import simulated
from parity.catalog import ALL
from parity.cloud import Cloud
from parity.probe import SKIPPED, Finding, Probe, ask
from parity.replicas import replicated
from parity.simulated import Simulated
from parity.sweep import CleanupError, remains, run_of, sweep
from parity.testbed import GONE, LIMITS, TAG, Testbed
from simulator.service import Outcome

LATE_COPIES = {"copy_visible": "late"}
SOAK = bool(os.environ.get("SOAK"))
#: They make one of everything.
MAKERS = (
    "boot_backup_key_change",
    "copy_without_key",
    "copy_again",
    "backup_retention",
    "backup_update_while_creating",
    "policy_of_member",
    "key_of_replica",
    "put_beside_another",
)


class _KilledError(BaseException):
    """As SIGKILL: nothing in the run takes it."""


def _run(bed: Simulated) -> None:
    for name in MAKERS:
        ask(ALL[name], bed.bed)
    sweep(bed.bed.cloud, bed.bed.settings, bed.bed.run, say=lambda _line: None)


def _living(bed: Simulated) -> list[str]:
    """What is left of runs, whatever lists show."""
    left = []
    for one in bed.service.cloud.resources.values():
        truth = bed.service.truth(one.id)
        ours = TAG in str(truth.get("displayName")) or TAG in truth.get("freeformTags", {})
        if ours and truth["lifecycleState"] not in GONE:
            left.append(f"{one.kind} {one.name}")
    return left


def _others(bed: Simulated) -> dict[str, Any]:
    return {ident: bed.service.truth(ident) for ident in bed.service.cloud.resources if ident in simulated_ids(bed)}


def simulated_ids(bed: Simulated) -> set[str]:
    """The volume of the fleet, which is no run's."""
    return {bed.bed.settings.attached_volume_id}


def _changing(bed: Simulated) -> list[int]:
    """The numbers of the calls of a whole run that change something."""
    methods: list[str] = []
    honest = bed.service.answer

    def counted(method: str, *rest: Any) -> Outcome:
        methods.append(method)
        return honest(method, *rest)

    bed.service.answer = counted  # type: ignore[method-assign]
    _run(bed)
    return [number for number, method in enumerate(methods) if method != "GET"]


def _killed_at(number: int, *, carried_out: bool, **switches: Any) -> Simulated:
    bed = simulated.start(switches)
    honest, count = bed.service.answer, iter(range(1_000_000))

    def answer(*request: Any) -> Outcome:
        if next(count) == number:
            if carried_out:
                honest(*request)
            bed.service.answer = honest  # type: ignore[method-assign]
            raise _KilledError
        return honest(*request)

    bed.service.answer = answer  # type: ignore[method-assign]
    with pytest.raises(_KilledError):
        _run(bed)
    return bed


def test_a_run_that_is_killed_anywhere_is_cleaned_up_by_its_tag() -> None:
    switches = ({}, LATE_COPIES)
    cases = [
        (number, done, late)
        for late in switches
        for number in _changing(simulated.start(late))
        for done in (False, True)
    ]
    if not SOAK:
        cases = random.Random("parity").sample(cases, 6)
    for number, carried_out, late in cases:
        bed = _killed_at(number, carried_out=carried_out, **late)
        before = _others(bed)
        # Another process, which remembers nothing.
        sweep(bed.bed.cloud, bed.bed.settings, quiet=1.0, say=lambda _line: None)
        assert _living(bed) == [], f"killed at call {number}, carried out: {carried_out}, {late}"
        assert _others(bed) == before


def _probe(ask_it: Callable[[Testbed], str]) -> Probe:
    return Probe("made_by_a_test", "4", "What does it leave?", ask_it, answers=("something",))


def _copy_and_go(bed: Testbed) -> str:
    """Asks for a copy, and does not look at it again."""
    bed.copy(bed.backup(), bed.settings.key_elsewhere)
    return "something"


def test_a_copy_that_shows_late_is_deleted_at_the_end_of_a_run_that_nothing_disturbed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    late = {"copy_visible": "late", "copy_settle": 10.0}
    bed = simulated.start(late, run="0123abcd", late_seconds=8.0, poll_seconds=1.0)
    monkeypatch.setattr(program, "ALL", {"made_by_a_test": _probe(_copy_and_go)})
    assert program.run_probes(bed.bed.cloud, bed.bed.settings, None, "0123abcd", tmp_path) == program.DONE
    assert [one for one in bed.service.cloud.resources.values() if "-copy-" in one.name]
    assert _living(bed) == []


def test_what_shows_late_is_waited_for_as_long_as_all_else() -> None:
    """It shows when the patience with the rest has ended, and can't be deleted before it is made."""
    late = {"copy_visible": "late", "copy_settle": 10.0}
    bed = simulated.start(late, poll_seconds=1.0, patience_seconds=6.0)
    _copy_and_go(bed.bed)
    sweep(bed.bed.cloud, bed.bed.settings, quiet=7.0, say=lambda _line: None)
    assert _living(bed) == []


@pytest.mark.parametrize("switches", [{}, {"boot_list_without_domain": "refused", "trailing_empty_page": "on"}])
def test_a_replica_is_found_by_itself_and_deleted_before_its_volume(switches: dict[str, Any]) -> None:
    bed = simulated.start(switches)
    replicated(bed.bed)
    (found,) = (one for one in remains(bed.bed.cloud, bed.bed.settings) if one.kind == "replica")
    assert (found.region, found.source[0]) == ("eu-zurich-1", "us-phoenix-1")
    said: list[str] = []
    sweep(bed.bed.cloud, bed.bed.settings, say=said.append)
    assert [line.split()[1] for line in said] == ["replica", "volume"]
    assert _living(bed) == []


def test_a_replica_that_can_not_be_deleted_is_named() -> None:
    bed = simulated.start(patience_seconds=2.0)
    replicated(bed.bed)
    bed.service.spoil({"kind": "status", "operation": "UpdateVolume", "times": None, "status": 409, "code": "Conflict"})
    bed.service.spoil({"kind": "status", "operation": "DeleteVolume", "times": None, "status": 409, "code": "Conflict"})
    with pytest.raises(CleanupError, match="replica ocid1"):
        sweep(bed.bed.cloud, bed.bed.settings, say=lambda _line: None)


def test_a_backup_that_is_protected_from_deletion_is_let_go() -> None:
    bed = simulated.start({"backup_update_clears_retention": "off"})
    assert ask(ALL["backup_retention"], bed.bed).seen == "off"
    sweep(bed.bed.cloud, bed.bed.settings, say=lambda _line: None)
    assert _living(bed) == []


def test_a_run_ends_with_nothing_left_and_within_its_limits() -> None:
    bed = simulated.start()
    before = _others(bed)
    for one in ALL.values():
        ask(one, bed.bed)
    counts = bed.service.journal.counts()
    # Requests that are refused, or honoured by their token, make nothing.
    made = [
        one.kind
        for one in bed.service.cloud.resources.values()
        if TAG in str(bed.service.truth(one.id).get("displayName"))
    ]
    assert made.count("volume") <= LIMITS["volume"]
    assert made.count("volume_group") <= LIMITS["group"]
    # A copy makes room for another one.
    assert made.count("volume_backup") <= LIMITS["backup"] + LIMITS["copy"] + 1
    assert made.count("boot_volume_backup") <= LIMITS["boot backup"]
    assert counts["CreateVolume"] == LIMITS["volume"]
    sweep(bed.bed.cloud, bed.bed.settings, bed.bed.run, say=lambda _line: None)
    assert _living(bed) == []
    assert _others(bed).keys() == before.keys()


QUOTAS = [(0, "CreateVolumeBackup"), (0, "CreateVolumeGroup"), (1, "CreateVolume")]
MORE_QUOTAS = [
    (0, "CreateVolume"),
    (1, "CreateVolumeBackup"),
    (1, "CreateVolumeGroup"),
    (0, "CopyVolumeBackup"),
    (1, "CopyVolumeBackup"),
    (0, "CreateBootVolumeBackup"),
]


@pytest.mark.parametrize(("after", "operation"), QUOTAS + (MORE_QUOTAS if SOAK else []))
def test_a_quota_that_runs_out_skips_probes_by_name(operation: str, after: int) -> None:
    bed = simulated.start({"kms_rate": 10.0})
    details = {"status": 400, "code": "QuotaExceeded"}
    bed.service.spoil({"kind": "status", "operation": operation, "times": None, "after": after, **details})
    findings = {name: ask(one, bed.bed) for name, one in ALL.items()}
    sweep(bed.bed.cloud, bed.bed.settings, bed.bed.run, say=lambda _line: None)

    assert _living(bed) == []
    wrong = {name: one.seen for name, one in findings.items() if one.verdict == "differs"}
    assert wrong == {}
    if after == 0:
        assert any(one.verdict == SKIPPED and "QuotaExceeded" in one.seen for one in findings.values())


def test_a_lost_answer_is_swept_up_after_it_was_carried_out() -> None:
    bed = simulated.start()
    bed.service.spoil({"kind": "drop_after", "operation": "CreateVolume", "times": 1})
    assert ask(ALL["field_without_key"], bed.bed).verdict == SKIPPED
    assert _living(bed)
    sweep(bed.bed.cloud, bed.bed.settings, bed.bed.run, quiet=1.0, say=lambda _line: None)
    assert _living(bed) == []


@pytest.mark.parametrize(
    ("operation", "status"),
    [("DeleteVolume", 404), ("DeleteVolumeBackup", 409), ("ListVolumes", 404), ("ListVolumeBackups", 500)],
)
def test_what_can_not_be_deleted_or_looked_for_is_named(operation: str, status: int) -> None:
    bed = simulated.start(patience_seconds=2.0)
    ask(ALL["key_of_new_backup"], bed.bed)
    bed.service.spoil({"kind": "status", "operation": operation, "times": None, "status": status, "code": "Refused"})
    with pytest.raises(CleanupError, match=str(status)):
        sweep(bed.bed.cloud, bed.bed.settings, bed.bed.run, say=lambda _line: None)


class _Row:
    def __init__(self, name: str, tags: dict[str, str] | None = None) -> None:
        self.display_name = name
        self.freeform_tags = tags


@pytest.mark.parametrize(
    ("name", "tags", "run"),
    [
        ("anything", {TAG: "0123abcd"}, "0123abcd"),
        (f"{TAG}-0123abcd-copy", None, "0123abcd"),
        (f"{TAG}-0123abcd", {}, "0123abcd"),
        (f"{TAG}-of-my-own", None, ""),
        (f"my-{TAG}-0123abcd-copy", None, ""),
        ("anything", {TAG: "yes"}, ""),
        ("anything", {"other": "0123abcd"}, ""),
    ],
)
def test_only_what_a_run_made_is_a_runs(name: str, tags: dict[str, str] | None, run: str) -> None:
    assert run_of(_Row(name, tags)) == run


def test_the_remains_of_one_run_are_not_those_of_another() -> None:
    bed = simulated.start(run="aaaaaaaa")
    ask(ALL["field_without_key"], bed.bed)
    cloud: Cloud = bed.bed.cloud
    found: Callable[[str], int] = lambda run: len(remains(cloud, bed.bed.settings, run))  # noqa: E731
    assert (found("aaaaaaaa"), found("bbbbbbbb"), found("")) == (1, 0, 1)


def test_a_run_that_fails_by_itself_deletes_what_it_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bed = simulated.start(run="0123abcd", late_seconds=1.0)
    asked: list[str] = []

    def ask_some(one: Probe, test_bed: Testbed) -> Finding:
        asked.append(one.name)
        if len(asked) > 3:
            raise RuntimeError("No.")
        return ask(one, test_bed)

    monkeypatch.setattr(program, "ask", ask_some)
    code = program.run_probes(bed.bed.cloud, bed.bed.settings, None, "0123abcd", tmp_path)

    assert code == program.INTERRUPTED
    assert _living(bed) == []
    (file,) = tmp_path.iterdir()
    seen = [row["seen"] for row in json.loads(file.read_text())["findings"]]
    assert seen.count("the run failed: RuntimeError") == len(ALL) - 3
    assert "The run failed" in capsys.readouterr().out
