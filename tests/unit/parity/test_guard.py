# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the collection has started ends with the run, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from parity import guard, product

LONGEST = 60.0
WORKER = """
import os, signal, subprocess, sys, time
if sys.argv[2] == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()  # as workers of Ansible do
    with open(sys.argv[1], "w") as file:
        file.write(f"{os.getpid()} {os.getppid()}\\n")
time.sleep(600)
"""
"""A process with a child in a session of its own, which writes down both."""
HOLDER = """
import subprocess, sys
process = subprocess.Popen([sys.executable, *sys.argv[1:]], stdin=subprocess.PIPE, start_new_session=True)
process.wait()
"""


def _until(done: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + LONGEST
    while not done():
        assert time.monotonic() < end, what
        time.sleep(0.01)


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.fixture
def worker(tmp_path: Path) -> tuple[list[str], Path]:
    file = tmp_path / "worker.py"
    file.write_text(WORKER)
    return [sys.executable, str(file), str(tmp_path / "pids")], tmp_path / "pids"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems don't tell which processes have lost their parent")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_all_that_a_run_has_started_ends_when_it_is_killed(worker: tuple[list[str], Path], number: int) -> None:
    command, pids = worker
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, guard.__file__, *command, "kind"])
    _until(lambda: pids.exists() and pids.read_text().endswith("\n"), "the worker did not start")
    started = [int(pid) for pid in pids.read_text().split()]
    assert all(_lives(pid) for pid in started)
    os.kill(holder.pid, number)
    holder.wait()
    _until(lambda: not any(_lives(pid) for pid in started), "the worker did not end")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems don't tell which processes have lost their parent")
def test_one_that_does_not_want_to_end_is_killed(
    worker: tuple[list[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    command, pids = worker
    monkeypatch.setattr(guard, "GRACE", 0.1)
    before = set(guard.descendants(os.getpid()))
    process = subprocess.Popen([*command, "stubborn"], start_new_session=True)
    _until(lambda: pids.exists() and pids.read_text().endswith("\n"), "the worker did not start")
    mine = [pid for pid in guard.descendants(os.getpid()) if pid not in before]
    assert set(mine) == {int(pid) for pid in pids.read_text().split()}
    # Only what this test has started.
    monkeypatch.setattr(guard, "descendants", lambda _pid: [pid for pid in mine if _lives(pid)])
    guard.end(process)
    assert not any(_lives(pid) for pid in mine)


def test_the_guard_ends_as_its_command_does() -> None:
    for code in (0, 3):
        command = [sys.executable, guard.__file__, sys.executable, "-c", f"raise SystemExit({code})"]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
            assert process.wait(LONGEST) == code


def test_an_interrupted_run_waits_until_ansible_has_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class StopError(BaseException):
        pass

    class Process:
        def __init__(self, *_args: object, **_options: object) -> None:
            self.stdin = open(os.devnull, "wb")  # noqa: SIM115 - closed by who started it
            self.waits = 0
            started.append(self)

        def wait(self) -> int:
            self.waits += 1
            if self.waits == 1:
                raise StopError
            assert self.stdin.closed
            return 0

    started: list[Process] = []
    monkeypatch.setattr(subprocess, "Popen", Process)
    ansible = product.Ansible(tmp_path, "file", "DEFAULT", by_token=False)
    with pytest.raises(StopError):
        ansible.run("playbook.yml", {})
    assert started[0].waits == 2
