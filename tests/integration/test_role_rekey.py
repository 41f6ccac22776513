# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks rekey and restore_keys, as processes of ansible-playbook."""

from __future__ import annotations

import hashlib
import json
import os
import random
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from integration.support.fleets import tenancy, volumes
from integration.support.harness import furnish, soak
from integration.support.playbook import MARK, CollectionPlaybooks, custom_stats, kill_all_with, recap
from integration.support.rekey_helpers import (
    IAD,
    PHX,
    WRITES,
    keys_in_place,
    make_plan,
    mixed_fleet,
    random_fleet,
    read_plan,
    subjects,
)

from simulator.client import Simulator


@pytest.fixture
def playbooks(sim: Simulator, tmp_path: Path) -> CollectionPlaybooks:
    return CollectionPlaybooks(sim, tmp_path)


def variables(sim: Simulator, **more: Any) -> dict[str, Any]:
    """As a survey of AWX gives them: text, and blanks."""
    return {
        "rekey_kms_key_ids": f"us-ashburn-1={sim.id('key-a')}\nphx={sim.id('key-phx')}",
        "rekey_compartment_ids": sim.id("prod"),
        "rekey_from_kms_key_ids": "",
        "rekey_max_changes": "",
        "rekey_recursive": "true",
        **{f"rekey_{name}": value for name, value in more.items()},
    }


def writes(sim: Simulator) -> int:
    return sum(sim.counts().get(name, 0) for name in WRITES)


def test_plan_run_run_again_and_back(sim: Simulator, playbooks: CollectionPlaybooks) -> None:
    mixed_fleet(
        sim, volumes=[volumes(3, display_name="{{ lookup('pipe', 'touch /tmp/pwned') }}"), volumes(2, name="b")]
    )
    before = keys_in_place(sim)
    sim.reset_counts()

    dry = playbooks.run("rekey", variables(sim), "--check")
    assert dry.returncode == 0, dry.stdout
    look_and_vetting = sim.counts()
    assert (recap(dry.stdout)["changed"], writes(sim)) == (0, 0)
    assert "resources would be changed" in dry.stdout
    assert keys_in_place(sim) == before
    planned = read_plan(playbooks.runs()[0])

    ran = playbooks.run("rekey", {**variables(sim, batch_size="2"), "awx_job_id": 7, "awx_user_name": "alice"})
    assert ran.returncode == 0, ran.stdout
    assert f"{IAD}: block volumes 2-3 of 5, 2 changed, 0 failed, " in ran.stdout
    folder = playbooks.runs()[1]
    assert read_plan(folder)["digest"] == planned["digest"]
    after = keys_in_place(sim)
    assert {name for name in before if before[name] != after[name]} == subjects(planned["entries"])
    report = json.loads((folder / "report.json").read_text())
    assert len(report["changes"]) == len(planned["entries"])
    assert report["plan"]["digest"] == planned["digest"]
    _has_all_its_evidence(sim, report, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    digest = hashlib.sha256((folder / "plan.json").read_bytes()).hexdigest()
    assert digest in json.dumps(manifest)
    assert not Path("/tmp/pwned").exists()

    sim.reset_counts()
    again = playbooks.run("rekey", variables(sim))
    assert again.returncode == 0
    assert recap(again.stdout)["changed"] == 0
    assert all(count <= look_and_vetting.get(name, 0) for name, count in sim.counts().items()), sim.counts()

    undone = set(playbooks.runs())
    back = playbooks.run(
        "restore_keys",
        {
            "restore_keys_report": str(folder / "report.json"),
            "restore_keys_allow_oracle_managed": "yes",
            "restore_keys_approved_by": "Ann Smith",
            "restore_keys_change_ticket": "CHG-8",
        },
    )
    assert back.returncode == 0, back.stdout
    assert keys_in_place(sim) == before
    (of_restore,) = set(playbooks.runs()) - undone
    for document in (read_plan(of_restore), json.loads((of_restore / "report.json").read_text())["plan"]):
        told = document["accountability"]
        assert (told["approved_by"], told["change_ticket"]) == ("Ann Smith", "CHG-8")
    assert sim.needless_puts == 0
    for folder in playbooks.runs():
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


def _has_all_its_evidence(sim: Simulator, report: dict[str, Any], folder: Path) -> None:
    """By whom, when, with what, where it looked, what it knows of the keys, and why it left things out."""
    evidence = report["evidence"]
    assert (evidence["run_id"], evidence["mode"], evidence["auth_type"]) == (folder.name, "run", "api_key")
    assert evidence["tenancy"] == evidence["scanned"]["tenancy"] == sim.id("root")
    assert evidence["principal"].startswith("user ocid1.user.")
    assert evidence["awx"] == {"job_id": "7", "user_name": "alice"}
    assert all(evidence["versions"][name] for name in ("collection", "sdk", "ansible_core", "python"))
    assert evidence["time_started"] < evidence["time_finished"]
    assert all(evidence[name].endswith("Z") for name in ("time_started", "time_finished"))
    assert (evidence["parameters"]["batch_size"], evidence["parameters"]["regions"]) == (2, [IAD, PHX])
    assert (evidence["scanned"]["regions"], report["unreadable"]) == ([IAD, PHX], [])
    assert [row["id"] for row in evidence["scanned"]["compartments"]] == [sim.id("prod")]
    assert {row["id"] for row in report["keys"]} == {sim.id(name) for name in ("key-a", "key-b", "key-phx")}
    for key in report["keys"]:
        told = ("lifecycle_state", "protection_mode", "vault_id", "current_key_version", "age_days")
        assert all(key[name] is not None for name in told), key
    apart = [row for name in ("blocked", "left_alone", "excluded") for row in report["plan"][name]]
    assert apart
    assert all(row["reason"] for row in apart)


@soak
def test_what_a_dry_run_or_another_tenancy_reports_is_not_put_back(
    sim: Simulator, playbooks: CollectionPlaybooks
) -> None:
    furnish(sim, volumes=[volumes(1)])
    assert playbooks.run("rekey", variables(sim), "--check").returncode == 0
    (folder,) = playbooks.runs()
    content = json.loads((folder / "report.json").read_text())
    content["plan"]["dry_run"] = False
    content["evidence"]["tenancy"] = f"ocid1.tenancy.oc1..{'x' * 60}"
    foreign = playbooks.folder / "foreign.json"
    foreign.write_text(json.dumps(content))
    sim.reset_counts()

    for file, told in ((folder / "report.json", "is of a dry run"), (foreign, "but the credentials are for")):
        refused = playbooks.run("restore_keys", {"restore_keys_report": str(file)})
        assert refused.returncode == 2
        assert told in refused.stdout
        assert str(file) in refused.stdout
        assert "Traceback" not in refused.stdout + refused.stderr
    assert sim.counts() == {}


@pytest.mark.parametrize(
    ("given", "faults"),
    [
        pytest.param(
            {"rekey_compartment_ids": "", "rekey_kms_key_ids": ""},
            ["rekey_compartment_ids is not set", "rekey_kms_key_ids is not"],
            marks=soak,
        ),
        (
            {"rekey_compartment_id": "x", "rekey_regions": "us-ashbrn-1"},
            ["did you mean rekey_compartment_ids?", "did you mean us-ashburn-1"],
        ),
        pytest.param({"rekey_state": "absent", "rekey_kms_key_ids": ""}, ["rekey_confirm_oracle_managed"], marks=soak),
        pytest.param(
            {"rekey_from_kms_key_ids": [], "rekey_max_failures": "few"},
            ["is empty", "is not an integer"],
            marks=soak,
        ),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_read(
    sim: Simulator, playbooks: CollectionPlaybooks, given: dict[str, Any], faults: list[str]
) -> None:
    sim.reset_counts()
    ran = playbooks.run("rekey", {**variables(sim), **given})
    assert ran.returncode == 2
    for fault in faults:
        assert fault in ran.stdout
    assert "Traceback" not in ran.stdout + ran.stderr
    assert sim.counts() == {}


@soak
def test_without_a_folder_for_the_report_nothing_is_read(sim: Simulator, playbooks: CollectionPlaybooks) -> None:
    mixed_fleet(sim)
    (playbooks.folder / "reports").write_text("a file")
    ran = playbooks.run("rekey", variables(sim))
    assert ran.returncode == 2
    assert sim.counts() == {}


@soak
def test_a_plan_goes_from_the_dry_run_to_the_job_that_is_approved(
    sim: Simulator, playbooks: CollectionPlaybooks
) -> None:
    furnish(sim, volumes=[volumes(3)])
    dry = playbooks.run("rekey", variables(sim), "--check")
    handed_on = custom_stats(dry.stdout)
    assert len(json.dumps(handed_on)) < 50_000
    sim.change(sim.id("volume-1"), key="key-b")

    other = {f"{name[:-6]}000000": value for name, value in handed_on.items()}
    refused = playbooks.run("rekey", {**variables(sim), **other})
    assert refused.returncode == 2
    assert "nothing was approved for it" in refused.stdout
    ran = playbooks.run("rekey", {**variables(sim), **handed_on})

    assert ran.returncode == 0, ran.stdout
    assert "1 not approved:" in ran.stdout
    keys = [sim.resource(sim.id(f"volume-{number}"))["kmsKeyId"] for number in (1, 2, 3)]
    assert keys == [sim.id(name) for name in ("key-b", "key-a", "key-a")]


@soak
def test_too_much_or_blocked_stops_before_the_start(sim: Simulator, playbooks: CollectionPlaybooks) -> None:
    mixed_fleet(sim)
    ran = playbooks.run("rekey", variables(sim, max_changes=5, fail_on_blocked="yes"))
    assert ran.returncode == 2
    assert "more than rekey_max_changes (5)" in ran.stdout
    assert "rekey_fail_on_blocked is true" in ran.stdout
    assert writes(sim) == 0
    assert (playbooks.runs()[0] / "report.json").exists()


@soak
def test_failures_stop_the_run_and_the_report_tells_them(sim: Simulator, playbooks: CollectionPlaybooks) -> None:
    furnish(sim, volumes=[volumes(9)])
    sim.fault("status", "UpdateVolumeKmsKey", times=None, after=2, status=400, code="InvalidParameter", message="No.")

    ran = playbooks.run("rekey", variables(sim, batch_size=2, max_failures=2))

    assert ran.returncode == 2
    assert "3 resources failed" in ran.stdout
    assert "The run was stopped early" in ran.stdout
    report = json.loads((playbooks.runs()[0] / "report.json").read_text())
    # Two of a batch are changed side by side, so it is not known which of them comes first.
    assert sorted(row["error"] is None for row in report["changes"]) == [False, False, False, True, True]
    assert (playbooks.runs()[0] / "after.json").exists()


def test_a_canary_that_fails_is_the_only_one(sim: Simulator, playbooks: CollectionPlaybooks) -> None:
    furnish(sim, volumes=[volumes(5)])
    sim.fault("status", "UpdateVolumeKmsKey", times=None, status=400, code="InvalidParameter", message="No.")
    ran = playbooks.run("rekey", variables(sim))
    assert ran.returncode == 2
    assert writes(sim) == 1


def _inventory(playbooks: CollectionPlaybooks, hosts: dict[str, dict[str, Any]]) -> str:
    local = {"ansible_connection": "local"}
    file = playbooks.folder / "hosts.yml"
    file.write_text(yaml.safe_dump({"all": {"hosts": {name: {**local, **row} for name, row in hosts.items()}}}))
    return str(file)


@soak
def test_fleets_side_by_side_do_what_their_dry_runs_planned(sim: Simulator, playbooks: CollectionPlaybooks) -> None:
    """Each fleet is a compartment, and in each of two regions a shard: ten of these in all."""
    names = [f"fleet-{number}" for number in range(5)]
    sections: dict[str, Any] = {}
    for number, name in enumerate(names):
        for section, rows in random_fleet(random.Random(number), name, f"{name}-").items():
            sections.setdefault(section, []).extend(rows)
    furnish(sim, compartments=[*tenancy()["compartments"], *names], **sections)
    hosts = {
        f"{region}-{name}": {"shard_region": region, "shard_compartment_id": sim.id(name)}
        for name in names
        for region in (IAD, PHX)
    }
    inventory = ("-i", _inventory(playbooks, hosts), "--forks", "3")
    given = variables(sim, compartment_ids=sim.id("root"), regions="all", canary=0)
    given["target_hosts"] = "all"
    before = keys_in_place(sim)
    make_plan(sim, playbooks.folder / "alone", scope={"compartment_ids": [sim.id("root")]}, canary=0)
    wanted_alone = {
        next(iter(subjects([row]))): row["wanted_kms_key_id"]
        for row in read_plan(playbooks.folder / "alone")["entries"]
    }

    dry = playbooks.run("rekey", given, *inventory, "--check")
    assert dry.returncode == 0, dry.stdout
    assert keys_in_place(sim) == before
    plans = {folder.name[24:]: read_plan(folder) for folder in playbooks.runs() if (folder / "plan.json").exists()}
    assert set(plans) == set(hosts)
    ran = playbooks.run("rekey", given, *inventory)
    assert ran.returncode == 0, ran.stdout

    runs = [folder for folder in playbooks.runs() if (folder / "plan.json").exists()][len(hosts) :]
    assert {folder.name[24:]: read_plan(folder)["digest"] for folder in runs} == {
        host: plan["digest"] for host, plan in plans.items()
    }
    after = keys_in_place(sim)
    planned = {name for plan in plans.values() for name in subjects(plan["entries"])}
    assert {name for name in before if before[name] != after[name]} == planned
    assert {name: after[name] for name in planned} == wanted_alone
    report = json.loads((playbooks.runs()[-1] / "report.json").read_text())
    assert len(report["changes"]) == len(planned)
    assert sim.needless_puts == 0

    alone = playbooks.run("rekey", variables(sim, compartment_ids=sim.id("root")))
    assert recap(alone.stdout)["changed"] == 0
    assert "0 resources will be changed" in alone.stdout


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are found by /proc")
@soak
@pytest.mark.parametrize("enough", [0, 1, 6, 13, 19])
def test_killed_with_all_its_processes_and_started_again(
    sim: Simulator, playbooks: CollectionPlaybooks, enough: int
) -> None:
    furnish(sim, {"latency": 0.01}, volumes=[volumes(16), volumes(4, name="old", key="key-b")])
    before = keys_in_place(sim)
    sim.reset_counts()
    mark = f"{os.getpid()}-{time.monotonic_ns()}"
    process = subprocess.Popen(
        playbooks.command(
            "rekey", {"ansible_python_interpreter": sys.executable, **variables(sim, concurrency=2, batch_size=10)}
        ),
        env={**playbooks.environment, MARK: mark},
        cwd=playbooks.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    latest = time.monotonic() + 120
    while time.monotonic() < latest and process.poll() is None:
        if writes(sim) >= enough and sim.counts().get("ListVolumes", 0):
            break
        time.sleep(0.005)
    kill_all_with(mark)
    process.wait()
    time.sleep(0.3)
    killed = playbooks.runs()[0]

    again = playbooks.run("rekey", variables(sim))
    assert again.returncode == 0, again.stdout
    assert set(keys_in_place(sim).values()) == {sim.id("key-a")}
    assert sim.needless_puts == 0
    assert all(row["rewraps"] <= 1 for row in sim.resources("volume"))

    first = killed if (killed / "plan.json").exists() else playbooks.runs()[1]
    back = playbooks.run("restore_keys", {"restore_keys_report": str(first), "restore_keys_allow_oracle_managed": True})
    assert back.returncode == 0, back.stdout
    assert keys_in_place(sim) == before
    assert sim.needless_puts == 0


@soak
def test_reports_are_not_merged_where_a_shard_failed_before_its_own(
    sim: Simulator, playbooks: CollectionPlaybooks
) -> None:
    furnish(sim, volumes=[volumes(2)])
    hosts = {
        "shard-1": {"shard_region": IAD, "shard_compartment_id": sim.id("prod")},
        "shard-2": {"shard_region": IAD, "shard_compartment_id": "no-such-compartment"},
        "shard-3": {"shard_region": PHX, "shard_compartment_id": sim.id("prod")},
    }
    given = {**variables(sim, regions="all", canary=0), "target_hosts": "all"}
    ran = playbooks.run("rekey", given, "-i", _inventory(playbooks, hosts), "--check")

    assert ran.returncode == 2
    assert "These hosts failed before they wrote a report: shard-2." in ran.stdout
    assert not [folder for folder in playbooks.runs() if folder.name.endswith("localhost")]
