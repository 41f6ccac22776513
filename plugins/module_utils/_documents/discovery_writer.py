# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes a file that reads like a result file of key_assignment_info."""

from __future__ import annotations

from pathlib import Path

from .discovery_file import DiscoveryFile
from .formats import RESULT_FORMAT, RESULT_VERSION
from .json_writer import write_before_changes


def write_discovery(path: Path, discovery: DiscoveryFile) -> None:
    """Write a file that reads like a result file of key_assignment_info, before anything is changed.

    Raises InputError where it can't be written.
    """
    write_before_changes(
        path,
        {
            "format": RESULT_FORMAT,
            "version": RESULT_VERSION,
            "resources": discovery.resources,
            "unreadable": discovery.unreadable,
            "complete": discovery.complete,
            "scanned": discovery.scanned,
            "caller": discovery.caller,
        },
    )
