# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of one call: all different ones, none with credentials, and those to be replaced are the collection's own.

They are checked before anything is read from OCI. Raises InputError.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

from .._api.credential_files import credential_files
from .._common.errors import InputError
from .._common.files import is_same_file
from .._common.text import quote
from .._common.values import is_blank
from .._documents.own_files import RESULT_FORMAT, foreign_reason

CHECKED_ELSEWHERE = ""
"""For a file whose content is checked when it is opened."""


def input_files(options: Mapping[str, Any], *names: str) -> list[tuple[str, Path | None]]:
    """The files that options name, each with the name of its option; those of a list, too."""
    found: list[tuple[str, Path | None]] = []
    for name in names:
        given = options.get(name)
        for value in given if isinstance(given, list) else [given]:
            found.append((name, None if is_blank(value) else Path(os.path.expanduser(str(value)))))
    return found


def check_files(
    options: Mapping[str, Any],
    written: Mapping[str, Path | None],
    read: Iterable[tuple[str, Path | None]] = (),
    *,
    formats: Mapping[str, str] | None = None,
) -> None:
    """Check the files that a call writes, and that it reads no other one of them. Names are those of options.

    ``formats`` are those of written files, by default that of results.
    """
    outputs = {name: path for name, path in written.items() if path is not None}
    expect_distinct([*outputs.items(), *read], outputs)
    expect_no_credentials(options, outputs)
    for name, path in outputs.items():
        document_format = (formats or {}).get(name, RESULT_FORMAT)
        if document_format:
            expect_replaceable(name, path, partial(foreign_reason, document_format=document_format))


def expect_distinct(files: Iterable[tuple[str, Path | None]], outputs: Iterable[str]) -> None:
    """Raise InputError where two names stand for one file, and one of them is written."""
    given = [(name, path) for name, path in files if path is not None and not path.is_dir()]
    writes = set(outputs)
    for (name, path), (other, other_path) in combinations(given, 2):
        if (name in writes or other in writes) and is_same_file(path, other_path):
            raise InputError(f"'{name}' and '{other}' are the same file, {quote(str(path))}. Name another '{name}'")


def expect_no_credentials(options: Mapping[str, Any], outputs: Mapping[str, Path]) -> None:
    for what, secret in credential_files(options, os.environ):
        for name, path in outputs.items():
            if is_same_file(path, secret):
                raise InputError(f"'{name}' is {quote(str(path))}, which is {what}. Name another file")


def expect_replaceable(name: str, path: Path, foreign: Callable[[Path], str | None]) -> None:
    """Raise InputError if ``foreign`` gives a reason why the file must not be replaced."""
    try:
        reason = foreign(path)
    except OSError as error:
        raise InputError(
            f"'{name}' is {quote(str(path))}, which can't be read: {error.strerror}. It is only replaced if it is a "
            "file of this collection. Name another file, or remove it"
        ) from error
    if reason is not None:
        raise InputError(
            f"'{name}' is {quote(str(path))}, which {reason}, so it is not replaced. Name another file, or remove it"
        )
