# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files are the collection's own, so that no other one is ever replaced: they begin with a format or a mark."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._common.errors import InputError
from .._common.files import write_private
from .formats import PLAN_FORMAT, RESULT_FORMAT, RESULT_VERSION

if TYPE_CHECKING:
    from .json_reader import JsonNode

_FIRST_MEMBER = re.compile(rb'\s*\{\s*"format":\s*"([^"\\]{1,80})"')
_BEGINNING = 256


def write_result(path: Path, content: Mapping[str, Any]) -> None:
    """Write the result of a module. Raises OSError."""
    write_private(path, {"format": RESULT_FORMAT, "version": RESULT_VERSION, **content})


def foreign_reason(path: Path, document_format: str) -> str | None:
    """Why a file must not be replaced by one of this format; None if it may be, or if there is none.

    It may be if it is empty or of this format. Raises OSError where it can't be read.
    """
    reason, beginning = _beginning(path, _BEGINNING)
    if not beginning:
        return reason
    match = _FIRST_MEMBER.match(beginning)
    found = match.group(1).decode(errors="replace") if match is not None else _format_of(path)
    if found == document_format:
        return None
    names = {PLAN_FORMAT: "is a plan", RESULT_FORMAT: "is the result of a module"}
    return names.get(found or "", "is not of this collection")


def foreign_text_reason(path: Path, mark: str, what: str = "of this collection") -> str | None:
    """The same for a text that begins with a mark. ``what`` it is then ("an index of this collection")."""
    reason, beginning = _beginning(path, len(mark.encode()))
    return f"is not {what}" if beginning not in (b"", mark.encode()) else reason


def _beginning(path: Path, size: int) -> tuple[str | None, bytes]:
    """Why it can't be read as a file, and how a file begins; nothing of one that is empty or not there."""
    if path.is_symlink():
        return "is a symbolic link", b""
    if not path.exists():
        return None, b""
    if not path.is_file():
        return "is not a regular file", b""
    with path.open("rb") as file:
        return None, file.read(size)


def _format_of(path: Path) -> str | None:
    """The format of a file that does not begin with it: a report, or a result of version 0.1.0, which had none."""
    # Only here, since most calls replace no such file: the reader takes 4 ms of a start.
    from .json_reader import read_json

    try:
        root = read_json(path)
        members = root.mapping()
    except InputError:
        return None
    if "format" in members:
        return str(members["format"])
    return RESULT_FORMAT if _is_result_of_0_1_0(root) else None


def _is_result_of_0_1_0(root: JsonNode) -> bool:
    members = root.mapping()
    has_rows = any(isinstance(members.get(name), list) for name in ("resources", "keys"))
    return has_rows and any(isinstance(members.get(name), dict) for name in ("summary", "scanned"))
