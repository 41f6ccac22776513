# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option ``progress_file``: lines about the progress of a module, written by a thread of their own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from .._common.clock import Clock
from .._common.errors import InputError
from .._common.progress import NO_PROGRESS, ProgressFile, ProgressLog
from .call_files import expect_distinct, input_files
from .options import writable_file
from .output import warn_of

PROGRESS_OPTIONS: dict[str, dict[str, Any]] = {"progress_file": {"type": "path"}}
"""Argument spec entries of modules that may take long."""

# Options of these modules that name files.
_OTHER_FILES = ("journal", "result_file", "plan_file", "keys_file", "new_discovery_file", "discovery_file")

# Seconds between two looks at whether a line is due.
_TICK = 0.5


@contextmanager
def live_progress(module: AnsibleModule, clock: Clock) -> Iterator[ProgressLog]:
    """Where the body says how far it is; into the file of ``progress_file``, if it is set.

    Raises InputError if the file can't be written to. If that fails later, there is one warning.
    """
    path = writable_file("progress_file", module.params["progress_file"])
    if path is None:
        yield NO_PROGRESS
        return
    expect_distinct([("progress_file", path), *input_files(module.params, *_OTHER_FILES)], ["progress_file"])
    try:
        file = ProgressFile(path)
    except OSError as error:
        raise InputError(
            f"'progress_file' {str(path)!r} can't be written to: {error.strerror or error}. Name another file, or "
            "leave it out"
        ) from error
    log = ProgressLog(clock, file.write)
    ended = threading.Event()

    def write_when_due() -> None:
        while not ended.wait(_TICK):
            log.tick()

    thread = threading.Thread(target=write_when_due, daemon=True, name="progress")
    thread.start()
    try:
        yield log
    finally:
        ended.set()
        thread.join()
        file.close()
        if log.fault is not None:
            warn_of(
                module,
                f"'progress_file' {str(path)!r} could not be written to any more: {log.fault.strerror or log.fault}. "
                "The task went on without it.",
            )
