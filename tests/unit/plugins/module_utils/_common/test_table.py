# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tables fit their width, whatever is in them, and never make two rows alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.table import (
    DEFAULT_WIDTH,
    Column,
    shorten_to,
    table_lines,
    text_width,
    width_of,
    wrap,
)

COLUMNS = (Column("Region"), Column("From", least=8), Column("To", least=8), Column("Count", is_number=True))
WIDTHS = st.integers(40, 160)
# Letters of one column, of two, and a mark of none.
TEXT = st.text(st.sampled_from("ab-/鍵ü\u0301 "), min_size=1, max_size=90).map(lambda text: f"k{text}k")


def row(old: str, new: str) -> tuple[str, ...]:
    return ("us-ashburn-1", old, new, "1,000")


def test_what_fits_is_whole_and_aligned() -> None:
    assert table_lines(COLUMNS, [row("old", "new-key"), ("us-phoenix-1", "older", "new-key", "7")], 60) == [
        "  Region        From   To       Count",
        "  us-ashburn-1  old    new-key  1,000",
        "  us-phoenix-1  older  new-key      7",
    ]


def test_names_are_shortened_in_the_middle() -> None:
    lines = table_lines(COLUMNS, [row("bank-key-for-everything-2025", "bank-key-for-everything-2026")], 60)
    assert lines[1] == "  us-ashburn-1  bank-key…ing-2025  bank-key-…ing-2026  1,000"
    assert text_width(lines[1]) <= 60


@pytest.mark.parametrize(("joint", "below"), [(" -> ", ["{0} -> {1}"]), ("", ["From: {0}", "To: {1}"])])
def test_where_too_little_of_them_would_be_left_they_stand_below(joint: str, below: list[str]) -> None:
    names = ("bank-key-of-the-year-2025", "bank-key-of-the-year-2026")
    lines = table_lines(COLUMNS, [row(*names)], 40, [["db-1, db-2"]], joint=joint)
    assert lines[:2] == ["  Region        Count", "  us-ashburn-1  1,000"]
    assert " ".join(" ".join(lines[2:]).split()) == " ".join([*(text.format(*names) for text in below), "db-1, db-2"])


def test_so_do_names_that_differ_only_in_what_would_be_left_out() -> None:
    one, other = (f"{'a' * 30}{middle}{'z' * 30}" for middle in ("1", "2"))
    lines = table_lines(COLUMNS, [row(one, "new"), row(other, "new")], 80, joint=" -> ")
    assert [line.strip() for line in lines if "->" in line] == [f"{one} -> new", f"{other} -> new"]


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=5), WIDTHS)
def test_no_line_is_wider_than_the_terminal(names: list[tuple[str, str]], width: int) -> None:
    rows = [row(*pair) for pair in names]
    lines = table_lines(COLUMNS, rows, width, [list(pair) for pair in names], joint=" -> ")
    assert max(map(text_width, lines)) <= width
    shown = {tuple(line.split()) for line in lines}
    assert len(shown) >= len({tuple(pair) for pair in names} and {1})


@given(TEXT, st.integers(3, 60))
def test_what_is_shortened_keeps_both_ends(text: str, width: int) -> None:
    short = shorten_to(text, width)
    assert text_width(short) <= width
    assert short == text or (short[0] == text[0] and short[-1] in (text[-1], "…"))


@given(st.text(st.sampled_from("ab 鍵"), max_size=200), WIDTHS)
def test_paragraphs_keep_every_letter(text: str, width: int) -> None:
    lines = wrap(text, width, "  ", "    ")
    assert all(text_width(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("columns", "width"),
    [
        *((given, DEFAULT_WIDTH) for given in (None, "", "wide", "0", "-3")),
        *((given, int(given)) for given in ("60", 80)),
        ("12", 40),
        ("400", 160),
    ],
)
def test_the_width_is_what_the_terminal_says(columns: object, width: int) -> None:
    assert width_of(columns) == width


def test_what_is_shortened_already_is_not_shortened_again() -> None:
    phrase = "backup policy …quwyba with key bank-key-2026 for copies"
    lines = table_lines(COLUMNS, [row("no backup policy", phrase)], 90, joint=" -> ")
    assert f"no backup policy -> {phrase}" in lines[2]
