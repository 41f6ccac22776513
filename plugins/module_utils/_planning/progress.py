# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far a plan has been carried out, in a line that a person reads. Pure."""

from __future__ import annotations

from .._common.progress import rate
from .._common.quantities import duration
from .._documents.plan_file import Slice
from .._model.resource_types import RESOURCE_TYPES


def slice_label(part: Slice) -> str:
    """ "us-phoenix-1: block volumes 201-400 of 1,000" """
    row = RESOURCE_TYPES.get(part.type)
    many = row.plural if row is not None else part.type
    span = f"{part.first:,}" if part.first == part.last else f"{part.first:,}-{part.last:,}"
    return f"{part.region}: {many} {span} of {part.total:,}"


def progress_line(label: str, changed: int, failed: int, seconds: float, seconds_left: float | None) -> str:
    """ "us-phoenix-1: block volumes 201-400 of 1,000, 200 changed, 0 failed, 5/s, about 40 s left" """
    speed = f", {rate(changed, seconds)}" if changed and seconds > 0 else ""
    left = "" if seconds_left is None else f", about {duration(seconds_left)} left"
    return f"{label}, {changed:,} changed, {failed:,} failed{speed}{left}"
