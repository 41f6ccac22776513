# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes the file of the keys of a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .formats import RESULT_FORMAT, RESULT_VERSION
from .json_writer import write_before_changes


def write_keys(path: Path, rows: Sequence[Mapping[str, Any]], summary: Mapping[str, int]) -> None:
    """Write the keys of a plan. Raises InputError where that fails, since nothing may be changed then."""
    about = {"format": RESULT_FORMAT, "version": RESULT_VERSION, "changed": False}
    write_before_changes(path, {**about, "summary": summary, "keys": rows})
