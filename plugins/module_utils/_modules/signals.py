# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SIGINT and SIGTERM: a module starts no further change, lets those in flight settle for a while, and ends.

Nobody reads its result then. The journal has what was changed and from which key, and another run completes it.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from types import FrameType

from .._common.cancellation import CancellationToken
from .._common.clock import Clock

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
# Seconds from the signal to the end, whatever is still in flight: more than the grace of a cancelled token.
_AT_MOST = 30.0
# One Ctrl-C may arrive as two signals, from the terminal and from Ansible. Only a later one is a second request.
_SAME_REQUEST_SECONDS = 1.0


@contextmanager
def cancelled_by_signals(clock: Clock) -> Iterator[CancellationToken]:
    """A token that SIGINT and SIGTERM cancel. While it is not shielded, they end the process at once as usual.

    So does a second signal. A signal that the process was started to ignore stays ignored.
    """
    cancellation = CancellationToken(clock)
    if threading.current_thread() is not threading.main_thread():  # only there can a handler be set
        yield cancellation
        return
    watch = _Watch(cancellation, clock)
    former = {number: signal.getsignal(number) for number in _SIGNALS}
    taken = [number for number in _SIGNALS if former[number] is not signal.SIG_IGN]
    for number in taken:
        signal.signal(number, watch.note)
    threading.Thread(target=watch.run, daemon=True, name="signals").start()
    try:
        yield cancellation
    finally:
        for number in taken:
            signal.signal(number, former[number])
        watch.end()


class _Watch:
    """A handler can interrupt anything, so it takes no lock: it leaves the signal to a thread."""

    def __init__(self, cancellation: CancellationToken, clock: Clock) -> None:
        self._cancellation = cancellation
        self._clock = clock
        self._noted: SimpleQueue[int | None] = SimpleQueue()
        self._noted_at: float | None = None

    def note(self, number: int, _frame: FrameType | None) -> None:
        now = self._clock.monotonic()
        if self._noted_at is None and self._cancellation.is_shielded:
            self._noted_at = now
            self._noted.put(number)
        elif self._noted_at is None or now - self._noted_at >= _SAME_REQUEST_SECONDS:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    def run(self) -> None:
        number = self._noted.get()
        if number is None:
            return
        self._cancellation.cancel()
        try:
            self._noted.get(timeout=_AT_MOST)
        except Empty:
            os._exit(128 + number)

    def end(self) -> None:
        self._noted.put(None)
