# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""How much of an answer is read. The SDK reads a body of any size. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

MOST_BYTES = 32 * 1024 * 1024
"""The largest body that is read: ten times what a full page of resources with all the tags they may have takes."""


class GarbageError(Exception):
    """A success whose body is not what the operation answers: no JSON, cut off, too long, or JSON of another shape."""


def bounded(stream: Callable[..., Iterator[bytes]]) -> Callable[..., Iterator[bytes]]:
    """The ``stream`` of a response that gives up on a body that is too long, before all of it is in memory."""

    def chunks(*args: Any, **kwargs: Any) -> Iterator[bytes]:
        size = 0
        for chunk in stream(*args, **kwargs):
            size += len(chunk)
            if size > MOST_BYTES:
                raise GarbageError(f"the answer has more than {MOST_BYTES // 1024**2} MiB")
            yield chunk

    return chunks
