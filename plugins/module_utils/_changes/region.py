# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""The resources of one region, and the threads that work on them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from .._api.client import Connection
from .._model.decisions import is_busy
from .._model.state import (
    NONE,
    REGENERATE,
    DesiredState,
    Outcome,
    Resource,
)
from .._resources.lists import Domains
from .._resources.reader import Reader
from .._resources.registry import KINDS
from .write import Change


class Region:
    """What one call does in one region. ``close`` ends its threads."""

    def __init__(
        self, name: str, outcomes: list[Outcome], desired: DesiredState, connection: Connection, concurrency: int
    ) -> None:
        self.name = name
        self.concurrency = concurrency
        self.service = connection.block_volume(name)
        self.pool = ThreadPoolExecutor(concurrency, thread_name_prefix=name)
        self._outcomes = outcomes
        self._desired = desired
        domains = Domains(connection, name)
        self._readers: dict[str, Reader] = {
            kind: (KINDS[kind].reader or Reader)(
                KINDS[kind],
                self.service,
                name,
                self.pool,
                concurrency=concurrency,
                availability_domains=domains,
                elsewhere=connection.block_volume,
            )
            for kind in dict.fromkeys(outcome.kind for outcome in outcomes)
        }

    @property
    def planned(self) -> list[Outcome]:
        return [outcome for outcome in self._outcomes if outcome.changed and outcome.error is None]

    def limit(self, concurrency: int) -> None:
        self.concurrency = min(self.concurrency, concurrency)

    def read(self) -> None:
        for kind, reader in self._readers.items():
            reader.prepare(self._desired)
            readings = reader.read(outcome.id for outcome in self._outcomes if outcome.kind == kind)
            for outcome in self._outcomes:
                reading = readings.get(outcome.id)
                if isinstance(reading, Resource):
                    outcome.before = reading
                elif reading is not None:
                    outcome.error = reading

    def read_missing_etags(self) -> None:
        """Only an etag tells that a data key was regenerated, and lists tell none."""
        for outcome in self.planned:
            if outcome.action == REGENERATE and outcome.before is not None and outcome.before.etag is None:
                reading = self._readers[outcome.kind].get(outcome.id)
                if isinstance(reading, Resource):
                    outcome.before = reading
                else:
                    outcome.error = reading
                    outcome.changed = False

    def changes(self) -> list[Change]:
        return [self._change(outcome) for outcome in self.planned]

    def already_assigned_but_settling(self) -> list[Change]:
        """What has the wanted key already, but is not AVAILABLE yet: perhaps by a run that was interrupted."""
        return [
            self._change(outcome)
            for outcome in self._outcomes
            if outcome.action == NONE
            and outcome.error is None
            and outcome.skip_reason is None
            and outcome.before is not None
            and is_busy(outcome.before)
        ]

    def _change(self, outcome: Outcome) -> Change:
        kind = KINDS[outcome.kind]
        return Change(outcome, kind.resolve_desired(outcome.known, self._desired), kind, self._readers[outcome.kind])

    def close(self) -> None:
        self.pool.shutdown()
