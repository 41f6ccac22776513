# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a module as Ansible does by itself, and shows what it writes into its ``progress_file`` while it runs.

Private to the collection. Only where the module runs on this machine: elsewhere, and with ``async``, there is no file
to read along, so the module runs as if there were no such plugin. Nothing about progress ever fails a task.
"""

from __future__ import annotations

import contextvars
import multiprocessing
import os
import re
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from ansible import constants as C
from ansible.plugins.action.normal import ActionModule as RunModule
from ansible.utils.display import Display

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.table import text_width, width_of, wrap

OPTION = "progress_file"

display = Display()

# Seconds between two looks at the file.
_LOOK = 0.2
_TIME = re.compile(rb"^\d{4}-\d\d-\d\dT[0-9:.]+Z ")
# A module writes a line of at most some hundred bytes every two seconds.
_MOST_AT_ONCE = 1 << 20
_LONGEST_LINE = 500


def _terminal_width() -> int | None:
    """The width of the terminal; None for whatever is none. Ansible itself takes no terminal to be below 79."""
    with suppress(OSError, ValueError):
        return os.get_terminal_size(1).columns or None
    return None


# Asked while the plugin is loaded, which Ansible does before it forks: workers have no terminal.
TERMINAL_WIDTH = _terminal_width()


class LiveModule(RunModule):
    """The action of a module that takes ``progress_file``. The module finds the width of the terminal, too."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        if TERMINAL_WIDTH is not None and "COLUMNS" not in os.environ:
            self._task.environment = [*(self._task.environment or []), {"COLUMNS": str(TERMINAL_WIDTH)}]
        result: dict[str, Any] = super().run(tmp, task_vars)  # type: ignore[no-untyped-call]
        return result

    def _execute_module(
        self,
        module_name: str | None = None,
        module_args: dict[str, Any] | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> dict[str, Any]:
        if module_name is not None or module_args is not None or kwargs.get("wrap_async") or not self._is_watchable():
            return self._run_module(module_name, module_args, *args, **kwargs)
        task_vars = kwargs.get("task_vars") or {}
        given = self._task.args.get(OPTION)
        if given:
            path = os.path.expanduser(str(given))
            with show_lines(path, self._show(task_vars), start=_size(path)):
                return self._run_module(None, None, *args, **kwargs)
        made = _make_file()
        if made is None:
            return self._run_module(None, None, *args, **kwargs)
        try:
            with show_lines(made, self._show(task_vars)):
                result = self._run_module(None, {**self._task.args, OPTION: made}, *args, **kwargs)
        finally:
            with suppress(OSError):
                os.unlink(made)
        _restore_invocation(result, given)
        return result

    def _run_module(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        result: dict[str, Any] = super()._execute_module(*args, **kwargs)
        return result

    def _is_watchable(self) -> bool:
        """Whether the module's file can be read here, and may be shown."""
        if self._task.no_log or self._task.async_val or getattr(self._connection, "transport", "") != "local":
            return False
        become = getattr(self._connection, "become", None)
        if become is None:
            return True
        with suppress(KeyError):
            # Another user than root could not write to a file of ours.
            return (become.get_option("become_user") or "root") == "root"
        return False

    def _show(self, task_vars: Mapping[str, Any]) -> Callable[[str], None]:
        hosts = task_vars.get("ansible_play_hosts_all") or ()
        host = f"[{task_vars.get('inventory_hostname')}] " if len(hosts) > 1 else ""
        columns = os.environ.get("COLUMNS") or TERMINAL_WIDTH
        if not columns:
            return lambda line: display.display(f"{host}{line}")
        width = width_of(columns)

        def show(line: str) -> None:
            text = f"{host}{line}"
            # What fits may be a row of a table, whose blanks stay.
            for part in [text] if text_width(text) <= width else wrap(text, width, "", "  "):
                display.display(part)

        return show


@contextmanager
def show_lines(path: str, show: Callable[[str], None], start: int = 0) -> Iterator[None]:
    """Show each line that is appended to a file while the body runs, and those that it left at its end."""
    watch = _Watch(path, show, start)
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(_LOOK):
            watch.show_new_lines()
            _end_without_parent()

    thread: threading.Thread | None
    thread = threading.Thread(target=contextvars.copy_context().run, args=(look,), daemon=True, name="progress")
    try:
        thread.start()
    except RuntimeError:  # no more threads to be had: all lines are shown at the end
        thread = None
    try:
        yield
    finally:
        ended.set()
        if thread is not None:
            thread.join()
        watch.show_new_lines(is_last=True)
        watch.close()


def _end_without_parent() -> None:
    """End this worker if the ansible-playbook that it works for was killed.

    Nobody takes its result then. The module sees that its output is not read any more, and starts no further batch.
    """
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid is not None and os.getppid() != parent.pid:
        os._exit(1)


class _Watch:
    """Reads what is new in a file. A file that can't be read shows nothing."""

    def __init__(self, path: str, show: Callable[[str], None], start: int) -> None:
        self._path = path
        self._show = show
        self._position = start
        self._descriptor: int | None = None
        self._rest = b""

    def show_new_lines(self, *, is_last: bool = False) -> None:
        with suppress(Exception):
            *lines, self._rest = (self._rest + self._read()).split(b"\n")
            if is_last and self._rest:
                lines.append(self._rest)
            for line in lines:
                self._show(_readable(line))

    def _read(self) -> bytes:
        if self._descriptor is None:
            try:
                self._descriptor = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            except OSError:
                return b""
        content = os.pread(self._descriptor, _MOST_AT_ONCE, self._position)
        self._position += len(content)
        return content

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)


def _readable(line: bytes) -> str:
    """A line without its time, which whoever shows lines adds by themselves, and with nothing that a terminal obeys."""
    text = _TIME.sub(b"", line).decode("utf-8", "replace")[:_LONGEST_LINE]
    return "".join(character if character.isprintable() else "?" for character in text)


def _make_file() -> str | None:
    """An empty file in Ansible's own temporary folder, which is removed with it; None where there is no room for it."""
    try:
        descriptor, path = tempfile.mkstemp(prefix="progress-", dir=C.DEFAULT_LOCAL_TMP)  # type: ignore[attr-defined]
    except OSError:
        return None
    os.close(descriptor)
    return path


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _restore_invocation(result: dict[str, Any], given: object) -> None:
    """Say of the option what the user said."""
    invocation = result.get("invocation")
    arguments = invocation.get("module_args") if isinstance(invocation, dict) else None
    if isinstance(arguments, dict) and OPTION in arguments:
        arguments[OPTION] = given
