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
    by_folded = {each.casefold(): each for each in known}
    close = difflib.get_close_matches(name.casefold(), list(by_folded), n=2)
    if not close:
        return ""
    return f" (did you mean {' or '.join(quote(by_folded[each]) for each in close)}?)"


def candidates(words: Sequence[str]) -> str:
    """The first few of them, for a message."""
    shown = [readable(word, 200) for word in words[:_MOST_CANDIDATES]]
    more = len(words) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more else "")
