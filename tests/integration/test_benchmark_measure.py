# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``make bench`` measures of a process."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from benchmark.measure import FailedError, run

CPU = max(os.sched_getaffinity(0))


def test_what_a_program_takes(tmp_path: Path) -> None:
    program = "data = bytearray(50_000_000); sum(range(300_000)); print('done')"

    spent, printed = run([sys.executable, "-c", program], os.environ, tmp_path, CPU)

    assert printed == "done\n"
    assert spent.peak > 50
    assert spent.processor > 0


def test_a_program_that_fails_is_no_measurement(tmp_path: Path) -> None:
    with pytest.raises(FailedError, match="no such luck"):
        run([sys.executable, "-c", "raise SystemExit('no such luck')"], os.environ, tmp_path, CPU)
