# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal of a run: before each change the key that it takes away, and after it what became of it."""

from __future__ import annotations

import errno
import json
import os
import threading
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .._common.append_file import expect_in_place, open_own_file
from .._common.clock import Clock
from .._common.errors import InputError
from .._common.files import sync_folder
from .._common.state_folder import state_folder
from .._model.accountability import Accountability
from .._model.decisions import Decision
from .._model.outcome import Outcome
from .._model.resource import Resource
from .._model.rows import READ_BY_LIST
from .interrupted import InterruptedChange
from .journal_events import INTENT, JOURNAL_NAME, OUTCOME, is_journal

# A line has some hundred characters, and of a policy or a group a few thousand.
_BEGINNING = 256 * 1024


def default_journal_path(environment: Mapping[str, str]) -> Path:
    """The journal's path if the user names none: a state folder survives reboots, a temporary one doesn't.

    Raises InputError where there is no such folder.
    """
    return state_folder(environment) / JOURNAL_NAME


def known_default_journal(environment: Mapping[str, str]) -> Path | None:
    """The same, where another journal is given and this one is only looked at; None where there is no such folder."""
    try:
        return default_journal_path(environment)
    except InputError:
        return None


class Journal:
    """A file of JSON lines, appended to and fsynced; safe for threads and for several processes at once.

    Threads that append at the same moment share one fsync, since each request to OCI waits for its line.
    """

    def __init__(self, path: Path, clock: Clock, tenancy: str | None = None, by: Accountability | None = None) -> None:
        self.path = path
        self._clock = clock
        self._tenancy = tenancy
        self._by = {} if by is None else by.known
        self._run = uuid.uuid4().hex
        self._file = -1
        self._append = threading.Lock()
        self._sync = threading.Lock()
        self._appended = 0
        self._synced = 0
        self._broken: OSError | None = None
        # Whether the last line may be incomplete, e.g. on a full disk or after a process was killed.
        self._ends_incomplete = False

    def open(self) -> None:
        """Open the file for its owner only. Raises InputError where it can't be written.

        If the machine crashes, the lines written later are found again: the file and its folders are on disk, too.
        """
        try:
            created = [path for path in (self.path, *self.path.parents) if not path.exists()]
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = open_own_file(self.path)
            self._expect_journal()
            os.fchmod(self._file, 0o600)
            self._ends_incomplete = not self._ends_with_a_line()
            for path in created:
                sync_folder(path.parent)
            if created == [self.path]:
                # Whoever created the folder of the run a moment ago did not flush the one that it is in.
                sync_folder(self.path.parent.parent)
        except OSError as error:
            self.close()
            raise InputError(
                f"The journal {str(self.path)!r} can't be written: {error.strerror or error}. Nothing was "
                "changed, because the former keys have to be on disk first. Give 'journal' a file that can be written."
            ) from error

    def _ends_with_a_line(self) -> bool:
        """Whether the next line starts a line of its own, and does not continue an incomplete one."""
        size = os.fstat(self._file).st_size
        return os.pread(self._file, 1, max(size - 1, 0)) in (b"", b"\n")

    def _expect_journal(self) -> None:
        """Raise OSError where the file has something else in it, which would be spoiled."""
        if not is_journal(os.pread(self._file, _BEGINNING, 0)):
            raise OSError(errno.EEXIST, "it has something else in it than a journal")

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def intend(self, region: str, decision: Decision) -> None:
        """Record, before a change of a resource of ``region``, what it replaces.

        Raises OSError; the change must not be requested then.
        """
        before, desired = decision.known, decision.desired
        self._write(
            {
                "event": INTENT,
                **({"tenancy": self._tenancy} if self._tenancy else {}),
                "id": before.id,
                "type": before.type,
                "region": region,
                "compartment_id": before.compartment_id,
                "display_name": before.display_name,
                "action": decision.action,
                "kms_key_id": desired.kms_key_id,
                **{f"previous_{name}": value for name, value in before.journal_fields().items()},
                # Lists may lag behind, and have no etags.
                **({"previous_read_by": READ_BY_LIST} if before.etag is None else {}),
                **self._by,
                **({"policy_id": desired.policy_id, "unassigned": desired.unassigned} if _has_policy(before) else {}),
                **({"recreate": desired.recreate} if "replica_id" in before.journal_fields() else {}),
            }
        )

    def conclude(self, *outcomes: Outcome) -> None:
        """Record, after the last request for each resource, what became of it. Raises OSError."""
        self._write(*map(_outcome_line, outcomes))

    def settle(self, interrupted: InterruptedChange, now: Resource) -> None:
        """Record what became of a change that earlier runs did not end. Raises OSError."""
        fields = now.journal_fields()
        for run in interrupted.runs:
            self._write(
                {
                    "run": run,
                    "event": OUTCOME,
                    "id": interrupted.asset_id,
                    "kind": interrupted.kind,
                    "changed": not interrupted.is_as_before(fields),
                    "settled": True,
                    **fields,
                    "known": True,
                    "opc_request_id": None,
                    "error": None,
                    "settled_by": self._run,
                }
            )

    def _write(self, *records: dict[str, Any]) -> None:
        about = {"time": self._clock.timestamp(), "run": self._run}
        lines = "".join(json.dumps({**about, **record}) + "\n" for record in records).encode()
        with self._append:
            self._append_lines(lines)
            self._appended += 1
            mine = self._appended
        with self._sync:
            if self._broken is not None:
                raise self._broken
            if self._synced >= mine:
                return
            up_to = self._appended
            try:
                expect_in_place(self._file, self.path)
                os.fsync(self._file)
            except OSError as error:
                # The kernel reports a failed flush only once; lines that other threads wait for may be lost with it.
                self._broken = error
                raise
            self._synced = up_to

    def _append_lines(self, lines: bytes) -> None:
        if self._ends_incomplete:
            lines = b"\n" + lines
        self._ends_incomplete = True
        while lines:
            lines = lines[os.write(self._file, lines) :]
        self._ends_incomplete = False


def _outcome_line(outcome: Outcome) -> dict[str, Any]:
    error = outcome.error
    return {
        "event": OUTCOME,
        "id": outcome.id,
        "kind": outcome.kind,
        "changed": outcome.changed,
        "settled": outcome.settled,
        **(outcome.after.journal_fields() if outcome.after is not None else {"kms_key_id": None}),
        "known": outcome.after is not None,
        **({"new_id": outcome.new_id} if outcome.new_id else {}),
        "opc_request_id": outcome.opc_request_id,
        "error": None if error is None else {"code": error.code, "message": error.message},
    }


def _has_policy(resource: Resource) -> bool:
    return "policy_id" in resource.journal_fields()
