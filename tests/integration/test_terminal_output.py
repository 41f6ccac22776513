# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many lines each playbook prints for few and many changes, and how wide, with colours and without."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from integration.support.copy_helpers import backups
from integration.support.fleets import volumes
from integration.support.harness import SOAK, furnish, run
from integration.support.playbook import CollectionPlaybooks
from integration.support.policy_plans import POLICIES
from integration.support.rekey_helpers import IAD, rekey

from ansible_collections.oci_keys.block_volume.plugins.modules import backup_copy
from simulator.client import Simulator

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# What Ansible prints around our lines: headings, results, the recap, and the last message as its callback writes it.
ANSIBLES = re.compile(r'PLAY |TASK |(ok|changed|skipping): |included: |localhost +: |    "msg": |        "|    \]|}$|$')
# What is copied stays whole: the digest of a plan, and paths.
WHOLE = re.compile(r"(Digest of the plan: )?[0-9a-f]{64}| *\S*/\S*")
PROGRESS = re.compile(r"First of each|us-\S+: |.*, for [\d.]+ (s|min)$")
COUNTS = (0, 1, 20, 1000)


class Case(NamedTuple):
    """A playbook: what is there for so many changes, its variables, and how many lines it prints at most."""

    prepare: Callable[[Simulator, Path, int], dict[str, Any]]
    most_lines: int
    names: str = "volume-"


def _rekey(sim: Simulator, _folder: Path, count: int) -> dict[str, Any]:
    furnish(sim, volumes=[volumes(count)] if count else [])
    return {"kms_key_ids": {IAD: sim.id("key-a")}, "compartment_ids": sim.id("prod"), "resource_types": "volume"}


def _restore_keys(sim: Simulator, folder: Path, count: int) -> dict[str, Any]:
    """One more volume is right already, since what nothing was done to can't be undone."""
    furnish(sim, volumes=[volumes(count), volumes(1, name="right")] if count else [volumes(1, name="right")])
    rekey(sim, folder / "run", resource_types=["volume"])
    sim.change(sim.id("right-1"), key=None)
    return {"report": str(folder / "run"), "allow_oracle_managed": True}


def _backup_policy(sim: Simulator, _folder: Path, count: int) -> dict[str, Any]:
    furnish(sim, volumes=[volumes(count)] if count else [], volume_backup_policies=POLICIES)
    key = {"policy_id": sim.id("to-phx"), "kms_key_id": sim.id("key-phx")}
    return {"compartment_ids": sim.id("prod"), "regions": IAD, **key}


def _copy_backups(sim: Simulator, folder: Path, count: int) -> dict[str, Any]:
    """One more backup has a copy already."""
    furnish(sim, volumes=[volumes(max(count, 1))], volume_backups=[backups(count + 1, of="volume-1")])
    ids = [sim.id(f"backup-{number}") for number in range(1, count + 2)]
    given = {"destination_region": "us-phoenix-1", "kms_key_id": sim.id("key-phx")}
    copied = run(backup_copy.main, sim, backup_ids=ids[:1], journal=str(folder / "journal.jsonl"), **given)
    assert not copied.failed, copied.msg
    return {"backup_ids": ids, **given}


def _encryption_report(sim: Simulator, _folder: Path, count: int) -> dict[str, Any]:
    furnish(sim, volumes=[volumes(count)] if count else [])
    return {}


CASES = {
    "rekey": Case(_rekey, 44),
    "restore_keys": Case(_restore_keys, 40),
    "backup_policy": Case(_backup_policy, 50),
    "copy_backups": Case(_copy_backups, 28, "backup-"),
    "encryption_report": Case(_encryption_report, 36),
}
EACH = [(name, count, colour) for name in CASES for count in COUNTS for colour in (True, False)]
# One of each playbook, and all numbers and both ways among them.
SAMPLE = [
    ("rekey", 20, True),
    ("restore_keys", 1, False),
    ("backup_policy", 20, False),
    ("copy_backups", 1, True),
    ("encryption_report", 0, True),
]


@pytest.mark.parametrize(("playbook", "count", "colour"), EACH if SOAK else SAMPLE)
def test_lines_and_width(sim: Simulator, tmp_path: Path, playbook: str, count: int, colour: bool) -> None:
    case = CASES[playbook]
    given = case.prepare(sim, tmp_path, count)
    playbooks = CollectionPlaybooks(sim, tmp_path)
    playbooks.environment.update(COLUMNS="60")
    if colour:
        playbooks.environment.update(ANSIBLE_NOCOLOR="", ANSIBLE_FORCE_COLOR="1")

    ran = playbooks.run(playbook, {f"{playbook}_{name}": value for name, value in given.items()})

    assert ran.returncode == 0, ran.stdout
    assert ran.stderr == ""
    assert bool(COLOUR.search(ran.stdout)) is colour
    lines = [line.rstrip() for line in COLOUR.sub("", ran.stdout).splitlines()]
    # On a busy machine, there are more lines of progress.
    assert len(_without_progress(lines)) <= case.most_lines, "\n".join(lines)
    own = [line for line in lines if not ANSIBLES.match(line)]
    wide = [line for line in own if len(line) > (100 if PROGRESS.match(line) else 60) and not WHOLE.fullmatch(line)]
    assert wide == []
    if playbook != "encryption_report":
        assert any(case.names in line for line in own) == (0 < count <= 20)
        # The outcome is one line or a list of lines; those that go on are indented.
        outcome = " ".join(re.sub(r'^ *"(msg": "?)?|",?$', "", line).strip() for line in lines)
        changed = {0: "Nothing changed", 1: "1 resource changed"}.get(count, f"{count:,} resources changed")
        assert changed in outcome
        assert f"(link: {playbooks.reports}/latest" in outcome


def test_copies_that_fail_are_named_with_reason_and_remedy(sim: Simulator, tmp_path: Path) -> None:
    given = _copy_backups(sim, tmp_path, 2)
    sim.fault("status", "CopyVolumeBackup", status=400, code="InvalidParameter", message="Too many.", times=None)

    playbooks = CollectionPlaybooks(sim, tmp_path)
    playbooks.environment.update(COLUMNS="100")
    ran = playbooks.run("copy_backups", {f"copy_backups_{name}": value for name, value in given.items()})

    assert ran.returncode == 2
    lines = ran.stdout.splitlines()
    start = lines.index("2 resources failed:")
    assert lines[start + 1].startswith("  backup-2: Too many. These IAM statements have to be in force")
    assert "  backup-3: Too many. " in "\n".join(lines[start:])
    assert "ocid1." not in "\n".join(lines[start : start + 5])
    assert ran.stdout.count("TASK [") == 2


def _without_progress(lines: list[str]) -> list[str]:
    """Without lines of progress, and those that they go on in, which are indented."""
    found: list[str] = []
    was_progress = False
    for line in lines:
        was_progress = bool(PROGRESS.match(line)) or (was_progress and line.startswith("  "))
        if not was_progress:
            found.append(line)
    return found
