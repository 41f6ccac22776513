# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A file that lines are appended to while others may play with its name: a regular file of one's own, or none.

A link could lead to any file of the user, a pipe would block the run, and lines in a file that was removed are lost
with its closing.
"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from pathlib import Path

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def open_own_file(path: Path) -> int:
    """Open a file to read it and to append to it; create it for its owner only.

    Raises OSError where it is not a regular file, belongs to somebody else, or has more than this one name.
    """
    try:
        return os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _open_existing(path)


def _open_existing(path: Path) -> int:
    try:
        # Non-blocking, since opening a named pipe would wait for its other end.
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OSError(errno.ELOOP, "it is a symbolic link. Give the file itself") from error
        raise
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        if found.st_nlink > 1:
            raise OSError(errno.EMLINK, "it has other names, too (hard links)")
        if found.st_uid != os.geteuid() and found.st_uid != _owner_of_new_files(path.parent):
            raise OSError(errno.EPERM, f"it belongs to another user (uid {found.st_uid})")
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _owner_of_new_files(folder: Path) -> int:
    """The owner that one's own files get in this folder: on NFS, files of root may be given to nobody."""
    with tempfile.NamedTemporaryFile(prefix=".owner.", dir=folder) as file:
        return os.fstat(file.fileno()).st_uid


def expect_in_place(descriptor: int, path: Path) -> None:
    """Raise OSError unless others find this open file, and no other one, under its path."""
    own = os.fstat(descriptor)
    try:
        found = os.stat(path, follow_symlinks=False)
    except FileNotFoundError as error:
        raise OSError(errno.ENOENT, "the file was removed during the run") from error
    if (found.st_dev, found.st_ino) != (own.st_dev, own.st_ino):
        raise OSError(errno.ESTALE, "another file took its place during the run")
    if own.st_nlink > 1:
        raise OSError(errno.EMLINK, "the file was given another name during the run (a hard link)")
