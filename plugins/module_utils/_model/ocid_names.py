# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people read in place of OCIDs: the names of keys and compartments, or the ends of OCIDs. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from .._common.text import visible

ORACLE_MANAGED = "Oracle-managed key"
_OCID = re.compile(r"\bocid(?:1\.|v1:)[0-9A-Za-z_.:-]*[0-9A-Za-z]")
# An OCID in brackets is the detail of a sentence that says the same without it.
_IN_BRACKETS = re.compile(rf" \({_OCID.pattern}(?:, {_OCID.pattern})*\)")
# What stands before an OCID may say its type already.
_WITH_NOUN = re.compile(rf"(\b(?:backup policy|key|compartment|vault|copy) )?({_OCID.pattern})")
_TAIL = 6


class Names:
    """Names by OCID. Two OCIDs never have the same words: those of one name are told apart by their ends.

    OCIDs without a name are shortened to their type and their end.
    """

    def __init__(self, names: Mapping[str, str | None], others: Iterable[str] = ()) -> None:
        named = {ocid: visible(" ".join(name.split())) for ocid, name in names.items() if name and name.strip()}
        self._named = frozenset(named)
        known = list(dict.fromkeys([*named, *names, *others]))
        self._words = {ocid: named.get(ocid) or _short(ocid, _TAIL) for ocid in known}
        tail = _TAIL
        while alike := self._alike():
            longest = max(map(len, alike))
            for ocid in alike:
                self._words[ocid] = f"{named[ocid]} (…{ocid[-tail:]})" if ocid in named else _short(ocid, tail)
            if tail > longest:
                break
            tail += _TAIL

    def _alike(self) -> list[str]:
        by_word: dict[str, list[str]] = {ORACLE_MANAGED: [""]}
        for ocid, word in self._words.items():
            by_word.setdefault(word, []).append(ocid)
        return [ocid for ocids in by_word.values() if len(ocids) > 1 for ocid in ocids if ocid]

    def key(self, kms_key_id: str | None) -> str:
        return ORACLE_MANAGED if kms_key_id is None else self(kms_key_id)

    def __call__(self, ocid: str) -> str:
        return self._words.get(ocid) or _short(ocid, _TAIL)

    def end(self, ocid: str) -> str:
        """The name, or the end of the OCID, beside a word that says what it is: "…x7q2ab"."""
        return self(ocid) if ocid in self._named else f"…{ocid[-_TAIL:]}"

    def in_text(self, text: str) -> str:
        """A sentence with names instead of OCIDs, and without OCIDs in brackets."""
        return _WITH_NOUN.sub(self._in_place, _IN_BRACKETS.sub("", text))

    def _in_place(self, match: re.Match[str]) -> str:
        noun, ocid = match.group(1) or "", match.group(2)
        words = self(ocid)
        # "key …x7q2ab", not "key key …x7q2ab"
        return f"{noun}{words.partition(' ')[2] if noun and ocid not in self._named else words}"


def _short(ocid: str, tail: int) -> str:
    """ "key …x7q2ab" """
    match = _OCID.fullmatch(ocid)
    if match is None or len(ocid) <= tail:
        return visible(ocid)
    kind = re.split(r"[.:]", ocid)[1]
    return f"{kind} …{ocid[-tail:]}"
