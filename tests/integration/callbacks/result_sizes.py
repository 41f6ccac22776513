# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Notes how large each result is that callbacks are given. AWX stores these."""

from __future__ import annotations

DOCUMENTATION = r"""
name: result_sizes
type: aggregate
short_description: Notes how large results are
description:
  - Appends a line of JSON for each result to the file that E(RESULT_SIZES_FILE) names.
"""

import json
import os
import time
from collections.abc import Iterator
from typing import Any

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    """Every event that carries a result, and the artifacts at the end."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "result_sizes"
    CALLBACK_NEEDS_ENABLED = True

    def v2_runner_on_ok(self, result: Any) -> None:
        self._note(result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._note(result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._note(result, skipped=True)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._note(result)

    def v2_runner_item_on_ok(self, result: Any) -> None:
        self._note(result)

    def v2_runner_item_on_failed(self, result: Any) -> None:
        self._note(result)

    def v2_runner_item_on_skipped(self, result: Any) -> None:
        self._note(result, skipped=True)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._write("artifacts", "", stats.custom)

    def _note(self, result: Any, *, skipped: bool = False) -> None:
        self._write(result._task.get_name(), result._task.action, result._result, skipped=skipped)

    def _write(self, task: str, action: str, content: Any, *, skipped: bool = False) -> None:
        size = len(json.dumps(content, default=str))
        most, where = max(_lengths(content))
        row = {"task": task, "action": action, "skipped": skipped, "size": size, "most": most, "where": where}
        line = {**row, "time": time.monotonic()}
        with open(os.environ["RESULT_SIZES_FILE"], "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def _lengths(value: Any, place: str = "") -> Iterator[tuple[int, str]]:
    """How many items each list and dictionary has, with its place."""
    yield 0, place
    if isinstance(value, dict):
        yield len(value), place
        for name, content in value.items():
            yield from _lengths(content, f"{place}.{name}")
    elif isinstance(value, (list, tuple)):
        yield len(value), place
        for content in value:
            yield from _lengths(content, f"{place}[]")
