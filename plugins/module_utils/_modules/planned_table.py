# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of what a call is going to change, for modules that show it; the others don't ship it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from .._changes.planned_table import planned_lines
from .._changes.request import Target
from .._common.table import width_of
from .._model.decisions import Decision


def planned_table(
    targets: Sequence[Target], decisions: Mapping[str, Decision], key_names: Mapping[str, str | None], check_mode: bool
) -> list[str]:
    """The lines of the table, within the width of the terminal."""
    return planned_lines(targets, decisions, key_names, width_of(os.environ.get("COLUMNS")), check_mode=check_mode)
