# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where files go for which the user names no place: the state folder, which survives reboots.

A user whom the system does not know, as in a container with any user id, may have no home folder.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from pathlib import Path

from .errors import InputError
from .text import quote

_NAME = "oci_keys.block_volume"


def state_folder(environment: Mapping[str, str]) -> Path:
    """The collection's folder in the user's state folder; it may have to be created.

    Raises InputError where there is none, or where it can't be created.
    """
    folder = _base(environment) / _NAME
    existing = next(path for path in (folder, *folder.parents) if os.path.lexists(path))
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        raise _no_state_folder(
            f"{quote(str(folder))} can't be created, because {quote(str(existing))} can't be written"
        )
    return folder


def _base(environment: Mapping[str, str]) -> Path:
    state = environment.get("XDG_STATE_HOME", "").strip()
    if state:
        if not os.path.isabs(state):
            raise _no_state_folder(f"the environment variable XDG_STATE_HOME is {quote(state)}, not an absolute path")
        return Path(state)
    return _home(environment) / ".local" / "state"


def _home(environment: Mapping[str, str]) -> Path:
    home = environment.get("HOME", "").strip()
    if home:
        if not os.path.isabs(home):
            raise _no_state_folder(f"the environment variable HOME is {quote(home)}, not an absolute path")
        return Path(home)
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        raise _no_state_folder(
            f"the environment variable HOME is not set, and the system does not know the user id {os.getuid()}"
        ) from None


def _no_state_folder(reason: str) -> InputError:
    return InputError(
        f"There is no default folder for the journal: {reason}. Give 'journal' (of a role, the report folder), or set "
        "the environment variable XDG_STATE_HOME to a persistent folder."
    )


def expanded(path: str) -> Path:
    """A path with ``~`` replaced by a home folder. Raises InputError where nobody knows it."""
    found = os.path.expanduser(path)
    if found.startswith("~"):
        raise InputError(f"{quote(path)} names a home folder that is not known. Give a path without '~'")
    return Path(found)
