# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run leaves in the database of AWX: the result of every task, over a tenancy in which much goes wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from integration.support.fleets import tenancy, volumes
from integration.support.harness import SOAK, furnish, soak
from integration.support.playbook import CollectionPlaybooks
from integration.support.rekey_helpers import FRA, IAD, PHX

from simulator.client import Simulator

SMALL = (300, 40)
"""How many resources of each sort there are, and how many keys."""
SIZES = [SMALL, (5000, 400)] if SOAK else [SMALL]
CLOSED = 60
MOST_CHARACTERS = 100_000
MOST_ITEMS = 90
"""Of lists in results where there are so few keys: a list of all resources, or of what was given, has more."""


@dataclass
class Role:
    """Runs playbooks of the collection, and notes how large the results of their tasks are."""

    sim: Simulator
    playbooks: CollectionPlaybooks
    count: int
    keys: int

    @property
    def is_large(self) -> bool:
        return (self.count, self.keys) != SMALL

    def run(self, name: str, variables: dict[str, Any], *flags: str) -> str:
        """What it printed. Every result is looked at."""
        noted = self.playbooks.folder / "sizes.jsonl"
        noted.write_text("")
        callbacks = str(Path(__file__).parent / "callbacks")
        self.playbooks.environment.update(
            ANSIBLE_CALLBACK_PLUGINS=callbacks, ANSIBLE_CALLBACKS_ENABLED="result_sizes", RESULT_SIZES_FILE=str(noted)
        )
        # Thousands of OCIDs don't fit into a command line.
        given = self.playbooks.folder / "vars.json"
        given.write_text(json.dumps(variables))
        ran = self.playbooks.run(name, {}, "--extra-vars", f"@{given}", *flags)
        assert "Traceback" not in ran.stdout + ran.stderr
        rows = [json.loads(line) for line in noted.read_text().splitlines()]
        assert len(rows) > 5, ran.stdout + ran.stderr
        largest = max(rows, key=lambda row: row["size"])
        print(f"{name} {' '.join(flags)}: the largest of {len(rows)} results has {largest['size']:,} characters")
        for row in sorted(rows, key=lambda row: -row["size"])[:12]:
            print(f"  {row['size']:>8,}  {row['most']:>5}{row['where']}  {row['task']}")
        assert largest["size"] < MOST_CHARACTERS, largest
        if not self.is_large:
            # The first task repeats what was given, as far as that is not too long.
            others = [row for row in rows if not row["task"].endswith("Read the variables")]
            longest = max(others, key=lambda row: row["most"])
            assert longest["most"] <= MOST_ITEMS, longest
        return ran.stdout

    def refuse(self, *operations: str) -> None:
        """Have the service refuse these, at the length that it may have."""
        for operation in operations:
            text = "This is not possible. " * 40
            self.sim.fault("status", operation, times=None, status=400, code="InvalidParameter", message=text)


@pytest.fixture(params=SIZES, ids=["small", "large"][: len(SIZES)])
def role(sim: Simulator, tmp_path: Path, request: pytest.FixtureRequest) -> Role:
    """A tenancy with many keys, places that can't be looked at, and resources of every sort that is planned apart."""
    count, key_count = request.param
    share = count // 20
    place = {"region": IAD, "compartment": "prod"}
    keys = [{"name": f"key-{n}", "vault": "vault-iad"} for n in range(key_count)]
    locked = {"is_retention_lock_enabled": True, "retention_period": {"unit": "YEARS", "amount": 7}}
    furnish(
        sim,
        compartments=[
            *tenancy()["compartments"],
            *({"name": f"closed-{n}", "accessible": False} for n in range(CLOSED)),
        ],
        keys=[*tenancy()["keys"], *keys],
        volumes=[
            volumes(5 * share),
            volumes(4 * share, name="excluded"),
            volumes(share, name="bad", state="FAULTY"),
            volumes(share, name="stuck", key="key-disabled"),
            volumes(share, name="copied", replicas=[{"region": FRA}]),
            volumes(share, name="phx", region=PHX),
            *({**place, "name": f"on-{key['name']}", "key": key["name"]} for key in keys),
        ],
        boot_volumes=[volumes(2 * share, name="boot")],
        volume_backups=[
            {"name": "backup-{n}", "count": 2 * share, "of": "volume-{n}", "key": "key-b"},
            {"name": "kept-{n}", "count": share, "of": "volume-{n}", **locked},
        ],
        boot_volume_backups=[{"name": "boot-backup-{n}", "count": share, "of": "boot-{n}"}],
        volume_backup_policies=[{"name": "to-phx", **place, "destination_region": PHX}],
        policy_assignments=[{"asset": "boot-{n}", "count": share, "policy": "to-phx"}],
    )
    return Role(sim, CollectionPlaybooks(sim, tmp_path), count, key_count)


def variables(role: Role, **more: Any) -> dict[str, Any]:
    excluded = [row["id"] for row in role.sim.resources("volume") if row["displayName"].startswith("excluded-")]
    given = {
        "kms_key_ids": {IAD: role.sim.id("key-a"), PHX: role.sim.id("key-phx")},
        "compartment_ids": role.sim.id("root"),
        "exclude_ids": excluded,
        "max_failures": role.count,
        "canary": 0,
        **more,
    }
    return {f"rekey_{name}": value for name, value in given.items()}


@soak
def test_a_dry_run(role: Role) -> None:
    shown = role.run("rekey", variables(role), "--check")

    assert f"{2 * CLOSED} places could not be read" in shown
    assert bool(re.search(r"too large to\s+pass inline", shown)) is role.is_large
    assert "excluded by 'exclude_ids'" in shown


@soak
def test_a_run_where_much_fails_and_the_way_back(role: Role) -> None:
    role.refuse("UpdateVolumeKmsKey", "DeleteBootVolumeKmsKey")
    shown = role.run("rekey", variables(role, include_replicated=True, batch_size=20))
    assert re.search(r"resources failed\. The report", shown)

    folder = role.playbooks.runs()[0]
    given = {"report": str(folder), "allow_oracle_managed": True, "max_failures": role.count, "canary": 0}
    back = role.run("restore_keys", {f"restore_keys_{name}": value for name, value in given.items()})
    assert f"{2 * (role.count // 20):,} resources failed" in back


def _found(role: Role) -> dict[str, Any]:
    return {"compartment_ids": role.sim.id("root"), "regions": IAD}


def _named(role: Role) -> dict[str, Any]:
    return {"asset_ids": [row["id"] for row in role.sim.resources("volume") if row["region"] == IAD]}


@pytest.mark.parametrize(
    ("which", "flags"),
    [pytest.param(_found, (), marks=soak), (_named, ("--check", "--diff"))],
    ids=["found", "named-with-diff"],
)
def test_a_backup_policy(role: Role, which: Callable[[Role], dict[str, Any]], flags: tuple[str, ...]) -> None:
    role.refuse("CreateVolumeBackupPolicyAssignment")
    given = {
        "policy_id": role.sim.id("to-phx"),
        "kms_key_id": role.sim.id("key-phx"),
        "max_failures": role.count,
        "batch_size": role.count if flags else 200,
        **which(role),
    }
    shown = role.run("backup_policy", {f"backup_policy_{name}": value for name, value in given.items()}, *flags)
    assert "resources would be changed" in shown if flags else "failed" in shown


@soak
def test_a_report(role: Role) -> None:
    keys = [role.sim.id(f"key-{n}") for n in range(role.keys)]
    shown = role.run("encryption_report", {"encryption_report_kms_key_ids": keys})
    assert "resources are on customer-managed keys" in shown
