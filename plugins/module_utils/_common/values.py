# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What users may write for a value: blank for not set, and the words for true and false. Pure."""

from __future__ import annotations

_TRUE = ("true", "yes", "on", "1", "y", "t")
_FALSE = ("false", "no", "off", "0", "n", "f")


def is_blank(value: object) -> bool:
    """Whether a value counts as not set: null, ``''`` or only white space."""
    return value is None or (isinstance(value, str) and not value.strip())


def parse_boolean(value: object) -> bool | None:
    """A boolean, or the boolean that a word stands for, in any case; None for anything else."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    return word in _TRUE if word in _TRUE or word in _FALSE else None
