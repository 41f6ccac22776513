# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``make bench``: measures, prints the tables, and writes them and a picture to .cache/benchmark."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [path for path in (str(ROOT / "tests"), str(ROOT)) if path not in sys.path]

from benchmark.cases import CASES  # noqa: E402
from benchmark.fleet import fleet  # noqa: E402
from benchmark.subjects import LATENCY, SETTLE, SUBJECTS, Measured, Stage, measure  # noqa: E402
from benchmark.tables import CONTESTS, TARGETS, as_rst, as_text, contests, picture, targets  # noqa: E402
from simulator.client import Simulator  # noqa: E402

GUIDE = ROOT / "docs" / "docsite" / "rst" / "guide_speed.rst"
BEGIN, END = ".. What follows is written by make bench.", ".. What precedes is written by make bench."
PICTURED = ("direct", "module", "direct-patient", "patient", "script", "role-in-one", "role", "cli", "loop")

# Measured once for nothing, so that Python has compiled what all of them import.
_WARM_UP = ("one", "bare")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"{', '.join(CASES)}; default: all")
    parser.add_argument("--rounds", type=int, help="at most so many of each subject")
    parser.add_argument("--guide", action="store_true", help=f"write the tables into {GUIDE.name} too")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.cases) - set(CASES))
    if unknown:
        parser.error(f"there is no case {', '.join(unknown)}; there are {', '.join(CASES)}")
    cases = [CASES[name] for name in arguments.cases or CASES]
    folder = ROOT / ".cache" / "benchmark"
    (folder / "work").mkdir(parents=True, exist_ok=True)
    results = _measure_all(dict.fromkeys(name for case in cases for name in case.subjects), folder, arguments.rounds)
    verdicts, rows = list(targets(cases, results)), list(contests(results))
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    circumstances = f"The load of the machine was {load} at the end, on {len(os.sched_getaffinity(0))} processors."
    print(f"\n{as_text(CONTESTS, rows)}\n\n{as_text(TARGETS, verdicts)}\n\n{circumstances}")
    drawn = picture(results, PICTURED)
    _write(folder / "results.json", json.dumps({name: asdict(one) for name, one in results.items()}, indent=1))
    _write(folder / "tables.txt", f"{as_text(CONTESTS, rows)}\n\n{as_text(TARGETS, verdicts)}\n")
    _write(folder / "seconds.svg", drawn)
    if arguments.guide:
        _write_guide(drawn, as_rst(TARGETS, verdicts), as_rst(CONTESTS, rows), circumstances)
    return 0


def _measure_all(names: dict[str, None], folder: Path, most: int | None) -> dict[str, Measured]:
    """Every subject once, then every one of those that are measured again, and so on: so all have the same luck."""
    cpus = sorted(os.sched_getaffinity(0))
    results = {name: Measured() for name in names}
    began = time.monotonic()
    with Simulator.start(fleet(1), settle=SETTLE, latency=LATENCY, cpu=cpus[0]) as simulator:
        stage = Stage(simulator, folder / "work", cpus[-1])
        for name in _WARM_UP:
            measure(SUBJECTS[name], stage, Measured())
        for number, name in turns(list(names), most):
            measure(SUBJECTS[name], stage, results[name])
            taken = results[name]
            told = f"{taken.seconds[-1]:.1f} s, of which {taken.processor[-1]:.1f} s of processor"
            print(f"{time.monotonic() - began:6.0f} s  round {number}: {SUBJECTS[name].what}: {told}", flush=True)
    return results


def turns(names: list[str], most: int | None) -> Iterator[tuple[int, str]]:
    """Who is measured when: the number of the round, and the name of the subject."""
    number = 0
    while names:
        number += 1
        for name in names:
            yield number, name
        names = [name for name in names if number < min(SUBJECTS[name].rounds, most or sys.maxsize)]


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    print(f"{path.relative_to(ROOT)} is written")


def _write_guide(drawn: str, *blocks: str) -> None:
    before, _begin, rest = GUIDE.read_text(encoding="utf-8").partition(BEGIN)
    _old, _end, after = rest.partition(END)
    image = "\n".join([".. raw:: html", "", *(f"  {line}" for line in drawn.splitlines())])
    _write(GUIDE, "\n\n".join([before + BEGIN, image, *blocks, END + after]))


if __name__ == "__main__":
    # Stopped by another program, it takes along what it has started, as on Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
