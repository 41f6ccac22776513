# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that modules which plan share."""

from __future__ import annotations

from typing import Any

from .._api.settings import CONNECTION_OPTIONS
from .options import KEY_CHECK_OPTIONS
from .progress import PROGRESS_OPTIONS

PLAN_OPTIONS: dict[str, dict[str, Any]] = {
    "plan_file": {"type": "path", "required": True},
    "create_folder": {"type": "bool", "default": False},
    "keys_file": {"type": "path", "no_log": False},
    "new_discovery_file": {"type": "path", "aliases": ["found_file"]},
    "batch_size": {"type": "int", "default": 500},
    "canary": {"type": "int", "default": 1},
    "run_id": {"type": "str"},
    "approved_by": {"type": "str"},
    "change_ticket": {"type": "str"},
    "former_runs": {"type": "list", "elements": "path"},
    **KEY_CHECK_OPTIONS,
    **PROGRESS_OPTIONS,
    **CONNECTION_OPTIONS,
}
"""Argument spec entries of the modules that plan."""

INCLUDE_OPTIONS: dict[str, dict[str, Any]] = {
    "include_replicated": {"type": "bool", "default": False},
    "include_locked": {"type": "bool", "default": False},
    "recreate_replicas": {"type": "bool", "default": False},
}
"""Argument spec entries: what is only planned for if the user says so."""

SELECTION_OPTIONS: dict[str, dict[str, Any]] = {
    "exclude_ids": {"type": "list", "elements": "str"},
    "freeform_tags": {"type": "dict"},
    "defined_tags": {"type": "dict"},
    "created_before": {"type": "str"},
}
"""Argument spec entries: which of the discovered resources are planned for."""
