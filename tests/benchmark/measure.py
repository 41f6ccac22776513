# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a program on one processor, and tells what it took."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic


class FailedError(Exception):
    """A program that was to be measured has not done its work."""


@dataclass(frozen=True)
class Spent:
    """Seconds on the wall, seconds of processor with all children, and the memory of the largest process in MB."""

    seconds: float
    processor: float
    peak: float


def run(command: Sequence[str], environment: Mapping[str, str], folder: Path, cpu: int) -> tuple[Spent, str]:
    """What it took, and what was printed. Raises FailedError where it fails."""
    log = folder / "log"
    with log.open("wb") as output:
        began = monotonic()
        process = subprocess.Popen(
            ["taskset", "--cpu-list", str(cpu), *command],
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _pid, status, used = os.wait4(process.pid, 0)
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise
        seconds = monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    printed = log.read_text(encoding="utf-8", errors="replace")
    if process.returncode:
        raise FailedError(f"{command[0]} ended with {process.returncode}: {printed[-2000:]}")
    return Spent(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024), printed
