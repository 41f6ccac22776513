# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is different of the exceptions since an earlier report. Pure.

An exception is known by what it selects and by its ticket, since its number is its place in the file. A report without
exceptions excuses nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TypedDict

from .._common.quantities import plural
from .._documents.report_file import ReportedException
from .._model.key_exceptions import ACTIVE, EXPIRED


class SinceExceptionRow(TypedDict):
    """An exception that has expired, and the number of resources that it selects."""

    number: int
    ticket: str
    owner: str
    expires: str
    reason: str
    resources: int


def excused(exceptions: Iterable[ReportedException]) -> frozenset[str]:
    """The OCIDs of the resources that are excused."""
    return frozenset(ocid for one in exceptions if one["state"] == ACTIVE for ocid in one["resources"])


def newly_expired(before: Sequence[ReportedException], now: Sequence[ReportedException]) -> list[SinceExceptionRow]:
    """Those that have expired, and had not then, or were not there, or of which it was not known."""
    known = {_identity(one) for one in before if one["state"] == EXPIRED}
    return [
        {
            "number": one["number"],
            "ticket": one["ticket"],
            "owner": one["owner"],
            "expires": one["expires"],
            "reason": one["reason"],
            "resources": len(one["resources"]),
        }
        for one in now
        if one["state"] == EXPIRED and _identity(one) not in known
    ]


def expired_sentence(rows: Sequence[SinceExceptionRow]) -> str:
    return f"{plural(len(rows), 'exception')} {'has' if len(rows) == 1 else 'have'} expired."


def _identity(one: ReportedException) -> tuple[str, str, str]:
    return (json.dumps(one["match"], sort_keys=True), one["ticket"], one["expires"])
