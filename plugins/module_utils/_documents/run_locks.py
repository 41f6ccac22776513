# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which lock files keep two runs from changing one resource at once.

Three are needed: one in the state folder, for all runs of a user on this machine, whichever journals they have; one
in a folder that all users of this machine share; and one beside the journal, for runs on other machines, or in other
containers, that share its folder. Where the journal is the default one, the first and the last are the same.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from .._common.errors import InputError
from .._common.locks import LockFile, LocksUnsupportedError, NameLocks, last_release, offset_of
from .journal import known_default_journal

LOCK_FILE = ".oci-keys.lock"
"""The name of the lock file in its folder. It stays empty, and stays there."""

MACHINE_FOLDER = "OCI_KEYS_LOCK_FOLDER"
"""The environment variable with the folder that all users of a machine share."""


@dataclass(frozen=True)
class LockPlaces:
    """The folders that the lock files are in. ``state`` None: there is no state folder.

    ``machine`` None: users of this machine do not exclude each other.
    """

    state: Path | None
    journal: Path
    machine: Path | None = None

    @property
    def own(self) -> list[Path]:
        """Those whose files belong to this user."""
        return [self.journal] if self.state is None else [self.journal, self.state]


def lock_places(journal: Path, environment: Mapping[str, str]) -> LockPlaces:
    """The folders of the lock files of a run with this journal."""
    default = known_default_journal(environment)
    machine = Path(environment.get(MACHINE_FOLDER) or "/tmp")
    return LockPlaces(None if default is None else default.parent, journal.parent, machine)


@dataclass
class RunLocks:
    """The locks of one run, and what they do not exclude."""

    names: NameLocks = field(default_factory=NameLocks)
    warnings: Sequence[str] = ()


def open_locks(places: LockPlaces | None) -> RunLocks:
    """Open the lock files. Raises InputError where runs would exclude each other nowhere, or a file is not one of ours.

    The folder of the journal has to be there.
    """
    if places is None:
        return RunLocks()
    files: list[LockFile] = []
    warnings: list[str] = []
    try:
        own = _beside_journal(places, warnings)
        files += own
        files += _in_state_folder(places, own, warnings)
        files += _of_machine(places, warnings)
    except BaseException:
        for file in files:
            file.close()
        raise
    return RunLocks(NameLocks(files), warnings)


class OtherRuns:
    """What other runs are changing, or have changed since this was made. Makes no file, so check mode can ask it, too.

    A lock file that can't be used says nothing here: whoever changes something is told of it.
    """

    def __init__(self, places: LockPlaces | None) -> None:
        shared = None if places is None else places.machine
        folders = [] if places is None else [*places.own, *([] if shared is None else [shared])]
        self._shared = shared and _lock_file_in(shared)
        self._paths = list(dict.fromkeys(map(_lock_file_in, folders)))
        self._seen: dict[str, list[int | None]] = {}
        self._first = self._marks()
        self._files: list[LockFile] = []

    def open(self) -> None:
        """Before the questions. ``close`` ends it."""
        for path in self._paths:
            if path.exists():
                with suppress(OSError):
                    self._files.append(LockFile(path, is_shared=path == self._shared))

    def are_changing(self, name: str) -> bool:
        """Whether one of them has it locked now."""
        offset = offset_of(name)
        with suppress(OSError):
            return any(file.is_locked(offset) for file in self._files)
        return False

    def have_ended_a_change(self, name: str) -> bool:
        """Whether one of them has unlocked something since this was asked last, or since this was made."""
        marks, before = self._marks(), self._seen.get(name, self._first)
        self._seen[name] = marks
        return marks != before

    def close(self) -> None:
        for file in self._files:
            file.close()
        self._files = []

    def _marks(self) -> list[int | None]:
        marks: list[int | None] = []
        for path in self._paths:
            try:
                marks.append(last_release(path))
            except OSError:
                marks.append(None)
        return marks


def _beside_journal(places: LockPlaces, warnings: list[str]) -> list[LockFile]:
    path = places.journal / LOCK_FILE
    try:
        return [LockFile(path)]
    except LocksUnsupportedError as error:
        if places.state is None or _is_same_folder(places.state, places.journal):
            raise _unusable(
                path,
                "its file system has no locks",
                "Give 'journal' a file on a file system that has them, such as a local one or NFS 4.",
            ) from error
        warnings.append(
            f"The file system of {str(places.journal)!r} has no locks. Runs on this machine still exclude each other, "
            "but a run on another machine that uses this folder may change the same resources at the same time."
        )
        return []
    except OSError as error:
        raise _unusable(
            path, error.strerror or str(error), "Remove it, or give 'journal' a file in a folder of your own."
        ) from error


def _in_state_folder(places: LockPlaces, beside_journal: Sequence[LockFile], warnings: list[str]) -> list[LockFile]:
    if places.state is None:
        warnings.append(
            f"There is no state folder. Runs that use the folder {str(places.journal)!r} exclude each other, but a run "
            "with another journal may change the same resources at the same time. Set the environment variable "
            "XDG_STATE_HOME."
        )
        return []
    if _is_same_folder(places.state, places.journal):
        return []
    path = places.state / LOCK_FILE
    try:
        places.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        return [LockFile(path)]
    except OSError as error:
        if not beside_journal:
            raise _unusable(
                path,
                error.strerror or str(error),
                "Set the environment variable XDG_STATE_HOME to a folder on a local file system.",
            ) from error
        warnings.append(
            f"The lock file {str(path)!r} can't be used ({error.strerror or error}). Runs that use the folder "
            f"{str(places.journal)!r} exclude each other, but a run with another journal may change the same resources "
            "at the same time. Set the environment variable XDG_STATE_HOME to a folder that can be written."
        )
        return []


def _of_machine(places: LockPlaces, warnings: list[str]) -> list[LockFile]:
    if places.machine is None or any(_is_same_folder(places.machine, own) for own in places.own):
        return []
    path = places.machine / LOCK_FILE
    try:
        return [LockFile(path, is_shared=True)]
    except OSError as error:
        warnings.append(
            f"The lock file {str(path)!r} can't be used ({error.strerror or error}). Runs of other users on this "
            f"machine may change the same resources at the same time. Set the environment variable {MACHINE_FOLDER} of "
            "all users to one folder that all of them can write, such as one with mode 1777."
        )
        return []


def _lock_file_in(folder: Path) -> Path:
    return Path(os.path.realpath(folder)) / LOCK_FILE


def _is_same_folder(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _unusable(path: Path, why: str, action: str) -> InputError:
    return InputError(
        f"The lock file {str(path)!r} can't be used: {why}. Nothing was changed, because another run could change the "
        f"same resources at the same time. {action}"
    )
