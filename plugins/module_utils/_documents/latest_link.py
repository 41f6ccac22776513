# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The link ``latest`` beside the folders of runs, to the one that ended last."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from .._common.files import sync_folder

LATEST = "latest"


def point_latest_to(folder: Path) -> str | None:
    """Let ``latest``, beside the folder of a run, lead to it. Returns why it was left as it is; None if it does now.

    The link is replaced in one step, so that whoever follows it finds one run or the other, and it holds the name of
    the folder only, so that all can be moved together. What is not such a link is somebody's own and stays. So does
    everything where links can't be made: the run is complete without it.
    """
    folder = Path(os.path.abspath(folder))
    link = folder.with_name(LATEST)
    if folder == link:
        return f"{link} is the folder of the run itself"
    if not folder.is_dir():
        return f"{folder} is not a folder"
    try:
        reason = foreign_link_reason(link)
        if reason is not None:
            return f"{link} {reason}"
        _replace(link, folder.name)
        sync_folder(link.parent)
    except OSError as error:
        return f"{link} can't be written: {error.strerror or error}"
    return None


def foreign_link_reason(link: Path) -> str | None:
    """Why ``latest`` is somebody's own; None if it is ours, or if there is none. Raises OSError."""
    if not link.is_symlink():
        return "is not a link" if link.exists() else None
    target = os.readlink(link)
    is_sibling = target not in ("", ".", "..") and os.sep not in target
    return None if is_sibling else "is a link to another place"


def _replace(link: Path, target: str) -> None:
    if not link.is_symlink():
        try:
            link.symlink_to(target)
            return
        except FileExistsError:
            # Made meanwhile: by another run, or by somebody, whose file is not replaced.
            if foreign_link_reason(link) is not None:
                raise
    made = link.with_name(f".{LATEST}.{secrets.token_hex(8)}")
    made.symlink_to(target)
    try:
        os.replace(made, link)
    except BaseException:
        made.unlink()
        raise
