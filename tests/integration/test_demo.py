# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``make demo`` does what it says, and leaves nothing running however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from integration.support.harness import soak

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "tests" / "demo" / "demo.py"
MARK = "OCI_KEYS_TEST_OF_DEMO"


@pytest.fixture
def mark() -> str:
    """A variable that the demo hands down, so that what it leaves running can be found."""
    return f"{os.getpid()}-{time.monotonic_ns()}"


def _start(mark: str, folder: Path, *flags: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(DEMO), "--folder", str(folder), *flags],
        env={**os.environ, "TMPDIR": str(folder), MARK: mark},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def _left_over(mark: str, folder: Path) -> list[str]:
    """The command lines of the demo's processes: those with the mark, or with its folder as home or as an argument."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment, command = (process / "environ").read_bytes(), (process / "cmdline").read_bytes()
        except OSError:
            continue
        marks = {f"{MARK}={mark}".encode(), f"HOME={folder}".encode()}
        if marks & set(environment.split(b"\0")) or str(folder).encode() in command:
            found.append(command.replace(b"\0", b" ").decode())
    return found


@soak
def test_the_story_is_told_to_its_end(mark: str, tmp_path: Path) -> None:
    with _start(mark, tmp_path) as process:
        output, _errors = process.communicate(timeout=1800)

    assert process.returncode == 0, output
    recaps = [line for line in output.splitlines() if "changed=" in line and "ok=" in line]
    assert ["failed=0" in line and "changed=0" not in line for line in recaps] == [True, True]
    assert output.count("us-ashburn-1    block volumes") == 2
    assert "us-ashburn-1    block volumes             15 -> 0" in output
    assert "us-ashburn-1: block volumes 2-21 of 21, 20 changed, 0 failed" in output
    assert "Back on its former key: everything. Needless re-encryptions: 0" in output
    assert len(output.splitlines()) < 150
    page = output.split("for a browser: ")[1].split("\n")[0]
    assert "<html" in Path(page).read_text()
    assert "Traceback" not in output
    assert _left_over(mark, tmp_path) == []


@soak
def test_what_make_shows_is_under_150_lines() -> None:
    """With .venv there already. Ansible's lines are all among them."""
    ran = subprocess.run(
        ["make", "--no-print-directory", "demo"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=1800
    )
    shown = ran.stdout + ran.stderr
    assert ran.returncode == 0, shown
    assert len(shown.splitlines()) < 150, shown
    assert shown.count("PLAY RECAP") == 2
    assert "skipping" not in shown


@soak
def test_the_commands_that_it_prints_work_on_the_simulator_that_is_kept(mark: str, tmp_path: Path) -> None:
    with _start(mark, tmp_path, "--keep") as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("The simulated OCI stays until Ctrl-C"):
                break
        enter, *commands = [process.stdout.readline().strip() for _number in range(4)]
        shown = [
            subprocess.run(
                ["sh", "-c", f"{enter} && {command}"],
                cwd=ROOT,
                env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LANG": "C.UTF-8"},
                capture_output=True,
                text=True,
                check=False,
                timeout=600,
            )
            for command in commands
        ]
        process.send_signal(signal.SIGINT)
        output = process.stdout.read()

    for ran in shown:
        assert ran.returncode == 0, ran.stdout + ran.stderr
    report, dry_run, key = (ran.stdout for ran in shown)
    assert "The report is in" in report
    assert "Dry run, nothing was changed" in dry_run
    assert "bank-key-2026" in key
    assert process.returncode == 0, output
    assert "The simulated OCI is stopped." in output
    assert _left_over(mark, tmp_path) == []


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are found by /proc")
@pytest.mark.parametrize(
    "number",
    [signal.SIGINT, pytest.param(signal.SIGTERM, marks=soak)],
    ids=lambda number: getattr(number, "name", None),
)
def test_nothing_is_left_running_when_it_is_stopped(mark: str, tmp_path: Path, number: signal.Signals) -> None:
    with _start(mark, tmp_path) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("PLAY ["):
                break
        time.sleep(1)
        assert any("ansible-playbook" in command for command in _left_over(mark, tmp_path))
        process.send_signal(number)
        output = process.stdout.read()

    assert process.returncode == 130
    assert "Nothing is left running" in output
    deadline = time.monotonic() + 30
    while _left_over(mark, tmp_path) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert _left_over(mark, tmp_path) == []
