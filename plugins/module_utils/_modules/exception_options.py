# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options for exceptions: a file of them, or the list itself."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .._common.errors import InputError
from .._common.values import is_blank
from .._model.key_exceptions import EXPIRED, KeyException

EXCEPTION_OPTIONS: dict[str, dict[str, Any]] = {
    "exceptions_file": {"type": "path"},
    "exceptions": {"type": "list", "elements": "dict"},
}


def given_exceptions(options: Mapping[str, Any]) -> list[KeyException] | None:
    """The exceptions that the options give; None if they give none. Raises InputError."""
    path, listed = options["exceptions_file"], options["exceptions"]
    if is_blank(path) and listed is None:
        return None
    # Only here, since most plans have none: the reader takes 6 ms of a start.
    from .._documents.exceptions_file import parse_exceptions, read_exceptions

    if is_blank(path):
        return parse_exceptions(listed, "exceptions")
    if listed is not None:
        raise InputError("'exceptions_file' and 'exceptions' are mutually exclusive. Remove one of them")
    return read_exceptions(Path(os.path.expanduser(str(path))))


def expect_none_expired(exceptions: Sequence[KeyException], now: str) -> None:
    """Raise InputError that names the exceptions that have expired."""
    expired = [f"{one.words} expired on {one.expires}" for one in exceptions if one.state(now) == EXPIRED]
    if expired:
        raise InputError(
            f"Nothing was changed, because exceptions have expired: {'; '.join(expired)}. Renew them with their "
            "owners, or remove them to have these resources changed"
        )
