# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``make parity-oci`` as a user runs it, on a simulator that is started as if it were OCI.

It is of another realm, with other host names, has resources of other people in the same compartment, and answers of its
own to what nobody knows.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from integration.support.harness import SOAK, soak

from parity.cloud import connect
from parity.product import Ansible, ask_product
from parity.recording import Recorder
from parity.settings import from_file
from parity.sweep import sweep
from parity.testbed import Testbed
from simulator.client import Simulator

TESTS = Path(__file__).parents[1]
NEAR, FAR = "ap-chiyoda-1", "ap-ibaraki-1"
FLEET: dict[str, Any] = {
    "tenancy": "bank",
    "regions": [NEAR, FAR],
    "compartments": ["lab"],
    "vaults": [
        {"name": "near", "region": NEAR, "compartment": "lab"},
        {"name": "far", "region": FAR, "compartment": "lab"},
    ],
    "keys": [
        {"name": "key-a", "vault": "near"},
        {"name": "key-b", "vault": "near"},
        {"name": "key-far", "vault": "far"},
        {"name": "rsa", "vault": "near", "algorithm": "RSA"},
        {"name": "disabled", "vault": "near", "state": "DISABLED"},
        {"name": "dying", "vault": "near", "state": "PENDING_DELETION"},
        {"name": "no-grant", "vault": "near", "service_may_use": False},
    ],
    "volumes": [{"name": "theirs-{n}", "count": 2, "region": NEAR, "compartment": "lab", "key": "key-b"}],
    "boot_volumes": [
        {"name": "their-boot", "region": NEAR, "compartment": "lab"},
        {"name": "their-boot-with-key", "region": NEAR, "compartment": "lab", "key": "key-a"},
    ],
    "volume_backups": [{"name": "their-backup", "of": "theirs-1", "key": "key-b"}],
    "volume_backup_policies": [{"name": "weekly", "region": NEAR, "compartment": "lab", "destination_region": FAR}],
    "policy_assignments": [{"asset": "theirs-1", "policy": "weekly"}],
}
OPTIONAL = {
    "rsa_key": "rsa",
    "disabled_key": "disabled",
    "pending_deletion_key": "dying",
    "key_without_grant": "no-grant",
    "boot_volume_id": "their-boot-with-key",
    "boot_volume_without_key_id": "their-boot",
}
LONGEST = 600.0
SOME = """
import json, sys
import parity.__main__ as program
names = json.loads(sys.argv.pop(1))
program.ALL = {name: program.ALL[name] for name in names}
sys.exit(program.main())
"""
"""The program with these probes alone."""
TIMED = {"copy_shows", "states_of_a_change", "same_key_put", "when_a_key_shows"}
"""On a busy machine, a change of a twentieth of a second may be over before it is looked at. ``make parity`` asks these
on a clock of its own."""


class Tenancy:
    """The simulator, and the program beside it."""

    def __init__(self, sim: Simulator, folder: Path) -> None:
        self.sim = sim
        self.folder = folder
        self.before = {row["id"]: row for row in sim.resources()}
        #: The probes that are asked; all of them if it is not set.
        self.probes: list[str] | None = None
        self.settings = folder / "settings.yml"
        names = {
            "compartment_id": "lab",
            "key_a": "key-a",
            "key_b": "key-b",
            "key_elsewhere": "key-far",
            "policy_id": "weekly",
        }
        given: dict[str, Any] = {name: sim.id(value) for name, value in names.items()}
        times = {"poll_seconds": 0.02, "patience_seconds": 60.0, "late_seconds": 0.2}
        self.settings.write_text(json.dumps({**given, "region_elsewhere": FAR, **times}))
        self.environment = {**os.environ, **sim.environment(), "PYTHONPATH": str(TESTS)}

    def command(self, name: str, *flags: str) -> list[str]:
        where = ["--config", self.environment["OCI_CONFIG_FILE"], "--settings", str(self.settings)]
        where += ["--results", str(self.folder / "results")]
        program = ["-m", "parity"] if self.probes is None else ["-c", SOME, json.dumps(self.probes)]
        return [sys.executable, *program, name, *where, *flags]

    def run(self, name: str, *flags: str, answer: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(name, *flags),
            env=self.environment,
            input=answer,
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST,
        )

    def result(self) -> dict[str, Any]:
        (file,) = (self.folder / "results").glob("parity-*.json")
        content: dict[str, Any] = json.loads(file.read_text())
        return content

    def verdicts(self) -> dict[str, str]:
        return {row["probe"]: row["verdict"] for row in self.result()["findings"]}

    def assert_nothing_left(self) -> None:
        now = {row["id"]: row for row in self.sim.resources() if row["kind"] != "work_request"}
        living = [row["name"] for ident, row in now.items() if ident not in self.before and _lives(row)]
        assert living == []
        assert {ident: now[ident] for ident in self.before} == self.before


def _lives(row: dict[str, Any]) -> bool:
    return row.get("lifecycleState") not in ("TERMINATED", "TERMINATING")


@pytest.fixture
def tenancy(shared_simulator: Simulator, tmp_path: Path) -> Iterator[Tenancy]:
    shared_simulator.reset(FLEET)
    shared_simulator.set(kms_rate=0, copy_settle=0.1)
    (tmp_path / ".oci-keys-reports").touch()
    yield Tenancy(shared_simulator, tmp_path)
    shared_simulator.reset()


@soak
def test_a_whole_run_with_the_collection_itself(tenancy: Tenancy) -> None:
    """What differs is said to, the rest is as assumed, and nobody else's resource is touched."""
    tenancy.sim.set(key_visible="at_put", unusable_key_code="400", trailing_empty_page="on", settle=0.3)
    tenancy.sim.set(copy_visible="late", boot_list_without_domain="refused")
    given = {name: tenancy.sim.id(value) for name, value in OPTIONAL.items()}
    settings = json.loads(tenancy.settings.read_text())
    tenancy.settings.write_text(json.dumps(settings | given | {"retention": True, "replicas": True}))
    ran = tenancy.run("oci", "--yes")

    assert ran.returncode == 0, ran.stdout + ran.stderr
    content = tenancy.result()
    differs = {row["probe"] for row in content["findings"] if row["verdict"] == "differs"} - TIMED
    assert differs == {
        "boot_volumes_without_domain",
        "disabled_key",
        "dying_key",
        "key_of_another_region",
        "key_without_grant",
        "last_page",
    }
    assert "when_a_key_shows" not in {row["probe"] for row in content["findings"] if row["verdict"] == "as assumed"}
    assert {row["what"]: row["verdict"] for row in content["product"]} == dict.fromkeys(
        (
            "volume_kms_key",
            "backup_kms_key",
            "backup_policy_crossregion_key",
            "backup_copy",
            "rekey and restore_keys",
            "encryption_report",
        ),
        "as assumed",
    )
    assert "0.14 GB-months" in ran.stdout
    tenancy.assert_nothing_left()


class _Idle(Ansible):
    """Says that all went as it should, and does nothing."""

    def four(self, name: str, module: str, options: dict[str, Any]) -> str:
        return "changed in check mode, changed, ok, ok in check mode"


def test_the_collection_is_believed_only_as_far_as_the_sdk_sees_it(tenancy: Tenancy) -> None:
    file = tenancy.environment["OCI_CONFIG_FILE"]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in tenancy.sim.environment().items():
            patch.setenv(name, value)
        settings = from_file(tenancy.settings)
        cloud = connect(file, "DEFAULT", Recorder())
        bed = Testbed(cloud, settings, "0123abcd")
        honest = ask_product("volume_kms_key", bed, Ansible(tenancy.folder / "run", file, "DEFAULT", by_token=False))
        idle = ask_product("volume_kms_key", bed, _Idle(tenancy.folder / "idle", file, "DEFAULT", by_token=False))
        sweep(cloud, settings, "0123abcd")

    assert honest["verdict"] == "as assumed", honest
    assert (idle["verdict"], idle["seen"].partition("; ")[2]) == ("differs", "the SDK sees another key")
    tenancy.assert_nothing_left()


def test_nothing_is_made_unless_somebody_agrees(tenancy: Tenancy) -> None:
    for answer in ("no\n", ""):
        assert tenancy.run("oci", answer=answer).returncode == 1
    lists = {"ListVolumes", "ListVolumeGroups", "ListVolumeBackups", "ListBootVolumeBackups"}
    assert set(tenancy.sim.counts()) <= lists


CASES = [("UpdateVolumeKmsKey", 0, 404, "NotAuthorizedOrNotFound")]
MORE_CASES = [
    ("CreateVolume", 1, 400, "QuotaExceeded"),
    ("CreateVolume", 0, 400, "QuotaExceeded"),
    ("CreateVolumeBackup", 1, 400, "QuotaExceeded"),
    ("CopyVolumeBackup", 0, 400, "QuotaExceeded"),
    ("GetVolumeKmsKey", 0, 404, "NotAuthorizedOrNotFound"),
    ("CreateVolumeBackupPolicyAssignment", 0, 404, "NotAuthorizedOrNotFound"),
    ("SearchResources", 0, 404, "NotAuthorizedOrNotFound"),
]


@pytest.mark.parametrize(
    ("operation", "after", "status", "code"), [*CASES, *(pytest.param(*case, marks=soak) for case in MORE_CASES)]
)
def test_what_runs_out_or_is_not_permitted_is_skipped_or_unknown(
    tenancy: Tenancy, operation: str, after: int, status: int, code: str
) -> None:
    settings = json.loads(tenancy.settings.read_text())
    tenancy.settings.write_text(json.dumps(settings | {"patience_seconds": 3.0}))
    tenancy.sim.fault("status", operation, times=None, after=after, status=status, code=code)
    ran = tenancy.run("oci", "--yes", "--no-product")

    assert ran.returncode == 0, ran.stdout + ran.stderr
    verdicts = tenancy.verdicts()
    assert {name for name, verdict in verdicts.items() if verdict == "differs"} <= TIMED, ran.stdout
    assert "Traceback" not in ran.stderr
    assert sum(verdict in ("skipped", "unknown") for verdict in verdicts.values()) > 15
    asked = [row["probe"] for row in tenancy.result()["findings"] if code in row["seen"] or str(status) in row["seen"]]
    assert asked
    tenancy.assert_nothing_left()


def test_a_run_that_may_not_delete_names_what_is_left(tenancy: Tenancy) -> None:
    settings = json.loads(tenancy.settings.read_text())
    tenancy.settings.write_text(json.dumps(settings | {"patience_seconds": 3.0}))
    tenancy.probes = ["key_of_new_backup"]
    tenancy.sim.fault("status", "DeleteVolume", times=None, status=404, code="NotAuthorizedOrNotFound")
    ran = tenancy.run("oci", "--yes", "--no-product")
    left = [row["id"] for row in tenancy.sim.resources("volume") if row["id"] not in tenancy.before and _lives(row)]

    assert ran.returncode == 3
    assert left
    assert all(ident in ran.stderr for ident in left)
    # Another run does not begin beside the remains.
    again = tenancy.run("oci", "--yes", "--no-product")
    assert again.returncode == 1
    assert "make parity-clean" in again.stderr
    tenancy.sim.clear_faults()
    assert tenancy.run("clean", "--yes").returncode == 0
    tenancy.assert_nothing_left()


def _started(tenancy: Tenancy, calls: int, *flags: str) -> subprocess.Popen[str]:
    """The program, as soon as it has made so many calls, wherever that is."""
    process = subprocess.Popen(
        tenancy.command("oci", "--yes", *flags),
        env=tenancy.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    end = time.monotonic() + LONGEST
    while sum(tenancy.sim.counts().values()) < calls and process.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.005)
    return process


def _moments(count: int) -> list[int]:
    return random.Random("kill").sample(range(8, 500), count)


@pytest.mark.parametrize("calls", _moments(24 if SOAK else 1))
def test_a_killed_run_is_cleaned_up_by_another_process(tenancy: Tenancy, calls: int) -> None:
    # Late enough for the first look not to see it.
    tenancy.sim.set(copy_visible="late", copy_settle=0.3)
    process = _started(tenancy, calls, "--no-product")
    process.kill()
    process.communicate()
    ran = tenancy.run("clean", "--yes")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    tenancy.assert_nothing_left()


@soak
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_deletes_what_it_made_and_says_what_it_saw(tenancy: Tenancy, number: int) -> None:
    process = _started(tenancy, 150, "--no-product")
    os.kill(process.pid, number)
    output, _none = process.communicate(timeout=LONGEST)

    assert process.returncode == 2, output
    assert "Traceback" not in output
    reasons = {row["seen"] for row in tenancy.result()["findings"] if row["verdict"] == "skipped"}
    assert "the run was interrupted" in reasons
    tenancy.assert_nothing_left()


def _of_the_run(tenancy: Tenancy) -> list[str]:
    """The command lines of living processes that work on this tenancy."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = file.read_text(errors="replace").replace("\0", " ")
            if str(tenancy.folder) in words:
                found.append(words)
    return found


#: How far the collection has come: in the first module, in the copy, in the rekey.
PRODUCT_MOMENTS = [20, 40, 90, 130, 170]
EARLY = 25


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked for in /proc")
@pytest.mark.parametrize(
    ("number", "calls"),
    [
        (signal.SIGKILL, EARLY),
        *(
            pytest.param(number, calls, marks=soak)
            for number in (signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
            for calls in PRODUCT_MOMENTS
        ),
    ],
)
def test_a_run_that_is_ended_while_the_collection_works_leaves_neither_resources_nor_processes(
    tenancy: Tenancy, number: int, calls: int
) -> None:
    tenancy.probes = []
    process = _started(tenancy, calls)
    (log,) = (tenancy.folder / "results").glob("*/ansible.log")
    assert process.poll() is None
    ended = log.read_text().count("PLAY RECAP")
    os.kill(process.pid, number)
    output, _none = process.communicate(timeout=LONGEST)
    assert "Traceback" not in output
    if number == signal.SIGKILL:
        end = time.monotonic() + LONGEST
        while left := _of_the_run(tenancy):
            assert time.monotonic() < end, left
            time.sleep(0.05)
        if calls == EARLY:
            # It has not come to its end by itself.
            assert (ended, log.read_text().count("PLAY RECAP")) == (0, 0)
        assert tenancy.run("clean", "--yes").returncode == 0
    else:
        assert process.returncode == 2, output
        assert _of_the_run(tenancy) == []
    tenancy.assert_nothing_left()


@soak
def test_a_signal_while_it_deletes_does_not_stop_that(tenancy: Tenancy) -> None:
    process = _started(tenancy, 8, "--no-product")
    end = time.monotonic() + LONGEST
    while "DeleteVolumeGroup" not in tenancy.sim.counts():
        assert time.monotonic() < end
        assert process.poll() is None
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGTERM)
    output, _none = process.communicate(timeout=LONGEST)
    # How deleted volumes are listed is asked at the very end, and is all that is missing.
    assert process.returncode == 2, output
    assert [line.split()[0] for line in output.splitlines() if "the run was interrupted" in line] == [
        "deleted_volume_rows"
    ]
    tenancy.assert_nothing_left()


def test_a_wrong_profile_or_setting_is_an_error_without_a_traceback(tenancy: Tenancy) -> None:
    tenancy.settings.write_text("compartment_id: x\n")
    ran = tenancy.run("oci", "--yes")
    assert (ran.returncode, "lack key_a, key_b" in ran.stderr, "Traceback" in ran.stderr) == (1, True, False)
    ran = tenancy.run("oci", "--yes", "--profile", "NOBODY")
    assert (ran.returncode, "Traceback" in ran.stderr) == (1, False)
