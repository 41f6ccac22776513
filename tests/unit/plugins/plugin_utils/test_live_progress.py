# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible import constants
from ansible.plugins.action.normal import ActionModule as RunModule

from ansible_collections.oci_keys.block_volume.plugins.plugin_utils import live_progress
from ansible_collections.oci_keys.block_volume.plugins.plugin_utils.live_progress import LiveModule, show_lines

ROOT = Path(__file__).resolve().parents[4]
TIME = "2026-11-28T13:00:00.000Z"

Work = Callable[[dict[str, Any]], dict[str, Any]]


class Stage:
    """A task whose module is a function, and what was shown of it."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.shown: list[str] = []
        self.given: dict[str, Any] = {}
        self._work: Work = lambda _arguments: {}
        patch.setattr(constants, "DEFAULT_LOCAL_TMP", str(folder))
        patch.setattr(RunModule, "_execute_module", self._execute)
        patch.setattr(live_progress, "display", SimpleNamespace(display=self.shown.append))

    def _execute(
        self, module_name: str | None = None, module_args: dict[str, Any] | None = None, **kwargs: Any
    ) -> dict[str, Any]:
        self.given = dict(module_args if module_args is not None else self.task.args)
        return self._work(self.given)

    def run(
        self,
        work: Work,
        *,
        transport: str = "local",
        become_user: str | None = None,
        no_log: bool = False,
        async_val: int = 0,
        hosts: tuple[str, ...] = ("localhost",),
        **args: Any,
    ) -> dict[str, Any]:
        self._work = work
        self.task = SimpleNamespace(args=args, no_log=no_log, async_val=async_val)
        become = None if become_user is None else SimpleNamespace(get_option=lambda _name: become_user)
        action = object.__new__(LiveModule)
        action._task = self.task
        action._connection = SimpleNamespace(transport=transport, become=become)
        variables = {"ansible_play_hosts_all": list(hosts), "inventory_hostname": hosts[0]}
        result: dict[str, Any] = action._execute_module(task_vars=variables, wrap_async=bool(async_val))
        return result


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(tmp_path, monkeypatch)


def says(*lines: str) -> Work:
    """A module that writes these lines where it is asked to."""

    def work(arguments: dict[str, Any]) -> dict[str, Any]:
        path = arguments.get("progress_file")
        if path is not None:
            with open(path, "a") as file:
                file.writelines(f"{TIME} {line}\n" for line in lines)
        return {"changed": True, "invocation": {"module_args": {"a": 1, "progress_file": path}}}

    return work


def test_lines_are_shown_while_the_module_runs(stage: Stage) -> None:
    seen = threading.Event()
    shown = stage.shown

    def work(arguments: dict[str, Any]) -> dict[str, Any]:
        says("one")(arguments)
        for _turn in range(600):
            if shown or seen.wait(0.1):
                break
        return {"shown": list(shown)}

    assert stage.run(work)["shown"] == ["one"]


def test_what_is_written_last_is_shown_too_and_once(stage: Stage) -> None:
    lines = [str(number) for number in range(500)]
    stage.run(says(*lines))
    assert stage.shown == lines


def test_a_line_cut_short_is_shown_at_the_end(stage: Stage) -> None:
    stage.run(lambda arguments: {"n": Path(arguments["progress_file"]).write_text("whole\ncut")})
    assert stage.shown == ["whole", "cut"]


def test_nothing_of_it_is_left(stage: Stage) -> None:
    result = stage.run(says("one"), a=1)
    assert result == {"changed": True, "invocation": {"module_args": {"a": 1, "progress_file": None}}}
    assert list(stage.folder.iterdir()) == []


def test_nothing_is_left_of_a_module_that_was_killed(stage: Stage) -> None:
    def work(arguments: dict[str, Any]) -> dict[str, Any]:
        says("one")(arguments)
        raise KeyboardInterrupt

    threads = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        stage.run(work)
    assert stage.shown == ["one"]
    assert (list(stage.folder.iterdir()), threading.active_count()) == ([], threads)


def test_a_file_that_the_user_named_is_read_from_where_it_ended(stage: Stage) -> None:
    path = stage.folder / "progress"
    path.write_text(f"{TIME} of yesterday\n")
    result = stage.run(says("of today"), progress_file=str(path))
    assert stage.shown == ["of today"]
    assert path.read_text() == f"{TIME} of yesterday\n{TIME} of today\n"
    assert result["invocation"]["module_args"]["progress_file"] == str(path)


def test_a_file_that_can_not_be_read_shows_nothing(stage: Stage) -> None:
    assert stage.run(lambda _arguments: {"ok": 1}, progress_file="/nonexistent/progress") == {"ok": 1}
    assert stage.shown == []


@pytest.mark.parametrize(
    "how",
    [
        {"transport": "ssh"},
        {"transport": "docker"},
        {"no_log": True},
        {"async_val": 60},
        {"become_user": "oracle"},
    ],
)
def test_others_go_without(stage: Stage, how: dict[str, Any]) -> None:
    result = stage.run(says("one"), **how)
    assert stage.given == {}
    assert stage.shown == []
    assert result["changed"]


@pytest.mark.parametrize("how", [{"no_log": True}, {"async_val": 60}, {"transport": "ssh"}])
def test_others_keep_the_file_that_the_user_named(stage: Stage, how: dict[str, Any]) -> None:
    path = stage.folder / "progress"
    stage.run(says("one"), progress_file=str(path), **how)
    assert path.read_text() == f"{TIME} one\n"
    assert stage.shown == []


def test_root_writes_to_the_file_of_another_user(stage: Stage) -> None:
    stage.run(says("one"), become_user="root")
    assert stage.shown == ["one"]


def test_a_host_is_named_where_there_are_several(stage: Stage) -> None:
    stage.run(says("one"), hosts=("shard-a", "shard-b"))
    assert stage.shown == ["[shard-a] one"]


def test_where_there_is_no_room_for_a_file_the_module_runs_all_the_same(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", "/nonexistent")
    assert stage.run(says("one"))["changed"]
    assert stage.shown == []


def test_what_a_terminal_would_obey_is_not_shown(stage: Stage) -> None:
    stage.run(says("a\x1b[31mb\x07", "ü"))
    assert stage.shown == ["a?[31mb?", "ü"]


def test_a_display_that_fails_fails_nothing(tmp_path: Path) -> None:
    path = tmp_path / "progress"

    def show(_line: str) -> None:
        raise BrokenPipeError

    with show_lines(str(path), show):
        path.write_text("one\n")


def test_without_a_thread_all_lines_are_shown_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    path, shown = tmp_path / "progress", list[str]()
    with show_lines(str(path), shown.append):
        path.write_text(f"{TIME} one\n{TIME} two\n")
        assert shown == []
    assert shown == ["one", "two"]


def test_each_module_that_may_take_long_has_its_plugin() -> None:
    modules = ROOT / "plugins" / "modules"
    documented = {
        path.stem
        for path in modules.glob("*.py")
        if "oci_keys.block_volume.progress" in yaml.safe_load(_documentation(path))["extends_documentation_fragment"]
    }
    actions = {path.stem for path in (ROOT / "plugins" / "action").glob("*.py")}
    # A report takes no time, but says how a run ended.
    assert actions == documented | {"key_assignment_report"}
    assert {"volume_kms_key", "key_plan_apply", "key_assignment_info"} <= actions
    members = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["action_groups"]["all"]
    assert documented <= set(members)


def _documentation(path: Path) -> str:
    return path.read_text().partition('DOCUMENTATION = r"""')[2].partition('"""')[0]


def test_actions_run_only_on_the_controller() -> None:
    """What is shipped with modules must not import them."""
    shipped = [path for path in (ROOT / "plugins" / "module_utils").rglob("*.py") if "plugin_utils" in path.read_text()]
    assert shipped == []
    assert os.path.isdir(ROOT / "plugins" / "plugin_utils")
