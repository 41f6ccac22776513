# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON as RFC 8259 has it, and no more of it: what Python's own reader also accepts is found and named. Pure.

Python reads ``NaN`` and ``Infinity``, which are no JSON, makes infinity of ``1e999``, and of a member that is there
twice it keeps the last. One such value must not cost the other rows of a page, so it does not end the reading: it
becomes a :class:`Flaw` in its place, and whoever reads that place refuses it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

# No number of the services used here has more digits; Python by itself refuses the whole text at 4,300.
_MAX_DIGITS = 30


class UnexpectedValueError(Exception):
    """What is wrong with a value, as the predicate of a sentence whose subject is the value."""


class Flaw:
    """What stands for a value that is not valid JSON. ``members`` are those of an object, as far as they are known."""

    __slots__ = ("members", "reason")

    def __init__(self, reason: str, members: dict[str, Any] | None = None) -> None:
        self.reason = reason
        self.members = members or {}


class StrictJson:
    """One JSON text. ``value`` is what it says; ``has_flaws`` is whether there is a Flaw anywhere in it.

    Raises UnexpectedValueError if the text can't be read at all: empty, truncated, no JSON, or nested too deeply.
    """

    def __init__(self, text: bytes) -> None:
        self.has_flaws = False
        if not text.strip():
            raise UnexpectedValueError("is empty")
        try:
            self.value: Any = json.loads(
                text.decode("utf-8"),
                object_pairs_hook=self._object,
                parse_constant=self._constant,
                parse_float=self._float,
                parse_int=self._int,
            )
        except RecursionError:
            raise UnexpectedValueError("is nested too deeply") from None
        except ValueError as error:  # UnicodeDecodeError is one, too
            raise UnexpectedValueError("is not valid JSON") from error

    def _object(self, pairs: Sequence[tuple[str, Any]]) -> Any:
        members = dict(pairs)
        if len(members) == len(pairs):
            return members
        names = [name for name, _value in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        return self._flaw(f"has the member {twice[:100]!r} more than once", members)

    def _constant(self, name: str) -> Flaw:
        return self._flaw(f"is {name}, which is not valid JSON")

    def _float(self, digits: str) -> float | Flaw:
        value = float(digits)
        return value if math.isfinite(value) else self._flaw("is too large a number")

    def _int(self, digits: str) -> int | Flaw:
        return int(digits) if len(digits) <= _MAX_DIGITS else self._flaw("is too large a number")

    def _flaw(self, reason: str, members: dict[str, Any] | None = None) -> Flaw:
        self.has_flaws = True
        return Flaw(reason, members)


def refuse_flaws(value: Any) -> None:
    """Raise UnexpectedValueError if there is a Flaw in the value, however deep."""
    for path, flaw in _flaws(value, ()):
        where = "".join(f"has a field {name} that " for name in path)
        raise UnexpectedValueError(f"{where}{flaw.reason}")


def _flaws(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Flaw]]:
    if isinstance(value, Flaw):
        yield path, value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _flaws(item, (*path, name[:100]))
    elif isinstance(value, list):
        for item in value:
            yield from _flaws(item, path)
