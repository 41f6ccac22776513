# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of one call: all different ones, and those to be replaced are the collection's own. Raises InputError."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

from .._common.errors import InputError
from .._common.files import is_same_file
from .._common.text import quote
from .._common.values import is_blank


def input_files(options: Mapping[str, Any], *names: str) -> list[tuple[str, Path | None]]:
    """The files that options name, each with the name of its option; those of a list, too."""
    found: list[tuple[str, Path | None]] = []
    for name in names:
        given = options.get(name)
        for value in given if isinstance(given, list) else [given]:
            found.append((name, None if is_blank(value) else Path(os.path.expanduser(str(value)))))
    return found


def expect_distinct(files: Iterable[tuple[str, Path | None]], outputs: Iterable[str]) -> None:
    """Raise InputError where two names stand for one file, and one of them is written."""
    given = [(name, path) for name, path in files if path is not None and not path.is_dir()]
    writes = set(outputs)
    for (name, path), (other, other_path) in combinations(given, 2):
        if (name in writes or other in writes) and is_same_file(path, other_path):
            raise InputError(f"'{name}' and '{other}' are the same file, {quote(str(path))}. Name another '{name}'")


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
