# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folder of a run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from .._common.errors import InputError


def create_run_folder(option: str, file: Any, variable: str) -> None:
    """Create the folder of a file that ``option`` names, and those above it, for their owner only. Raises InputError,
    with the variable of a role that names another folder."""
    folder = Path(os.path.abspath(os.path.expanduser(str(file)))).parent
    try:
        for path in reversed([folder, *folder.parents]):
            if not path.is_dir():
                path.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{variable}: the folder {str(folder)!r} of {option!r} can't be created: {error.strerror}. Nothing "
            "was changed. Name a folder that you may write to"
        ) from error
