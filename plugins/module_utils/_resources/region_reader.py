# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads resources of several kinds in one region."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from .._api.client import Connection
from .._model.resource import DesiredState, Reading
from .lists import Domains
from .reader import Reader
from .resource_kind import ResourceKind


class RegionReader:
    """The readers of one region, one for each kind, and the threads that they share. ``close`` ends the threads.

    ``resources`` are pairs of an OCID and its kind.
    """

    def __init__(
        self, name: str, resources: Iterable[tuple[str, ResourceKind]], connection: Connection, concurrency: int
    ) -> None:
        self.name = name
        self.pool = ThreadPoolExecutor(concurrency, thread_name_prefix=name)
        domains = Domains(connection, name)
        self._ids: dict[str, list[str]] = {}
        self._readers: dict[str, Reader] = {}
        for ocid, kind in resources:
            self._ids.setdefault(kind.registry_name, []).append(ocid)
            if kind.registry_name not in self._readers:
                self._readers[kind.registry_name] = kind.reader_class(
                    kind,
                    kind.service(connection, name),
                    name,
                    self.pool,
                    concurrency=concurrency,
                    availability_domains=domains,
                    elsewhere=connection.block_volume,
                )

    def reader_for(self, kind: ResourceKind) -> Reader:
        return self._readers[kind.registry_name]

    def read(self, desired: DesiredState) -> dict[str, Reading]:
        """What each resource is now, by its OCID. Raises InputError for a desired state that is not valid here."""
        readings: dict[str, Reading] = {}
        for name, reader in self._readers.items():
            reader.prepare(desired)
            readings.update(reader.read(self._ids[name]))
        return readings

    def close(self) -> None:
        self.pool.shutdown()
