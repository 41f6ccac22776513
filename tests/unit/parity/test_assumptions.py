# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing that is assumed about OCI goes without a probe, or a reason for having none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from parity.assumptions import ASSUMPTIONS, NOT_ASKED, Assumption
from parity.catalog import ALL

LINES = (Path(__file__).parents[3] / "docs" / "oci_semantics.md").read_text().splitlines()
BODY = LINES[LINES.index("## 0. Twenty facts not to get wrong") :]
#: Sections that only hold others.
PARENTS = {"0", "1"}


def sections() -> set[str]:
    """The numbers of all sections, and those of the facts of section 0."""
    found, section = {"introduction"}, ""
    for line in BODY:
        if heading := re.match(r"##+ (?:(\d+(?:\.\d+)?)\b|Appendix ([A-Z]))", line):
            section = heading[1] or f"appendix {heading[2]}"
            found.add(section)
        elif section == "0" and (fact := re.match(r"(\d+)\. ", line)):
            found.add(f"0.{fact[1]}")
    return found - PARENTS


def assumed() -> list[str]:
    return [line for line in BODY if re.search(r"\[(unknown|inferred|conflict)\b", line)]


def test_every_section_has_a_probe_or_a_reason() -> None:
    asked = {section for one in ALL.values() for section in one.sections}
    assert asked | set(NOT_ASKED) == sections()
    # What is asked needs no reason.
    assert not asked & set(NOT_ASKED)
    assert len(sections()) > 45


def test_every_line_that_is_assumed_has_a_probe_or_a_reason() -> None:
    without = [line for line in assumed() if not any(one.quote in line for one in ASSUMPTIONS)]
    assert without == []
    assert len(assumed()) > 25


@pytest.mark.parametrize("one", ASSUMPTIONS, ids=lambda one: one.quote[:30])
def test_an_assumption_is_one_line_and_has_probes_or_a_reason(one: Assumption) -> None:
    assert sum(one.quote in line for line in assumed()) == 1
    assert bool(one.probes) != bool(one.why_not)
    assert set(one.probes) <= set(ALL)


def test_the_guide_names_each_setting() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "docsite" / "rst" / "guide_parity.rst").read_text()
    assert [need for one in ALL.values() for need in one.needs if need not in guide] == []
