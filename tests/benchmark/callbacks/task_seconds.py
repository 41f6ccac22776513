# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Notes how long each task takes, from its start to its result."""

from __future__ import annotations

DOCUMENTATION = r"""
name: task_seconds
type: aggregate
short_description: Notes how long each task takes
description:
  - Appends a line of JSON for each task to the file that E(TASK_SECONDS_FILE) names.
"""

import json
import os
import time
from typing import Any

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    """For tasks of a single host."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "task_seconds"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._began = 0.0

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        self._began = time.monotonic()

    def v2_runner_on_ok(self, result: Any) -> None:
        line = {"task": result._task.get_name(), "seconds": time.monotonic() - self._began}
        with open(os.environ["TASK_SECONDS_FILE"], "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
