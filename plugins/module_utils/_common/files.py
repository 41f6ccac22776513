# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that a module leaves behind: written completely or not at all, durably, and readable by their owner only."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# A folder can't be opened without the permission to list it, and some file systems can't flush a folder.
_CANT_SYNC_FOLDER = (errno.EACCES, errno.EINVAL, errno.ENOTSUP, errno.EBADF)


def write_private(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON like :func:`write_private_text`."""
    write_private_text(path, json.dumps(content, indent=2) + "\n")


def write_private_text(path: Path, text: str, mode: int = 0o600) -> None:
    """Replace a file by one with this text that only its owner can read, completely or not at all. Raises OSError.

    When this returns, the file is on disk and stays there if the machine crashes. Line endings are written as they are,
    on every system. ``mode`` is for the rare file that others are to read.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            os.fchmod(descriptor, mode)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
    sync_folder(path.parent)


def is_same_file(one: Path, other: Path) -> bool:
    """Whether two paths lead to one file, by whatever links, or would if it were created."""
    if os.path.realpath(one) == os.path.realpath(other):
        return True
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False


def sync_folder(folder: Path) -> None:
    """Flush a folder to disk, so that files created or renamed in it stay there if the machine crashes.

    Raises OSError, but not where the file system can't do it: then the files are as safe as it makes them.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        if error.errno in _CANT_SYNC_FOLDER:
            return
        raise
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _CANT_SYNC_FOLDER:
            raise
    finally:
        os.close(descriptor)
