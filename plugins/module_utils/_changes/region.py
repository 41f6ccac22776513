# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""The resources of one region: their readers, and the threads that work on them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from .._api.client import Connection
from .._model.resource import DesiredState, Reading
from .._resources.lists import Domains
from .._resources.reader import Reader
from .request import Target


class Region:
    """What one call reads and changes in one region. ``close`` ends its threads."""

    def __init__(self, name: str, targets: Sequence[Target], connection: Connection, concurrency: int) -> None:
        self.name = name
        self.targets = targets
        self.concurrency = concurrency
        self.pool = ThreadPoolExecutor(concurrency, thread_name_prefix=name)
        service = connection.block_volume(name)
        domains = Domains(connection, name)
        self._readers: dict[str, Reader] = {}
        for target in targets:
            kind = target.resource_kind
            if kind.registry_name not in self._readers:
                self._readers[kind.registry_name] = kind.reader_class(
                    kind,
                    service,
                    name,
                    self.pool,
                    concurrency=concurrency,
                    availability_domains=domains,
                    elsewhere=connection.block_volume,
                )

    def limit(self, concurrency: int) -> None:
        """Make no more changes at a time from now on."""
        self.concurrency = min(self.concurrency, concurrency)

    def reader_of(self, target: Target) -> Reader:
        return self._readers[target.kind.registry_name]

    def read(self, desired: DesiredState) -> dict[str, Reading]:
        """What each target is now, by its OCID. Raises InputError for a desired state that is not valid here."""
        readings: dict[str, Reading] = {}
        for name, reader in self._readers.items():
            reader.prepare(desired)
            readings.update(reader.read(target.id for target in self.targets if target.kind.registry_name == name))
        return readings

    def close(self) -> None:
        self.pool.shutdown()
