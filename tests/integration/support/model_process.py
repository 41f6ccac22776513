# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A process that is killed in the middle of a module, without there being a process."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from integration.support.clock import UnhurriedClock

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.transport import Transport
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.timestamps import parse_moment


class Killed(BaseException):
    """Nothing of the product catches this. What is raised once is raised in every thread that does anything more."""


class Life(UnhurriedClock):
    """The clock of a process that dies at its ``dies_at``-th request; None: it lives.

    ``sent``: whether that request leaves the machine still, so that only its answer is lost. From then on there is no
    further request, no line in the journal (each has a time), and no waiting.
    """

    def __init__(self, dies_at: int | None = None, *, sent: bool = False) -> None:
        super().__init__()
        self.jump = 0
        self.is_over = False
        self._left = dies_at
        self._sent = sent
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        self._go_on()
        return super().monotonic()

    def sleep(self, seconds: float) -> None:
        self._go_on()
        super().sleep(seconds)

    def timestamp(self) -> str:
        """The time of the system, whose clock may have been set by ``jump`` seconds."""
        self._go_on()
        return (parse_moment(super().timestamp()) + timedelta(seconds=self.jump)).isoformat().replace("+00:00", "Z")

    def request(self, send: Callable[[], Any]) -> Any:
        is_last = self._is_last()
        if is_last and not self._sent:
            self.is_over = True
        self._go_on()
        try:
            return send()
        finally:
            if is_last:
                self.is_over = True
            self._go_on()

    def _is_last(self) -> bool:
        with self._lock:
            if self._left is not None:
                self._left -= 1
            return self._left == 0

    def _go_on(self) -> None:
        if self.is_over:
            raise Killed


class MortalLife(Life):
    """The same, of a real process, which kills itself."""

    def _go_on(self) -> None:
        if self.is_over:
            os.kill(os.getpid(), signal.SIGKILL)


def ends_by_exception(task: Callable[[Life], object], dies_at: int, *, sent: bool) -> bool:
    """Whether the task dies at that request, in this process."""
    life = Life(dies_at, sent=sent)
    with living(life), contextlib.suppress(Killed):
        task(life)
    return life.is_over


def ends_by_signal(task: Callable[[Life], object], dies_at: int, *, sent: bool) -> bool:
    """Whether the task dies at that request, in a process of its own: by SIGKILL, with all of its threads and locks."""
    child = os.fork()
    if child == 0:
        try:
            life = MortalLife(dies_at, sent=sent)
            with living(life):
                task(life)
        finally:
            os._exit(0)
    _child, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


@contextmanager
def living(life: Life) -> Iterator[None]:
    """All requests of this process are those of that life."""
    send = Transport.send
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Transport, "send", lambda self, request: life.request(lambda: send(self, request)))
        yield
