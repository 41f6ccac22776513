# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the actions of modules that plan show of the result."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible.plugins.action.normal import ActionModule as RunModule

from ansible_collections.oci_keys.block_volume.plugins.plugin_utils import live_plan, live_progress
from ansible_collections.oci_keys.block_volume.plugins.plugin_utils.live_plan import LivePlan

LINES = ["2 resources would be changed, 1 blocked", "  Region", "1 blocked; fix these first:", "Digest of the plan: 0"]
RESULT = {"lines": LINES, "first_batch": 1, "msg": LINES[0], "summary": {"planned": 2}, "plan_file": "/nowhere"}


class Shown:
    """The lines that an action shows of a result, with their colours."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.lines: list[tuple[str, str | None]] = []
        self.task = SimpleNamespace(no_log=False, environment=None)
        self._patch = patch
        patch.setattr(live_plan, "display", SimpleNamespace(display=self._show, verbosity=0))

    def _show(self, text: str, color: str | None = None) -> None:
        self.lines.append((text, color))

    def of(self, result: dict[str, Any], hosts: tuple[str, ...] = ("localhost",)) -> list[str]:
        self._patch.setattr(RunModule, "run", lambda *_arguments: result)
        action = object.__new__(LivePlan)
        action._task = self.task
        assert action.run(None, {"ansible_play_hosts_all": hosts, "inventory_hostname": hosts[0]}) is result
        return [text for text, _colour in self.lines]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    return Shown(monkeypatch)


def test_a_plan_is_shown_as_it_is_with_colours_for_its_headings(shown: Shown) -> None:
    assert shown.of(RESULT) == LINES
    colours = [colour for _text, colour in shown.lines]
    assert colours[0]
    assert colours[2]
    assert colours[0] != colours[2]
    assert (colours[1], colours[3]) == (None, None)


def test_with_several_hosts_it_says_whose(shown: Shown) -> None:
    assert shown.of(RESULT, hosts=("shard-1", "shard-2")) == ["[shard-1]", *LINES]


@pytest.mark.parametrize(("planned", "lines"), [(2, [LINES[0]]), (0, [])])
def test_of_a_later_plan_only_what_is_left(shown: Shown, planned: int, lines: list[str]) -> None:
    assert shown.of({**RESULT, "first_batch": 4, "summary": {"planned": planned}}) == lines


@pytest.mark.parametrize("result", [{"failed": True, **RESULT}, {"msg": "skipped"}, {"lines": "not a list"}])
def test_nothing_is_shown_of_what_is_no_plan(shown: Shown, result: dict[str, Any]) -> None:
    assert shown.of(result) == []


def test_nor_of_a_task_that_hides_its_result(shown: Shown) -> None:
    shown.task.no_log = True
    assert shown.of(RESULT) == []


@pytest.mark.parametrize(("columns", "width", "given"), [(None, 50, [{"COLUMNS": "50"}]), ("70", 50, None)])
def test_the_module_finds_the_width_of_the_terminal(
    shown: Shown, monkeypatch: pytest.MonkeyPatch, columns: str | None, width: int, given: Any
) -> None:
    monkeypatch.setattr(live_progress, "TERMINAL_WIDTH", width)
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns is not None:
        monkeypatch.setenv("COLUMNS", columns)
    shown.of(RESULT)
    assert shown.task.environment == given
