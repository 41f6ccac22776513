# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decodes answers: from the bytes of a success to records that belong to the question. Pure.

Answers are not trusted. Their size is limited, they have to be valid JSON, each record has to have the required fields
of the right types (``record_types.py``), and to be about what was asked (``answers.py``). One answer that fails any of
this is no answer. Of a list, each row is judged by itself: a row that fails is unknown, and is named, so that nobody
takes the rest for the whole.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .._common.text import readable
from .answers import AnswerCheck
from .operation_types import Operation, Request
from .record_types import Record, RecordType
from .strict_json import Flaw, StrictJson, UnexpectedValueError, refuse_flaws

# A real OCID has some 100 characters.
_SHOWN_ID = 140


class InvalidResponseError(Exception):
    """A success whose body is invalid: not JSON, truncated, too large, of another shape, or about something else."""


class UnreadableRow(NamedTuple):
    """A row of a list that is not what the operation documents. ``reason`` is a predicate: "has no lifecycleState".

    ``id`` is the OCID that it gives itself, made readable, or None. ``is_in_doubt``: it could be read by itself, but
    not together with the other rows of its page, so a GET of the resource tells.
    """

    id: str | None
    reason: str
    is_in_doubt: bool = False

    def __str__(self) -> str:
        return f"{self.id or 'a row without an id'} {self.reason}"


class Decoded(NamedTuple):
    """``data`` is a record, a list of them, or None without a body. ``unreadable`` are the other rows of the list."""

    data: Any
    unreadable: tuple[UnreadableRow, ...] = ()


def decode(request: Request, body: bytes) -> Decoded:
    """The body of a success. Raises InvalidResponseError if it is not what the operation documents."""
    operation = request.operation
    if operation.record is None:
        return Decoded(None)
    try:
        json = StrictJson(body)
        check = AnswerCheck(request)
        if operation.is_list:
            return _decode_rows(_rows(json.value, operation), operation.record, check, json.has_flaws)
        return Decoded(_decode_record(json.value, operation.record, check, json.has_flaws))
    except UnexpectedValueError as unexpected:
        raise InvalidResponseError(f"the request succeeded, but the response {unexpected}") from unexpected


def _rows(value: Any, operation: Operation) -> list[Any]:
    if isinstance(value, Flaw):
        raise UnexpectedValueError(value.reason)
    if operation.items is not None:
        if not isinstance(value, dict):
            raise UnexpectedValueError("is not an object")
        value = value.get(operation.items)
        if value is None:
            raise UnexpectedValueError(f"has no {operation.items}")
        if not isinstance(value, list):
            raise UnexpectedValueError(f"has a field {operation.items} that is not a list")
    if not isinstance(value, list):
        raise UnexpectedValueError("is not a list")
    return value


def _decode_rows(rows: list[Any], record: RecordType, check: AnswerCheck, has_flaws: bool) -> Decoded:
    data: list[Record] = []
    sound: list[Any] = []
    unreadable: list[UnreadableRow] = []
    for row in rows:
        try:
            data.append(_decode_record(row, record, check, has_flaws))
        except UnexpectedValueError as unexpected:
            unreadable.append(UnreadableRow(_id_of(row), str(unexpected)))
        else:
            sound.append(row)
    doubts = {**_without_key(sound, record.key_member), **_contradicting(sound)}
    if doubts:
        data = [each for position, each in enumerate(data) if position not in doubts]
        unreadable += [
            UnreadableRow(_id_of(sound[position]), reason, is_in_doubt=True)
            for position, reason in sorted(doubts.items())
        ]
    return Decoded(data, tuple(unreadable))


def _without_key(rows: list[Any], key_member: str | None) -> dict[int, str]:
    """Why rows are in doubt that have no word about a key where others have one, by their positions.

    Where no row has one, lists may leave keys out, or absence may be how they show the Oracle-managed key.
    """
    if key_member is None:
        return {}
    lacking = [position for position, row in enumerate(rows) if key_member not in row]
    if not lacking or len(lacking) == len(rows):
        return {}
    return dict.fromkeys(lacking, f"has no {key_member}, which other rows have")


def _contradicting(rows: list[Any]) -> dict[int, str]:
    """Why rows are in doubt that are about the same resource, but differ, by their positions."""
    ids = [row.get("id") or row.get("identifier") for row in rows]
    if len(set(ids)) == len(ids):
        return {}
    positions: dict[str, list[int]] = {}
    for position, name in enumerate(ids):
        if isinstance(name, str):
            positions.setdefault(name, []).append(position)
    return {
        position: "is there several times, with different values"
        for same in positions.values()
        for position in same
        if any(rows[other] != rows[position] for other in same)
    }


def _decode_record(row: Any, record: RecordType, check: AnswerCheck, has_flaws: bool) -> Record:
    if has_flaws:
        refuse_flaws(row)
    decoded = record(row)
    check.expect(decoded)
    return decoded


def _id_of(row: Any) -> str | None:
    members = row.members if isinstance(row, Flaw) else row if isinstance(row, dict) else {}
    ocid = members.get("id") or members.get("identifier")
    return readable(ocid, _SHOWN_ID) if isinstance(ocid, str) else None
