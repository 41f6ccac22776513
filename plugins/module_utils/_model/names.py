# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is a name where an OCID or a name is taken, and what to say of one that is not known. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

from .._common.text import quote, readable

# An OCID with a mistake in it, such as a letter too few at its start, a copied quotation mark, or a placeholder.
_LIKE_AN_OCID = re.compile(r"^\W*o?c[il1]dv?\d*\s*[.:]|\.oc\d+\.|[<>{}$]", re.IGNORECASE)
_MOST_CANDIDATES = 5


def is_name(value: object) -> bool:
    """Whether a value is a name: text that is not blank, and neither an OCID nor one with a mistake in it."""
    return isinstance(value, str) and bool(value.strip()) and _LIKE_AN_OCID.search(value) is None


def guess(name: str, known: Iterable[str]) -> str:
    """ " (did you mean 'prod/databases'?)", or nothing if no known name is similar."""
    return did_you_mean(close_to(name, known))


def close_to(name: str, known: Iterable[str]) -> list[str]:
    """The known names that are most like this one, in whichever case; two at most."""
    by_folded = {each.casefold(): each for each in known}
    return [by_folded[each] for each in difflib.get_close_matches(name.casefold(), list(by_folded), n=2)]


def likeness(name: str, other: str) -> float:
    """How much two names are alike: from 0 to 1, in whichever case."""
    return difflib.SequenceMatcher(None, name.casefold(), other.casefold()).ratio()


def did_you_mean(names: Sequence[str]) -> str:
    """ " (did you mean 'prod/databases'?)", or nothing without names."""
    return f" (did you mean {' or '.join(map(quote, names))}?)" if names else ""


def candidates(words: Sequence[str]) -> str:
    """The first few of them, for a message."""
    shown = [readable(word, 200) for word in words[:_MOST_CANDIDATES]]
    more = len(words) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more else "")
