# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names the files of tests that cost the most processor time, above pytest's last line.

Counted is what pytest's processes use and all that they have started: simulators, modules, ansible-playbook.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

SHOWN = 10
STARTING = "starting and collecting"
_TICKS = os.sysconf("SC_CLK_TCK")
_UTIME, _CSTIME = 11, 15
"""Where in ``/proc/PID/stat``, after the name, stands what a process and its ended children have used (man 5 proc)."""


def used(pid: int) -> float:
    """The seconds of this process, its descendants, and those of them that have ended. 0 where there is no /proc."""
    ticks = 0
    processes = [pid]
    while processes:
        folder = Path("/proc") / str(processes.pop())
        try:
            fields = (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            ticks += sum(map(int, fields[_UTIME:_CSTIME]))
            for thread in (folder / "task").iterdir():
                processes += map(int, (thread / "children").read_text(encoding="ascii").split())
        except OSError:
            continue  # it has ended meanwhile, and its parent tells of it the next time
    return ticks / _TICKS


class ProcessorTime:
    """A plugin of pytest, and of each of pytest-xdist's workers, which hand on what they have counted."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._counted = 0.0
        self.spent: dict[str, float] = {}

    def _count(self, what: str) -> None:
        now = used(os.getpid())
        self._add(what, max(now - self._counted, 0.0))
        self._counted = now

    def _add(self, what: str, seconds: float) -> None:
        self.spent[what] = self.spent.get(what, 0.0) + seconds

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
        if not self.spent:
            self._count(STARTING)
        try:
            return (yield)
        finally:
            # Looked at between files only, which costs next to nothing.
            if nextitem is None or nextitem.path != item.path:
                self._count(item.nodeid.partition("::")[0])

    def pytest_sessionfinish(self) -> None:
        handed_on: dict[str, Any] | None = getattr(self._config, "workeroutput", None)
        if handed_on is not None:
            handed_on["processor_time"] = dict(self.spent)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        for what, seconds in getattr(node, "workeroutput", {}).get("processor_time", {}).items():
            self._add(what, seconds)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for line in summary(self.spent):
            terminalreporter.write_line(line)


def summary(spent: Mapping[str, float]) -> list[str]:
    """One line for all, and one for each of the dearest files; none if nothing was counted."""
    total = sum(spent.values())
    if not total:
        return []
    files = sorted((-seconds, name) for name, seconds in spent.items() if name != STARTING)[:SHOWN]
    head = f"Processor time: {total:.0f} s, of which {spent.get(STARTING, 0.0):.0f} s {STARTING}. The dearest files:"
    return [head, *(f"{-seconds:7.1f} s  {name}" for seconds, name in files)]
