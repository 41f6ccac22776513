# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writing documents that have to be on disk before anything is changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .._common.errors import InputError
from .._common.files import sync_folder, write_private


def write_before_changes(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file that only its owner can read. Raises InputError where it can't be written."""
    try:
        write_private(path, content)
        # Whoever created the folder of the run a moment ago did not flush the one that it is in.
        sync_folder(path.parent.parent)
    except OSError as error:
        raise InputError(
            f"{str(path)!r} can't be written: {error.strerror or error}. Nothing was changed, because the plan and the "
            "former keys have to be on disk first. Give a folder that can be written"
        ) from error
