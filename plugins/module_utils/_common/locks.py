# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Locks of names that exclude other processes and other users of this process: byte ranges of a file.

The system releases them when a process dies, however it dies. They belong to the process: threads do not exclude each
other by them, and closing any descriptor of the file releases all of them. So what a process holds is kept in one
place, and a descriptor is closed only when nobody in the process uses its file any more. On NFS they reach from machine
to machine where it is NFS 4, or has a lock daemon, and is not mounted with ``nolock`` or ``local_lock``.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import stat
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_OPEN = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
# What a file system without locks says, such as NFS without a lock daemon.
_UNSUPPORTED = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL})
# What is said of a byte that another process has locked.
_TAKEN = frozenset({errno.EACCES, errno.EAGAIN})


class LocksUnsupportedError(OSError):
    """The file system of a lock file has no locks."""


@dataclass
class _OpenFile:
    """A lock file as this process has it open. ``held`` are the bytes that it has locked."""

    descriptors: list[int] = field(default_factory=list)
    users: int = 0
    held: set[int] = field(default_factory=set)


class _ProcessLocks:
    """The lock files of this process, by device and inode."""

    def __init__(self) -> None:
        self.guard = threading.Lock()
        self.files: dict[tuple[int, int], _OpenFile] = {}


_process = _ProcessLocks()


def _forget_in_child() -> None:
    """A child has none of its parent's locks. Its copies of the descriptors end with it, or with exec."""
    _process.guard = threading.Lock()
    _process.files = {}


os.register_at_fork(after_in_child=_forget_in_child)


class LockFile:
    """One file whose bytes stand for names. Raises OSError where it can't be used, or is not one of ours."""

    def __init__(self, path: Path, *, is_shared: bool = False) -> None:
        """Create or open it, and try whether its file system has locks.

        It is for its owner only, or, ``is_shared``, for all users of the machine: whoever owns it, it has no content.
        """
        self.path = path
        self._inode: tuple[int, int] | None = None
        with _process.guard:
            descriptor = _open_shared(path) if is_shared else os.open(path, _OPEN | os.O_CREAT, 0o600)
            found = os.fstat(descriptor)
            inode = (found.st_dev, found.st_ino)
            # From here on, the descriptor is closed with the file only: to close it would release what others hold.
            shared = _process.files.setdefault(inode, _OpenFile())
            shared.descriptors.append(descriptor)
            shared.users += 1
            self._inode = inode
        try:
            if not stat.S_ISREG(found.st_mode):
                raise OSError(errno.EINVAL, "it is not a regular file")
            if found.st_nlink > 1:
                raise OSError(errno.EMLINK, "it has another name, too (a hard link)")
            self._try_a_lock()
        except BaseException:
            self.close()
            raise

    def acquire(self, offset: int) -> bool:
        """Lock a byte; False if somebody else has it, in this process or in another one."""
        with _process.guard:
            shared = self._shared()
            if offset in shared.held or not _lock(shared.descriptors[0], offset):
                return False
            shared.held.add(offset)
            return True

    def release(self, offset: int) -> None:
        """Unlock a byte, and mark the file. A child of the process that locked it has nothing to unlock."""
        with _process.guard:
            shared = _process.files.get(self._inode) if self._inode is not None else None
            if shared is not None and offset in shared.held:
                shared.held.discard(offset)
                _mark(shared.descriptors[0])
                fcntl.lockf(shared.descriptors[0], fcntl.LOCK_UN, 1, offset)

    def is_locked(self, offset: int) -> bool:
        """Whether somebody has a byte locked, in this process or in another one."""
        with _process.guard:
            shared = self._shared()
            if offset in shared.held or not _lock(shared.descriptors[0], offset):
                return True
            fcntl.lockf(shared.descriptors[0], fcntl.LOCK_UN, 1, offset)
            return False

    def check(self) -> None:
        """Raises OSError if others would find another file, or none, under this path."""
        found = os.stat(self.path, follow_symlinks=False)
        if (found.st_dev, found.st_ino) != self._inode:
            raise OSError(errno.ESTALE, "it was replaced")

    def close(self) -> None:
        """Give the file back. Bytes that are still locked stay locked until its last user in this process ends."""
        with _process.guard:
            inode, self._inode = self._inode, None
            shared = _process.files.get(inode) if inode is not None else None
            if inode is None or shared is None:
                return
            shared.users -= 1
            if shared.users == 0:
                del _process.files[inode]
                for descriptor in shared.descriptors:
                    os.close(descriptor)

    def _shared(self) -> _OpenFile:
        shared = _process.files.get(self._inode) if self._inode is not None else None
        if shared is None:
            raise OSError(errno.EBADF, "it is not open in this process")
        return shared

    def _try_a_lock(self) -> None:
        """Another process that tries it at the same moment does no harm: that is an answer, too."""
        with _process.guard:
            descriptor = self._shared().descriptors[0]
            try:
                fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _PROBE)
                fcntl.lockf(descriptor, fcntl.LOCK_UN, 1, _PROBE)
            except OSError as error:
                if error.errno in _UNSUPPORTED:
                    raise LocksUnsupportedError(error.errno, "its file system has no locks") from error
                if error.errno not in _TAKEN:
                    raise


def _open_shared(path: Path) -> int:
    """In a folder such as /tmp, Linux lets nobody open another user's file with O_CREAT (``fs.protected_regular``)."""
    try:
        return os.open(path, _OPEN)
    except FileNotFoundError:
        pass
    try:
        descriptor = os.open(path, _OPEN | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:  # another user was faster
        return os.open(path, _OPEN)
    os.fchmod(descriptor, 0o666)  # whatever the umask is
    return descriptor


def _lock(descriptor: int, offset: int) -> bool:
    """Lock a byte; False if another process has it."""
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, offset)
    except OSError as error:
        if error.errno in _TAKEN:
            return False
        raise
    return True


def last_release(path: Path) -> int | None:
    """The mark of the last release of any byte: another one after each. None where there is no such file."""
    try:
        return os.stat(path, follow_symlinks=False).st_mtime_ns
    except FileNotFoundError:
        return None


def _mark(descriptor: int) -> None:
    """Its time is the mark: the system's own would be the same for all releases of some milliseconds."""
    now = time.time_ns()
    try:
        os.utime(descriptor, ns=(now, now))
    except PermissionError:  # a file of another user
        os.utime(descriptor)


def offset_of(name: str) -> int:
    """The byte that stands for a name: no two of a tenancy's resources share one, as far as 62 bits go."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") >> 2


# Above all offsets of names.
_PROBE = 2**62


class NameLocks:
    """Locks of names in all of some files at once. Nobody waits here: what is taken is tried again later.

    So nobody holds a lock while waiting for another one, and there are no deadlocks. Without files, it excludes nobody.
    """

    def __init__(self, files: Sequence[LockFile] = ()) -> None:
        self._files = list(files)
        self._held: set[str] = set()
        self._lock = threading.Lock()

    def acquire(self, names: Iterable[str]) -> None:
        """Lock those of the names that are not locked. Raises OSError if a file can no longer be used."""
        with self._lock:
            for file in self._files:
                try:
                    file.check()
                except OSError as error:
                    raise OSError(error.errno, f"The lock file {str(file.path)!r}: {error.strerror}") from error
            for name in names:
                if name not in self._held and self._acquire(offset_of(name)):
                    self._held.add(name)

    def _acquire(self, offset: int) -> bool:
        taken: list[LockFile] = []
        try:
            for file in self._files:
                if not file.acquire(offset):
                    break
                taken.append(file)
            else:
                return True
        except OSError:
            self._give_back(taken, offset)
            raise
        self._give_back(taken, offset)
        return False

    @staticmethod
    def _give_back(files: Iterable[LockFile], offset: int) -> None:
        for file in files:
            file.release(offset)

    def holds(self, name: str) -> bool:
        return name in self._held

    def release(self, name: str) -> None:
        """Unlock a name, if it is locked."""
        with self._lock:
            if name in self._held:
                self._held.discard(name)
                self._give_back(self._files, offset_of(name))

    def close(self) -> None:
        """Unlock all names, and give the files back."""
        for name in list(self._held):
            self.release(name)
        for file in self._files:
            file.close()
        self._files = []
