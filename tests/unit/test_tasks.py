# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tasks of roles and playbooks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FILES = sorted([*ROOT.glob("playbooks/**/*.yml"), *ROOT.glob("roles/*/tasks/*.yml")])


def _tasks(node: Any) -> Iterator[dict[str, Any]]:
    for task in node or ():
        yield task
        for name in ("tasks", "pre_tasks", "post_tasks", "handlers", "block", "rescue", "always"):
            yield from _tasks(task.get(name))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_failures_show_a_message_and_not_assertions(file: Path) -> None:
    """Of an assert that fails, Ansible prints the condition before the message."""
    tasks = _tasks(yaml.safe_load(file.read_text()))
    assert [task["name"] for task in tasks if {"assert", "ansible.builtin.assert"} & set(task)] == []
