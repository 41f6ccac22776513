# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lets a task of a role check the variables before its module runs, and say how the run stands after it.

Private to the collection. Ansible prints a heading for each task, skipped ones too, so a task that only fails, or only
shows something, is one more heading in each run. Two variables of a task, given with its ``vars``, say it instead:

* ``__oci_keys_problems``: sentences. If there are any, the task fails with them, and its module is not started.
* ``__oci_keys_outcome``: ``lines`` to show once the module has run, and ``failure``, with which the task fails then
  if it is not empty. It may use the result of the task under the name that the task registers it by.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from ansible.plugins.action.normal import ActionModule as RunModule
from ansible.utils.display import Display

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.table import width_of, wrap
from ansible_collections.oci_keys.block_volume.plugins.plugin_utils._untrusted import untrusted
from ansible_collections.oci_keys.block_volume.plugins.plugin_utils.live_progress import TERMINAL_WIDTH

PROBLEMS, OUTCOME = "__oci_keys_problems", "__oci_keys_outcome"

display = Display()

# Of a task that fails, Ansible prints the whole result: these are what others still need of it.
_KEPT = ("changed", "alarms")


class RoleStep(RunModule):
    """The action of a module that roles and playbooks of this collection run. It stands before any other base."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        variables = task_vars or {}
        problems = self._value(PROBLEMS, variables)
        if problems:
            return {"failed": True, "changed": False, "msg": "\n".join(map(str, problems))}
        result: dict[str, Any] = super().run(tmp, task_vars)  # type: ignore[no-untyped-call]
        if OUTCOME not in variables or not _says_how_it_ended(result):
            return result
        registered = self._task.register
        if registered:
            variables = {**variables, registered: untrusted(result)}
        return self._with_outcome(result, self._value(OUTCOME, variables), variables)

    def _value(self, name: str, variables: dict[str, Any]) -> Any:
        if name not in variables:
            return None
        return self._templar.copy_with_new_env(available_variables=variables).template(variables[name])

    def _with_outcome(
        self, result: dict[str, Any], outcome: Mapping[str, Any], variables: Mapping[str, Any]
    ) -> dict[str, Any]:
        hosts = variables.get("ansible_play_hosts_all") or ()
        host = f"[{variables.get('inventory_hostname')}] " if len(hosts) > 1 else ""
        for line in outcome_lines(outcome["lines"]):
            display.display(f"{host}{line}")
        if not outcome["failure"]:
            return {**result, "failed": False}
        kept = {name: result[name] for name in _KEPT if result.get(name) not in (None, [])}
        if "paths" in result:  # that of the report is where reports of several hosts are merged from
            kept["paths"] = {"json": result["paths"]["json"]}
        return {"changed": False, **kept, "failed": True, "msg": outcome["failure"]}


def _says_how_it_ended(result: Mapping[str, Any]) -> bool:
    """Whether the module did what it was started for, also where it failed for what it found or could not change."""
    if result.get("skipped"):
        return False
    counts = result.get("summary")
    failed_resources = isinstance(counts, Mapping) and bool(counts.get("failed"))
    return not result.get("failed") or "alarms" in result or failed_resources


def outcome_lines(sentences: Sequence[Any]) -> list[str]:
    """Sentences in lines that fit the terminal; those that go on are indented. Without one, each stays a line."""
    columns = os.environ.get("COLUMNS") or TERMINAL_WIDTH
    lines = [line for sentence in sentences for line in str(sentence).split("\n") if line.strip()]
    if not columns:
        return lines
    return [part for line in lines for part in _wrapped(line, width_of(columns))]


def _wrapped(line: str, width: int) -> list[str]:
    indent = line[: len(line) - len(line.lstrip())]
    return wrap(line, width, indent, f"{indent}  ", whole_words=True)
