# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Copies of backups elsewhere (oci_semantics.md 0.13, 1.3, 4)."""

from __future__ import annotations

from itertools import product
from typing import Any

from .probe import UnclearError, probe
from .testbed import HIDDEN, Testbed, attempt, certainly

_HEADERS = ("etag", "opc-work-request-id", "location", "content-location")
_TOKEN_SPENT = "409 InvalidatedRetryToken"


def _is_there(bed: Testbed, copy: str) -> bool:
    answer = attempt(bed.cloud.block(bed.elsewhere).get_volume_backup, copy)
    if not answer.accepted and str(answer) != HIDDEN:
        raise UnclearError(f"answered {answer}")
    return answer.accepted


def _ended(bed: Testbed, copy: str) -> str:
    """The state in which it ends."""

    def look() -> str:
        answer = attempt(bed.cloud.block(bed.elsewhere).get_volume_backup, copy)
        return str(answer.response.data.lifecycle_state) if answer.accepted else ""

    return str(bed.until(look, lambda state: state in ("AVAILABLE", "FAULTY", "TERMINATED"), "the end of the copy"))


def _first(bed: Testbed) -> str:
    """The first copy, asked for with a token and the key elsewhere. Its first reading and its end are kept."""
    notes = bed.notes
    if "copy" not in notes:
        source = bed.backup()
        begun = bed.cloud.clock.now()
        response = bed.copy(source, bed.settings.key_elsewhere, token=f"{bed.run}-1")
        notes["copy"], notes["headers"] = response.data.id, _shown(response.headers)
        notes["there at once"] = "yes" if _is_there(bed, notes["copy"]) else "no"
        notes["end"] = _ended(bed, notes["copy"])
        bed.seconds.setdefault("copy", []).append(bed.cloud.clock.now() - begun)
    elif "end" not in notes:
        raise UnclearError("the copy did not end")
    return notes["copy"]


def _shown(headers: Any) -> str:
    return ", ".join(name for name in _HEADERS if name in headers) or "none of them"


def _subsets() -> tuple[str, ...]:
    """Which of the headers may be there, all of them first."""
    chosen = (dict(zip(_HEADERS, flags, strict=True)) for flags in product((True, False), repeat=len(_HEADERS)))
    return tuple(_shown({name for name, there in one.items() if there}) for one in chosen)


@probe("0.13, 1.3", "when its region shows a copy", switch="copy_visible", needs=("region_elsewhere",))
def copy_shows(bed: Testbed) -> str:
    _first(bed)
    return "at_once" if bed.notes["there at once"] == "yes" else "late"


@probe("1.3", "the end of a copy", switch="copy_outcome", needs=("region_elsewhere",))
def copy_ends(bed: Testbed) -> str:
    _first(bed)
    return {"AVAILABLE": "available", "FAULTY": "faulty"}.get(bed.notes["end"], bed.notes["end"])


@probe(
    "1.3", "key of a copy", answers=("the one asked for", "Oracle-managed"), needs=("region_elsewhere", "key_elsewhere")
)
def key_of_copy(bed: Testbed) -> str:
    found = certainly(bed.cloud.block(bed.elsewhere).get_volume_backup, _first(bed)).data.kms_key_id
    return "the one asked for" if found == bed.settings.key_elsewhere else "another" if found else "Oracle-managed"


@probe("1.3", f"which of {', '.join(_HEADERS)} a copy is told with", answers=_subsets(), needs=("region_elsewhere",))
def headers_of_copy(bed: Testbed) -> str:
    _first(bed)
    return bed.notes["headers"]


@probe(
    "1.3, 9",
    "key of a copy that is asked for without one",
    answers=("Oracle-managed", "that of the source", "another"),
    needs=("region_elsewhere",),
)
def copy_without_key(bed: Testbed) -> str:
    _first(bed)
    source = bed.with_key()
    copy = bed.copy(source, token=f"{bed.run}-2").data.id
    if _ended(bed, copy) != "AVAILABLE":
        raise UnclearError("the copy did not become AVAILABLE")
    found = certainly(bed.cloud.block(bed.elsewhere).get_volume_backup, copy).data.kms_key_id
    key = certainly(bed.block.get_volume_backup, source).data.kms_key_id
    # It makes room for the copy of the collection.
    bed.end_copy(copy)
    return "that of the source" if found and found == key else "another" if found else "Oracle-managed"


@probe(
    "4",
    "a copy asked for again with its token",
    answers=("the same copy", "another copy", _TOKEN_SPENT),
    needs=("region_elsewhere",),
)
def copy_again(bed: Testbed) -> str:
    first = _first(bed)
    answer = bed.copy_again(bed.backup(), f"{bed.run}-1", bed.settings.key_elsewhere)
    if not answer.accepted:
        return str(answer)
    return "the same copy" if answer.response.data.id == first else "another copy"


@probe(
    "4",
    "other content with the token of a copy",
    answers=(_TOKEN_SPENT, "the same copy", "another copy"),
    needs=("region_elsewhere", "key_elsewhere"),
)
def copy_token_with_other_content(bed: Testbed) -> str:
    first = _first(bed)
    answer = bed.copy_again(bed.backup(), f"{bed.run}-1", "")
    if not answer.accepted:
        return str(answer)
    return "the same copy" if answer.response.data.id == first else "another copy"
