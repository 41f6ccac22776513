# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shows the plan that a module made as it is meant to be read: as lines of the terminal, not as JSON of a result.

Private to the collection. With ``-v`` each change is listed with its OCID, if the plan's file can be read here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ansible import constants as C
from ansible.utils.display import Display

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.table import width_of
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.plan_file import read_plan
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.ocid_names import Names
from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.plan_text import (
    BAD,
    CHANGES,
    GOOD,
    LEFT,
    entry_lines,
    tone_of,
)
from ansible_collections.oci_keys.block_volume.plugins.plugin_utils.live_progress import TERMINAL_WIDTH, LiveModule
from ansible_collections.oci_keys.block_volume.plugins.plugin_utils.role_step import RoleStep

display = Display()

_COLORS = {BAD: "COLOR_ERROR", CHANGES: "COLOR_CHANGED", GOOD: "COLOR_OK", LEFT: "COLOR_SKIP"}


def _of_later_plan(result: Mapping[str, Any]) -> list[str]:
    """Of a plan that a run makes after its first changes: what is still to be done, if anything is."""
    planned = (result.get("summary") or {}).get("planned")
    return [str(result.get("msg"))] if planned else []


class LivePlan(RoleStep, LiveModule):
    """The action of a module that makes a plan."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        lines = result.get("lines")
        if isinstance(lines, list) and not result.get("failed") and not self._task.no_log:
            shown = lines if result.get("first_batch") == 1 else _of_later_plan(result)
            self._show_plan(result, shown, task_vars or {})
        return result

    def _show_plan(self, result: Mapping[str, Any], lines: list[str], task_vars: Mapping[str, Any]) -> None:
        hosts = task_vars.get("ansible_play_hosts_all") or ()
        if lines and len(hosts) > 1:
            display.display(f"[{task_vars.get('inventory_hostname')}]")
        for line in lines:
            tone = tone_of(line)
            display.display(str(line), color=getattr(C, _COLORS[tone]) if tone else None)
        if lines and display.verbosity:
            self._show_entries(result)

    def _show_entries(self, result: Mapping[str, Any]) -> None:
        """Each change, from the plan's file; nothing where that is elsewhere."""
        if getattr(self._connection, "transport", "") != "local":
            return
        with suppress(InputError, OSError):
            plan = read_plan(Path(str(result.get("plan_file"))))
            width = width_of(os.environ.get("COLUMNS") or TERMINAL_WIDTH)
            for line in entry_lines(plan.entries, Names(plan.names), width):
                display.display(line)
