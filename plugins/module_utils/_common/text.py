# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""Text that others wrote, made harmless where people read it: a terminal, a spreadsheet, a page. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# Control characters, what turns the direction of text or is not seen at all, line separators, lone surrogates.
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff\ud800-\udfff]"
)
# A spreadsheet takes a cell that begins so for a formula; the last four are the wide forms of the first.
_FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
# OCI allows 255 characters; so much tells a resource from others.
_NAME_IN_LABEL = 100


def visible(text: str) -> str:
    """``text`` with each character that can't be seen, or that a terminal would obey, written as ``\\uXXXX``."""
    return _INVISIBLE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def all_visible(value: Any) -> Any:
    """A value of JSON with every text in it made visible, the names in objects too."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, Mapping):
        return {visible(str(name)): all_visible(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [all_visible(item) for item in value]
    return value


def label(display_name: str, ocid: str) -> str:
    """A resource as a person calls it: its display name, where it has one, and its OCID."""
    return f"{visible(shorten(display_name, _NAME_IN_LABEL))} ({ocid})" if display_name else ocid


def readable(text: object, length: int) -> str:
    """What others wrote, as one line that is not too long."""
    return visible(shorten(" ".join(str(text).split()), length))


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


_SHOWN_LENGTH = 140  # a real key OCID has some 110 characters


def shorten(text: str, length: int = _SHOWN_LENGTH) -> str:
    """``text``, with its middle left out where it has more than ``length`` characters."""
    if len(text) <= length:
        return text
    tail = length // 4
    return f"{text[: length - tail - 1]}…{text[-tail:]}"


def quote(value: object) -> str:
    """A value that somebody gave, as an error shows it: in quotation marks, and not too long."""
    return repr(shorten(value)) if isinstance(value, str) else shorten(_safe_repr(value))


def _safe_repr(value: object) -> str:
    try:
        return repr(value)
    except Exception:  # a repr of another's making
        return f"<{type(value).__name__}>"


def either(words: Sequence[str]) -> str:
    """ "a", "a or b", "a, b or c" """
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def with_article(words: str) -> str:
    """ "a key", "an image" """
    return f"{'an' if words[:1].lower() in 'aeio' or words.startswith('IAM') else 'a'} {words}"
