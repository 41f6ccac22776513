# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``make bench`` makes of what it has measured. How fast anything is, is no test."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from benchmark.__main__ import turns
from benchmark.cases import CASES
from benchmark.fleet import fleet
from benchmark.subjects import SUBJECTS, Measured
from benchmark.tables import TARGETS, as_rst, as_text, contests, picture, targets

from simulator.build import build
from simulator.switches import Switches


def taking(*seconds: float, calls: int = 1034) -> Measured:
    return Measured(list(seconds), [1.0], 90.0, {"UpdateVolumeKmsKey": calls})


def test_a_verdict_is_by_the_median() -> None:
    results = {"module": taking(9, 3, 2), "direct": taking(2, 2, 50), "direct-patient": taking(1)}

    assert list(targets([CASES["proxy"]], results)) == [
        ("Through a proxy: time, of that without", "1.20", "1.50", "no")
    ]


def test_calls_count_for_each_volume() -> None:
    results = {name: taking(1000 if name == "loop" else 5) for name in CASES["volumes"].subjects}

    (calls,) = [row for row in targets([CASES["volumes"]], results) if "calls" in row[0]]
    assert calls[1:] == ("1.10", "1.03", "yes")


def test_every_case_measures_who_is_known_and_what_its_targets_need() -> None:
    for case in CASES.values():
        list(targets([case], {name: taking(5.0) for name in case.subjects}))
        assert set(case.subjects) <= SUBJECTS.keys()


@pytest.mark.parametrize("name", SUBJECTS)
def test_every_tenancy_is_one(name: str) -> None:
    build(SUBJECTS[name].tenancy(), Switches({}))


def test_volumes_that_cannot_be_spread_evenly_are_refused() -> None:
    with pytest.raises(ValueError, match="10 volumes can't be spread evenly"):
        fleet(10, regions=3)


def test_subjects_take_turns() -> None:
    assert list(turns(["loop", "module-10000", "module"], None)) == [
        *[(1, "loop"), (1, "module-10000"), (1, "module")],
        *[(2, "module-10000"), (2, "module")],
        (3, "module"),
    ]
    assert [name for _number, name in turns(["module", "one"], 1)] == ["module", "one"]


def test_tables() -> None:
    rows = [("a", "1", "2", "yes"), ("longer", "10", "2", "no")]

    assert as_text(TARGETS, rows).splitlines()[2:] == [
        "a       1        2         yes",
        "longer  10       2         no",
    ]
    assert as_rst(TARGETS, rows).count("  * - ") == 3
    assert [row[1:3] for row in contests({"module": taking(3, 1, 2)})] == [("2.0", "1.0 to 3.0")]


def test_the_picture_has_a_bar_for_each_and_longer_ones_for_longer_times() -> None:
    drawn = picture({"script": taking(90), "module": taking(30), "direct": taking(0.5)}, ["direct", "module", "script"])

    bars = ElementTree.fromstring(drawn).findall(".//{http://www.w3.org/2000/svg}rect")
    lengths = [float(rectangle.attrib["width"]) for rectangle in bars]
    assert lengths[0] == 0
    assert lengths == sorted(lengths)
