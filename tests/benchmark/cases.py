# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is compared with what, and what it should come to."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

from benchmark.subjects import CLI, Measured

Results = Mapping[str, Measured]


@dataclass(frozen=True)
class Target:
    """A number that should be at most so large."""

    what: str
    value: Callable[[Results], float]
    most: float


@dataclass(frozen=True)
class Case:
    """Subjects that are measured by turns, and the targets that they are to meet."""

    subjects: tuple[str, ...]
    targets: tuple[Target, ...] = ()


def ratio(one: str, other: str) -> Callable[[Results], float]:
    """The time of one as a part of the other's."""
    return lambda results: median(results[one].seconds) / median(results[other].seconds)


def _calls_per_volume(results: Results) -> float:
    return sum(results["module"].calls.values()) / 1000


_HAS_CLI = bool(shutil.which("oci", path=os.pathsep.join([str(CLI), os.environ["PATH"]])))

CASES = {
    "volumes": Case(
        ("module", "script", "patient", "loop", *(("cli",) if _HAS_CLI else ())),
        (
            Target("1,000 volumes to another key: time, of a good script's", ratio("module", "script"), 0.6),
            Target("the same: of one that makes all PUTs before all GETs", ratio("module", "patient"), 0.6),
            Target("the same: time, of a loop's over one volume at a time", ratio("module", "loop"), 1 / 40),
            Target("the same: API calls per volume", _calls_per_volume, 1.1),
        ),
    ),
    "one": Case(("one", "bare"), (Target("One volume: time, of a bare module's", ratio("one", "bare"), 1.15),)),
    "converged": Case(
        ("discovery", "lists"),
        (
            Target(
                "Looking at 10,000 volumes: time, of the bare list calls'",
                ratio("discovery", "lists"),
                1.1,
            ),
        ),
    ),
    "proxy": Case(
        ("module", "direct", "direct-patient"),
        (Target("Through a proxy: time, of that without", ratio("module", "direct"), 1.2),),
    ),
    "growth": Case(
        ("module", "module-10000", "patient-10000"),
        (
            Target(
                "10,000 volumes to another key: of that script that makes all PUTs first",
                ratio("module-10000", "patient-10000"),
                0.6,
            ),
            Target("10,000 volumes: time, of that for 1,000", ratio("module-10000", "module"), 10.5),
            Target("10,000 volumes: memory in MB", lambda results: results["module-10000"].peak, 350),
        ),
    ),
    "role": Case(
        ("module", "role", "role-in-one"),
        (Target("The role rekey for 1,000 volumes: time, of the module's", ratio("role", "module"), 2.0),),
    ),
    "scale": Case(
        (
            "start",
            "module-100",
            "module",
            "module-10000",
            "again-100",
            "again-1000",
            "again-10000",
            "all-10000",
            "regions-3",
            "regions-10",
        )
    ),
}
