# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Timestamps in RFC 3339 form, in UTC. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timezone


def rfc3339(time: datetime, precision: str = "milliseconds") -> str:
    """A time in UTC. ``precision`` is "milliseconds", as in results, or "seconds", as for keys and role variables.

    A time without a zone counts as local time.
    """
    return time.astimezone(timezone.utc).isoformat(timespec=precision).replace("+00:00", "Z")


def parse_rfc3339(text: str) -> datetime:
    """A date or time as it was written, with its zone if it has one. Raises ValueError for anything else.

    Python before 3.11 does not accept ``Z`` for UTC by itself.
    """
    return datetime.fromisoformat(re.sub("[zZ]$", "+00:00", text))


_STRICT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?([zZ]|[+-]\d\d:\d\d)", re.ASCII)


def parse_moment(text: str) -> datetime:
    """A moment in full: date, time and zone. Raises ValueError for anything else, such as "0" or a date alone.

    Python accepts other fractions than of three or six digits from 3.11 on only.
    """
    if not _STRICT.fullmatch(text):
        raise ValueError("not a time in RFC 3339 form with its zone")
    return parse_rfc3339(re.sub(r"\.(\d+)", lambda match: f".{match[1]:0<6}", text))
