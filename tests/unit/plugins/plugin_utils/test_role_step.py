# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tasks of roles check before their module runs, and show and fail with after it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.action.normal import ActionModule as RunModule
from ansible.template import Templar

from ansible_collections.oci_keys.block_volume.plugins.plugin_utils import role_step
from ansible_collections.oci_keys.block_volume.plugins.plugin_utils._untrusted import as_template
from ansible_collections.oci_keys.block_volume.plugins.plugin_utils.role_step import RoleStep, outcome_lines

PATH = "/var/reports/" + "a" * 70
OUTCOME = {
    "lines": as_template("{{ ended.lines + ['The report: /run'] }}"),
    "failure": as_template("{{ ended.alarms | default([]) | join(' ') }}"),
}


class Step:
    """An action whose module has a result, and what it shows."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.shown: list[str] = []
        self.has_run = False
        self._patch = patch
        patch.setattr(role_step, "display", SimpleNamespace(display=self.shown.append))
        patch.delenv("COLUMNS", raising=False)
        patch.setattr(role_step, "TERMINAL_WIDTH", None)

    def run(self, result: dict[str, Any], **variables: Any) -> dict[str, Any]:
        def run_module(*_arguments: Any) -> dict[str, Any]:
            self.has_run = True
            return result

        self._patch.setattr(RunModule, "run", run_module)
        action = object.__new__(RoleStep)
        action._task = SimpleNamespace(register="ended")
        action._templar = Templar(loader=DataLoader())  # type: ignore[no-untyped-call]
        return action.run(
            None, {"ansible_play_hosts_all": ["localhost"], "inventory_hostname": "localhost", **variables}
        )


@pytest.fixture
def step(monkeypatch: pytest.MonkeyPatch) -> Step:
    return Step(monkeypatch)


def test_without_either_variable_it_is_the_module_alone(step: Step) -> None:
    result = {"changed": True, "lines": ["a"]}
    assert step.run(result) is result
    assert step.shown == []


def test_problems_fail_the_task_and_the_module_does_not_run(step: Step) -> None:
    problems = as_template("{{ found }}")
    failed = step.run({}, __oci_keys_problems=problems, found=["a is not valid", "b is not set"])
    assert failed == {"failed": True, "changed": False, "msg": "a is not valid\nb is not set"}
    assert not step.has_run
    step.run({}, __oci_keys_problems=problems, found=[])
    assert step.has_run


def test_the_outcome_is_shown_of_the_result_as_it_is_registered(step: Step) -> None:
    result = step.run({"changed": True, "lines": ["2 changed"], "more": 1}, __oci_keys_outcome=OUTCOME)
    assert step.shown == ["2 changed", "The report: /run"]
    assert result == {"changed": True, "lines": ["2 changed"], "more": 1, "failed": False}


def test_what_came_from_oci_is_no_template(step: Step) -> None:
    step.run({"lines": ["{{ 6 * 7 }}"]}, __oci_keys_outcome=OUTCOME)
    assert step.shown[0] == "{{ 6 * 7 }}"


def test_of_a_failure_the_message_is_short_and_where_the_report_is_stays(step: Step) -> None:
    found: dict[str, Any] = {"failed": True, "lines": ["1 alarm"], "alarms": ["Too old."], "msg": "m", "big": 1}
    found["paths"] = {"json": "/r", "html": "/h"}
    result = step.run(found, __oci_keys_outcome=OUTCOME)
    assert step.shown == ["1 alarm", "The report: /run"]
    kept = {"alarms": ["Too old."], "paths": {"json": "/r"}}
    assert result == {"failed": True, "changed": False, "msg": "Too old.", **kept}


@pytest.mark.parametrize(
    "result", [{"failed": True, "msg": "No."}, {"failed": True, "summary": {"failed": 0}}, {"skipped": True}], ids=str
)
def test_a_module_that_says_nothing_of_the_run_fails_as_it_is(step: Step, result: dict[str, Any]) -> None:
    assert step.run(result, __oci_keys_outcome=OUTCOME) is result
    assert step.shown == []


def test_with_several_hosts_each_line_says_whose(step: Step) -> None:
    step.run({"lines": ["a"]}, __oci_keys_outcome=OUTCOME, ansible_play_hosts_all=["s1", "s2"], inventory_hostname="s1")
    assert step.shown == ["[s1] a", "[s1] The report: /run"]


def test_lines_fit_the_terminal_and_paths_stay_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    failed = f"2 resources failed:\n  db-1: {'It is locked. ' * 5}"
    lines = outcome_lines([failed, f"Nothing changed. The report: {PATH}"])
    assert lines[:2] == ["2 resources failed:", "  db-1: It is locked. It is locked. It is locked. It is"]
    assert all(len(line) <= 60 for line in lines if PATH not in line)
    assert lines[-1] == f"  {PATH}"


def test_without_a_terminal_each_sentence_is_a_line(step: Step) -> None:
    assert outcome_lines(["a " * 200, "b"]) == ["a " * 200, "b"]
