# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What playbooks print of a plan, in terminals of any width, with colours and without."""

from __future__ import annotations

import fcntl
import os
import re
import struct
import subprocess
import termios
from pathlib import Path
from typing import Any

import pytest
from integration.support.copy_helpers import backups
from integration.support.fleets import volumes
from integration.support.harness import furnish, soak
from integration.support.playbook import CollectionPlaybooks, controller
from integration.support.rekey_helpers import IAD, PHX

from simulator.client import Simulator

NOWHERE = "ocid1.compartment.oc1..aaaaaaaanotthere"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def playbooks(sim: Simulator, tmp_path: Path) -> CollectionPlaybooks:
    return CollectionPlaybooks(sim, tmp_path)


def variables(sim: Simulator, **more: Any) -> dict[str, Any]:
    given = {"kms_key_ids": {IAD: sim.id("key-a")}, "compartment_ids": sim.id("prod"), "resource_types": "volume"}
    return {f"rekey_{name}": value for name, value in {**given, **more}.items()}


def plan_of(output: str) -> list[str]:
    """The lines of the plan, without what Ansible and progress print around it."""
    lines = COLOUR.sub("", output).splitlines()
    first = next(index for index, line in enumerate(lines) if re.match(r"[\d,]+ resources? (would|will) be", line))
    last = next(index for index, line in enumerate(lines) if index > first and re.match(r"(ok|changed): ", line))
    return lines[first:last]


@soak
@pytest.mark.parametrize("count", [0, 1, 20, 1000])
def test_a_plan_in_a_narrow_terminal(sim: Simulator, playbooks: CollectionPlaybooks, count: int) -> None:
    furnish(sim, volumes=[volumes(count)] if count else [])
    playbooks.environment.update(COLUMNS="60")
    playbooks.environment.update(ANSIBLE_NOCOLOR="", ANSIBLE_FORCE_COLOR="1")

    ran = playbooks.run("rekey", variables(sim), "--check")

    assert ran.returncode == 0, ran.stdout
    plan = plan_of(ran.stdout)
    assert all(len(line) <= 60 for line in plan[:-1]), plan
    assert len(plan) <= 12
    assert re.fullmatch(r"[0-9a-f]{64}", plan[-1])
    assert ("volume-1" in " ".join(plan)) == (0 < count <= 20)
    heading = next(line for line in ran.stdout.splitlines() if "would be changed" in line)
    assert COLOUR.search(heading)
    assert "lines" not in COLOUR.sub("", ran.stdout)


@soak
def test_the_width_is_that_of_the_terminal(sim: Simulator, playbooks: CollectionPlaybooks) -> None:
    furnish(sim, volumes=[volumes(3)])
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 50, 0, 0))
    arguments = playbooks._arguments("rekey", variables(sim), ["--check"])
    process = subprocess.Popen(
        [*controller("ansible-playbook"), *arguments],
        env=playbooks.environment,
        cwd=playbooks.folder,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    output = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        output += part
    os.close(master)
    assert process.wait(timeout=600) == 0, output.decode()
    plan = plan_of(output.decode().replace("\r\n", "\n"))
    assert "  us-ashburn-1  block volumes      3" in plan
    assert "      Oracle-managed key -> key-a" in plan


@soak
def test_details_have_ocids_and_the_plan_without_them_has_none(sim: Simulator, playbooks: CollectionPlaybooks) -> None:
    furnish(sim, volumes=[volumes(2), volumes(1, name="bad", state="FAULTY")])
    ran = playbooks.run("rekey", variables(sim), "--check")
    assert "ocid1." not in "\n".join(plan_of(ran.stdout))
    detailed = "\n".join(plan_of(playbooks.run("rekey", variables(sim), "--check", "-v").stdout))
    assert sim.id("volume-1") in detailed
    assert "block volume volume-2 in prod: Oracle-managed key -> key-a" in detailed


def test_a_dry_run_of_what_can_not_be_read_fails_and_names_it(sim: Simulator, playbooks: CollectionPlaybooks) -> None:
    furnish(sim, volumes=[volumes(2)])
    ran = playbooks.run("rekey", variables(sim, compartment_ids=NOWHERE), "--check")
    assert ran.returncode == 2
    assert "not seen" in ran.stdout
    assert NOWHERE in ran.stdout + ran.stderr
    assert "Check the OCID" in ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("fail_on", "told"),
    [
        ("blocked", "1 resource is blocked and rekey_fail_on has blocked"),
        pytest.param("skipped", "1 resource is skipped and rekey_fail_on has skipped", marks=soak),
        pytest.param(["not_approved", "incomplete"], None, marks=soak),
    ],
)
def test_a_run_fails_before_its_first_change_on_what_it_is_told_to(
    sim: Simulator, playbooks: CollectionPlaybooks, fail_on: Any, told: str | None
) -> None:
    replicas = [{"region": "eu-frankfurt-1"}]
    furnish(sim, volumes=[volumes(1), volumes(1, name="bad", state="FAULTY"), volumes(1, name="x", replicas=replicas)])
    ran = playbooks.run("rekey", variables(sim, fail_on=fail_on))
    output = ran.stdout + ran.stderr
    assert ran.returncode == (0 if told is None else 2), output
    assert told is None or told in output
    assert sim.counts().get("UpdateVolumeKmsKey", 0) == (1 if told is None else 0)
    if told is None:
        assert "1 resource changed, 1 blocked, 1 skipped. The report: " in output


def test_a_failed_canary_names_the_resource_and_the_way_round(sim: Simulator, playbooks: CollectionPlaybooks) -> None:
    furnish(sim, volumes=[volumes(3, locked=True)])
    ran = playbooks.run("rekey", variables(sim))
    output = ran.stdout + ran.stderr
    assert ran.returncode == 2
    assert re.search(r"[Tt]he canary change \(rekey_canary\) failed\. volume-\d", output)
    assert "rekey_exclude_ids: [ocid1.volume." in output
    assert "too many" not in output.lower()


@soak
def test_the_key_that_is_left_has_its_verdict_on_the_terminal(sim: Simulator, playbooks: CollectionPlaybooks) -> None:
    furnish(sim, volumes=[volumes(2, key="key-b")])
    ran = playbooks.run("rekey", variables(sim, from_kms_key_ids=sim.id("key-b")))
    assert ran.returncode == 0, ran.stdout
    assert "Key key-b: UNKNOWN. No use was found, but not everything was searched" in ran.stdout


@soak
def test_latest_leads_to_the_newest_run_and_is_named(sim: Simulator, playbooks: CollectionPlaybooks) -> None:
    furnish(sim, volumes=[volumes(1)])
    for flags in (("--check",), ()):
        ran = playbooks.run("rekey", variables(sim), *flags)
        assert ran.returncode == 0, ran.stdout
        latest = playbooks.reports / "latest"
        assert os.readlink(latest) == playbooks.runs()[-1].name
        assert f"(link: {latest})" in ran.stdout
        assert (latest / "report.json").exists()
    restored = playbooks.run("restore_keys", {"restore_keys_report": str(playbooks.reports / "latest")}, "--check")
    assert "restore_keys_allow_oracle_managed" in restored.stdout
    assert restored.returncode == 0, restored.stdout


@soak
def test_copies_and_policies_have_the_same_tables(sim: Simulator, playbooks: CollectionPlaybooks) -> None:
    policy = {"name": "to-phx", "region": IAD, "compartment": "prod", "destination_region": PHX}
    furnish(sim, volumes=[volumes(2)], volume_backups=[backups(2, key="key-a")], volume_backup_policies=[policy])
    key = sim.id("key-phx")
    assets = [sim.id("volume-1"), sim.id("volume-2")]
    given = {"asset_ids": assets, "policy_id": sim.id("to-phx"), "kms_key_id": key}
    ran = playbooks.run("backup_policy", {f"backup_policy_{n}": v for n, v in given.items()}, "--check")
    plan = plan_of(ran.stdout)
    assert plan[0] == "2 resources would be changed"
    told = " ".join(" ".join(plan).split())
    assert re.search(r"us-ashburn-1 policy assignments no backup policy to-phx, key-phx for copies 2", told), told
    assert "Backup policy to-phx makes 1 backup a week of each resource" in told
    assert "Dry run, nothing was changed: 2 resources would be changed. Plan and report: " in ran.stdout
    copies = {"backup_ids": [sim.id("backup-1"), sim.id("backup-2")], "destination_region": "phx", "kms_key_id": key}
    playbooks.environment["COLUMNS"] = "60"
    ran = playbooks.run("copy_backups", {f"copy_backups_{n}": v for n, v in copies.items()}, "--check")
    plan = plan_of(ran.stdout)
    assert plan[0] == "2 resources would be changed"
    assert "no copy in us-phoenix-1 -> a copy in us-phoenix-1 with key key-phx" in " ".join(" ".join(plan).split())
    assert sim.counts().get("CopyVolumeBackup", 0) == 0
