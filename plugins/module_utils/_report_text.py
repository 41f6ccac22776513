# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""Text that others wrote, made harmless where people read it: a terminal, a spreadsheet, a page. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

# Control characters, what turns the direction of text or is not seen at all, line separators, lone surrogates.
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff\ud800-\udfff]"
)
# A spreadsheet takes a cell that begins so for a formula; the last four are the wide forms of the first.
_FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")


def visible(text: str) -> str:
    """``text`` with each character that can't be seen, or that a terminal would obey, written as ``\\uXXXX``."""
    return _INVISIBLE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def cell(value: Any) -> str:
    """A value as a cell of a table that a spreadsheet opens: never a formula, never more than one line."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = visible(str(value))
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text


def csv_table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table as RFC 4180 has it, the heads in the first line."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(heads)
    writer.writerows([cell(value) for value in row] for row in rows)
    return out.getvalue()
