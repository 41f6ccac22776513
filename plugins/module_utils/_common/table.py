# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tables and paragraphs for terminals: within a width, without cutting what tells two rows apart. Pure.

Widths are those of terminals: wide letters, as of Chinese, take two columns, combining marks none.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

DEFAULT_WIDTH = 100
"""For whatever is not a terminal, such as a log."""
_LEAST_WIDTH, _MOST_WIDTH = 40, 160
_GAP = 2
# Of ten letters of a cell, so many stay at least: of a phrase, less would be nonsense.
_KEPT_OF_TEN = 6


@dataclass(frozen=True)
class Column:
    """A column of a table. One with a ``least`` width may be shortened where room is scarce, but not below that."""

    heading: str
    least: int | None = None
    is_number: bool = False


def width_of(columns: object) -> int:
    """The width to write for, from what an environment says of its terminal (``COLUMNS``)."""
    try:
        given = int(str(columns))
    except ValueError:
        return DEFAULT_WIDTH
    return max(_LEAST_WIDTH, min(given, _MOST_WIDTH)) if given > 0 else DEFAULT_WIDTH


def text_width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return len(text) if text.isascii() else sum(map(_width_of_character, text))


def _width_of_character(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def shorten_to(text: str, width: int) -> str:
    """``text`` with its middle left out, if it takes more columns. Names differ at their ends more often than not."""
    if text_width(text) <= width:
        return text
    tail = _tail(text, (width - 1) // 2)
    return f"{_head(text, width - 1 - text_width(tail))}…{tail}"


def _head(text: str, width: int) -> str:
    taken = 0
    for index, character in enumerate(text):
        taken += _width_of_character(character)
        if taken > width:
            return text[:index]
    return text


def _tail(text: str, width: int) -> str:
    taken = 0
    for index in range(len(text) - 1, -1, -1):
        taken += _width_of_character(text[index])
        if taken > width:
            return text[index + 1 :]
    return text


def wrap(
    text: str, width: int, indent: str = "", hanging: str | None = None, *, whole_words: bool = False
) -> list[str]:
    """A paragraph in lines of at most ``width`` columns.

    A word that is longer than a line is broken, but for ``whole_words``, such as paths that people copy.
    """
    following = indent if hanging is None else hanging
    lines: list[str] = []
    line, is_empty = indent, True
    room = width - max(text_width(indent), text_width(following))
    for word in text.split() if whole_words else _words(text, room):
        space = "" if is_empty else " "
        if not is_empty and text_width(line) + 1 + text_width(word) > width:
            lines.append(line)
            line, space = following, ""
        line, is_empty = f"{line}{space}{word}", False
    return [*lines, line] if not is_empty else lines


def _words(text: str, width: int) -> Iterator[str]:
    for word in text.split():
        rest = word
        while text_width(rest) > width:
            head = _head(rest, width)
            yield head
            rest = rest[len(head) :]
        yield rest


def table_lines(
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    width: int,
    details: Sequence[Sequence[str]] = (),
    indent: str = "  ",
    joint: str = "",
) -> list[str]:
    """A table with its headings. ``details`` has lines for each row, such as names, that stand below it.

    Where the columns do not fit, their cells are shortened in the middle; where that would leave too little of them, or
    make two rows alike, these cells stand below the others: with ``joint`` between them, or each with its heading.
    """
    widths = _widths(columns, rows, width - len(indent))
    if widths is None or not _stay_different(columns, rows, widths):
        return _stacked(columns, rows, width, details, indent, joint)
    lines = [_line([column.heading for column in columns], columns, widths, indent)]
    for index, row in enumerate(rows):
        lines.append(_line(row, columns, widths, indent))
        lines += _detail(details, index, width, indent)
    return lines


def _detail(details: Sequence[Sequence[str]], index: int, width: int, indent: str) -> list[str]:
    below = f"{indent}    "
    return [line for text in (details[index] if details else ()) for line in wrap(text, width, below)]


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> list[int] | None:
    """The width of each column; None if they can't be made to fit."""
    needed = [
        max(text_width(cell) for cell in (column.heading, *(row[index] for row in rows)))
        for index, column in enumerate(columns)
    ]
    least = [
        whole if column.least is None else max(column.least, whole * _KEPT_OF_TEN // 10)
        for column, whole in zip(columns, needed)
    ]
    room = width - _GAP * (len(columns) - 1)
    while sum(needed) > room:
        wide = [index for index in range(len(columns)) if needed[index] > least[index]]
        if not wide:
            return None
        needed[max(wide, key=lambda index: needed[index])] -= 1
    return needed


def _stay_different(columns: Sequence[Column], rows: Sequence[Sequence[str]], widths: Sequence[int]) -> bool:
    """Whether cells that differ still do so when they are shortened, and none is shortened twice."""
    for index, column in enumerate(columns):
        cells = {row[index] for row in rows}
        short = {cell: shorten_to(cell, widths[index]) for cell in cells}
        if column.least is not None and len(set(short.values())) < len(cells):
            return False
        if any("…" in cell and cell != short[cell] for cell in cells):
            return False
    return True


def _line(row: Sequence[str], columns: Sequence[Column], widths: Sequence[int], indent: str) -> str:
    cells = [_cell(text, column, width) for text, column, width in zip(row, columns, widths)]
    return (indent + (" " * _GAP).join(cells)).rstrip()


def _cell(text: str, column: Column, width: int) -> str:
    short = shorten_to(text, width)
    blanks = " " * (width - text_width(short))
    return f"{blanks}{short}" if column.is_number else f"{short}{blanks}"


def _headed(columns: Sequence[Column], row: Sequence[str], which: Sequence[int]) -> list[str]:
    return [f"{columns[index].heading}: {row[index]}" for index in which]


def _stacked(
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    width: int,
    details: Sequence[Sequence[str]],
    indent: str,
    joint: str,
) -> list[str]:
    """The columns of fixed width as a table, and below each row the other cells, whole."""
    fixed = [index for index, column in enumerate(columns) if column.least is None]
    below = [index for index, column in enumerate(columns) if column.least is not None]
    own = [columns[index] for index in fixed]
    own_rows = [[row[index] for index in fixed] for row in rows]
    own_details = [
        [
            *([joint.join(row[index] for index in below)] if joint else _headed(columns, row, below)),
            *(details[number] if details else ()),
        ]
        for number, row in enumerate(rows)
    ]
    widths = _widths(own, own_rows, width - len(indent))
    if widths is None:  # a terminal that is narrower than the narrowest of tables
        own, own_rows = [], [[] for _row in rows]
        widths = []
        own_details = [[*_headed(columns, row, fixed), *detail] for row, detail in zip(rows, own_details)]
    lines = [_line([column.heading for column in own], own, widths, indent)] if own else []
    for index, row in enumerate(own_rows):
        lines += [_line(row, own, widths, indent)] if own else []
        lines += _detail(own_details, index, width, indent)
    return lines
