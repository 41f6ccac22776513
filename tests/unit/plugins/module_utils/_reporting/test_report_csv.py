# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.report_csv import cell, csv_table


@pytest.mark.parametrize("start", ["=", "+", "-", "@", " =", "\uff1d", "\uff20"])
def test_a_cell_is_no_formula(start: str) -> None:
    assert cell(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (";=1+1", ";'=1+1"),
        ("a; -1", "a;' -1"),
        ('a";"=1+1', 'a";\'"=1+1'),
        ("a\t=1+1", "a\\u0009=1+1"),
        ("a;b;@SUM(A1)", "a;b;'@SUM(A1)"),
        ("a;\uff1d1", "a;'\uff1d1"),
        ("\ufe66cmd", "'\ufe66cmd"),
        ("\u3000=1", "'\u3000=1"),
        ("'=1", "''=1"),
        ("a=1;b-2", "a=1;b-2"),
    ],
)
def test_no_part_of_a_cell_is_a_formula_where_a_spreadsheet_splits_it(text: str, shown: str) -> None:
    assert cell(text) == shown


@pytest.mark.parametrize("start", ["\t", "\r", "\n", "\x00"])
def test_a_cell_does_not_begin_with_a_control_character(start: str) -> None:
    assert cell(f"{start}=1").startswith("\\u00")


def test_other_values_are_plain() -> None:
    assert [cell(value) for value in (None, True, False, 3, "a-b")] == ["", "true", "false", "3", "a-b"]


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2), max_size=5))
def test_whatever_the_text_the_table_keeps_its_shape(rows: list[list[str]]) -> None:
    table = csv_table(["a", "b"], rows)
    read = list(csv.reader(io.StringIO(table, newline="")))
    assert [len(row) for row in read] == [2] * (1 + len(rows))
    parts = [part for row in read for value in row for part in value.split(";")]
    assert not [part for part in parts if part.lstrip(' "\u3000')[:1] in tuple("=+-@") and part.strip()]
    assert all(line.startswith('"') and line.endswith('"') for line in table.splitlines())
    assert len(table.splitlines()) == 1 + len(rows)
