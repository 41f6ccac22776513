# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a task has to end under each fault. These are rules by what an answer is needed for, not results."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from integration.support.fault_matrix import Cell, Need


class End(Enum):
    AS_WANTED = "everything is as wanted, and told so"
    RESOURCES_FAIL = "resources fail with a code, the others are as wanted"
    TASK_FAILS = "the task fails before it writes anything"
    SAFE = "it is as wanted and told so, or it fails and says what is not known; nothing wrong is written or believed"
    AFFECTED_FAIL = "it is as wanted and told so, or only what the answer was about fails, or is told to be unknown"
    GAP = "what could not be seen is told as that, and everything else is told"


@dataclass(frozen=True)
class Rule:
    """``least`` and ``most`` resources fail, None for all; ``codes`` are what may be told of each, or of each gap."""

    end: End
    codes: frozenset[str] = frozenset()
    least: int | None = None
    most: int | None = None


RECOVERS = Rule(End.AS_WANTED)
TASK_FAILS = Rule(End.TASK_FAILS)
SAFE = Rule(End.SAFE)
UNAUTHENTICATED = "NotAuthenticated"


def _fails(*codes: str, least: int | None = None, most: int | None = None) -> Rule:
    return Rule(End.RESOURCES_FAIL, frozenset(codes), least, most)


def _gap(*codes: str) -> Rule:
    return Rule(End.GAP, frozenset(codes))


def rule_for(cell: Cell) -> Rule:
    kind = cell.fault.kind
    if cell.fault.is_wrong:
        return _of_wrong_answer(cell)
    if kind == "stale_list":
        # What a list shows is compared with a GET before it is believed.
        return RECOVERS
    if kind == "token_expired":
        return _of_token(cell)
    if kind == "clock_skew":
        return _denied(cell)
    if cell.place.need is Need.CHANGE:
        return _of_change(cell)
    if kind == "page_expired":
        return _of_page_token(cell)
    if cell.count is not None and cell.count < cell.place.tries:
        # Whoever asks for something asks again: one failure of any sort that passes never fails a task.
        return RECOVERS
    return _never_answered(cell)


_FOR_ALL = (Need.KEY, Need.PLACE, Need.KEY_TOLD, Need.SHORT_CUT, Need.NAMES, Need.CAUTION)
"""What an answer is needed for without which the whole task may fail, or which is about no resource."""


def _of_wrong_answer(cell: Cell) -> Rule:
    """Only what an answer was about fails by it: one resource for each answer about one."""
    place = cell.place
    if place.need in _FOR_ALL:
        return SAFE
    is_shared = place.operation.startswith("List") or place.operation == "GetVolumeBackupPolicy"
    return Rule(End.AFFECTED_FAIL, most=None if is_shared else cell.count)


def _never_answered(cell: Cell) -> Rule:
    code = cell.fault.code
    return {
        Need.RESOURCE: _fails(code),
        Need.FRESHNESS: _fails(code),
        Need.SHORT_CUT: RECOVERS,
        Need.NAMES: RECOVERS,
        Need.KEY: TASK_FAILS,
        Need.CAUTION: RECOVERS,
        Need.PLACE: TASK_FAILS,
        Need.OWNER: _fails(code),
        Need.PROOF: _fails("OutcomeUnknown"),
        Need.SIGHT: RECOVERS if cell.place.operation.startswith("List") else _fails("WaitTimeout"),
        Need.LISTING: _gap(code),
        Need.TREE: _gap(code),
        Need.KEY_TOLD: _gap(code),
    }[cell.place.need]


def _of_change(cell: Cell) -> Rule:
    """A change is asked for again once it is known not to have been made, and looked for if it may have been."""
    if cell.fault.commits or cell.count is not None:
        return RECOVERS
    return _fails(cell.fault.code)


def _of_page_token(cell: Cell) -> Rule:
    """A list that breaks off is never taken for the whole."""
    need = cell.place.need
    if need is Need.RESOURCE:
        return _fails(cell.fault.code)
    if need in (Need.LISTING, Need.TREE):
        # Such a list is begun again, once.
        return RECOVERS if cell.count == 1 else _gap(cell.fault.code)
    return RECOVERS


def _denied(cell: Cell) -> Rule:
    """A 401 is final, since asking again with the same clock and the same key is no use, unless elsewhere."""
    if cell.count is not None and cell.count <= cell.place.stand_ins:
        return RECOVERS
    return {
        Need.RESOURCE: TASK_FAILS,
        Need.SHORT_CUT: RECOVERS,
        Need.NAMES: TASK_FAILS,
        Need.KEY: TASK_FAILS,
        Need.CAUTION: RECOVERS,
        Need.PLACE: TASK_FAILS,
        Need.FRESHNESS: _fails(UNAUTHENTICATED, least=1, most=cell.count),
        Need.CHANGE: _fails(UNAUTHENTICATED, least=cell.count, most=cell.count),
        Need.OWNER: _fails(UNAUTHENTICATED, least=cell.count, most=cell.count),
        Need.PROOF: RECOVERS if cell.count else _fails("OutcomeUnknown"),
        Need.SIGHT: RECOVERS
        if cell.place.operation.startswith("List")
        else _fails(UNAUTHENTICATED, least=cell.count, most=cell.count),
        Need.LISTING: _gap(UNAUTHENTICATED),
        Need.TREE: TASK_FAILS,
        Need.KEY_TOLD: _gap(UNAUTHENTICATED),
    }[cell.place.need]


def _of_token(cell: Cell) -> Rule:
    """Once: it is renewed, by an instance principal. Three times: the next ones are refused as well, of which the SDK
    tries but one. For ever: it is a session token, which nobody renews, so that nothing is answered any more."""
    if cell.times == "once":
        return RECOVERS
    if cell.times == "three_times":
        rule = _denied(cell)
        return _fails(*rule.codes, least=1) if rule.end is End.RESOURCES_FAIL else rule
    need = cell.place.need
    if need in (Need.LISTING, Need.KEY_TOLD) or cell.place.where == "inventory":
        return _gap(UNAUTHENTICATED)
    if cell.place.is_last:
        return RECOVERS
    if need in (Need.FRESHNESS, Need.CHANGE, Need.OWNER, Need.PROOF, Need.SIGHT, Need.CAUTION):
        return _fails(UNAUTHENTICATED, "OutcomeUnknown")
    return TASK_FAILS
