# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Counts and times in words."""

from __future__ import annotations


def resources(count: int) -> str:
    """ "1 resource", "1,200 resources" """
    return f"{count:,} {'resource' if count == 1 else 'resources'}"


def duration(seconds: float) -> str:
    """ "40 s", "12 min", "1.5 h" """
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"


def plural(count: int, noun: str) -> str:
    """ "1 key", "1,200 keys" """
    return f"{count:,} {noun if count == 1 else f'{noun}s'}"
