# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a command, and ends whatever that has started as soon as nobody holds the other end of the standard input.

A process that is killed can't end what it started. So it starts this one, in a session of its own, with a pipe that
the system closes in any case. Workers of Ansible have sessions of their own, so a group of processes is not enough: on
Linux, those whose parents have ended become children of the guard, and are found there.

It is run as a file, and needs nothing but the standard library.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_PROC = Path("/proc")
#: How long those that are asked to end have for that.
GRACE = 5.0


def _adopt() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def descendants(pid: int) -> list[int]:
    """The living children of a process, theirs and so on; empty where the system doesn't tell."""
    children: dict[int, list[int]] = defaultdict(list)
    for entry in _PROC.glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            # The name in brackets may hold blanks and brackets.
            state, parent = entry.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[:2]
            if state != "Z":
                children[int(parent)].append(int(entry.parent.name))
    found: list[int] = []
    todo = [pid]
    while todo:
        more = children.get(todo.pop(), [])
        found += more
        todo += more
    return found


def _signal(group: int, number: int) -> None:
    for pid in descendants(os.getpid()):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def end(process: subprocess.Popen[bytes]) -> None:
    """Ends the command and all that it has started, kindly first."""
    last = time.monotonic() + GRACE
    _signal(process.pid, signal.SIGTERM)
    while time.monotonic() < last and (process.poll() is None or descendants(os.getpid())):
        time.sleep(0.05)
    while process.poll() is None or descendants(os.getpid()):
        _signal(process.pid, signal.SIGKILL)
        time.sleep(0.05)


def main(command: list[str]) -> int:
    """The exit code of the command."""
    _adopt()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    alone = threading.Event()

    def watch() -> None:
        while os.read(0, 64):
            pass
        alone.set()
        end(process)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    code = process.wait()
    if alone.is_set():
        watcher.join()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
