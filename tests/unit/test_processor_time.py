# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``make test`` ends with the files that cost the most processor time."""

from __future__ import annotations

import os
import time
from types import SimpleNamespace
from typing import Any

import pytest

from tools import processor_time
from tools.processor_time import STARTING, ProcessorTime, summary, used


def test_the_dearest_come_first_and_no_more_than_ten() -> None:
    spent = {STARTING: 40.0, **{f"tests/test_{number}.py": float(number) for number in range(12)}}

    head, *lines = summary(spent)

    assert head == "Processor time: 106 s, of which 40 s starting and collecting. The dearest files:"
    assert lines[0] == "   11.0 s  tests/test_11.py"
    assert len(lines) == 10
    assert lines[-1] == "    2.0 s  tests/test_2.py"


def test_where_nothing_can_be_counted_nothing_is_said() -> None:
    assert summary({}) == []
    assert summary({STARTING: 0.0, "tests/test_1.py": 0.0}) == []


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="there is no /proc")
def test_what_this_process_uses_is_counted() -> None:
    before, start = used(os.getpid()), time.process_time()
    while time.process_time() < start + 0.05:
        pass

    assert used(os.getpid()) >= before + 0.03


def test_a_process_that_is_not_there_has_used_nothing() -> None:
    assert used(2**22 + 1) == 0


def test_what_is_used_counts_for_the_file_at_whose_end_it_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    readings = iter([5.0, 7.0, 10.5])
    monkeypatch.setattr(processor_time, "used", lambda _pid: next(readings))
    config: Any = SimpleNamespace(workeroutput={})
    plugin = ProcessorTime(config)
    items: list[Any] = [
        SimpleNamespace(path=path, nodeid=f"{path}::test_{number}")
        for number, path in enumerate(["a.py", "a.py", "b.py"])
    ]

    for item, following in zip(items, [*items[1:], None], strict=True):
        steps = plugin.pytest_runtest_protocol(item, following)
        next(steps)
        with pytest.raises(StopIteration):
            next(steps)
    plugin.pytest_sessionfinish()

    assert config.workeroutput == {"processor_time": {STARTING: 5.0, "a.py": 2.0, "b.py": 3.5}}


def test_what_the_workers_hand_on_is_added_up() -> None:
    config: Any = SimpleNamespace()
    plugin = ProcessorTime(config)

    for handed_on in ({"a.py": 1.0}, {"a.py": 2.0, "b.py": 1.5}):
        plugin.pytest_testnodedown(SimpleNamespace(workeroutput={"processor_time": handed_on}))
    plugin.pytest_testnodedown(SimpleNamespace())  # a worker that crashed

    assert plugin.spent == {"a.py": 3.0, "b.py": 1.5}
