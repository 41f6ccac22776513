# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""Reading copies of backups: the sources in bulk, then, in the destination region, what was copied from them."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, Union, cast

from ansible_collections.oci_keys.block_volume.plugins.module_utils._connection import Answer, Service
from ansible_collections.oci_keys.block_volume.plugins.module_utils._errors import ApiError, RefusedError, ResourceError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._explain import explain
from ansible_collections.oci_keys.block_volume.plugins.module_utils._ocid import parse
from ansible_collections.oci_keys.block_volume.plugins.module_utils._paging import Pages
from ansible_collections.oci_keys.block_volume.plugins.module_utils._plan import FAULTY_STATE, GONE_STATES, READY_STATE
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reading import Reader, Reading
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.backups import (
    BOOT_VOLUME_BACKUP,
    VOLUME_BACKUP,
    Backup,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.base import Page, ReadableKind
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.group_backups import GroupBackup
from ansible_collections.oci_keys.block_volume.plugins.module_utils._state import (
    COPY,
    CopyTo,
    Outcome,
    Resource,
    Wanted,
)

_Copy = Union[Backup, GroupBackup]

# Of up to so many sources of a compartment, copies are asked for one by one; of more, by listing it.
_FEW = 3
_MEMBERS = {kind.ocid_type: kind for kind in (VOLUME_BACKUP, BOOT_VOLUME_BACKUP)}


class Copiable(Protocol):
    """What of a kind of backup is needed to find its copies."""

    iam_resource_type: str

    def get(self, service: Service, region: str, resource_id: str) -> Resource: ...

    def from_row(self, row: Any, region: str, etag: str | None = None) -> _Copy: ...

    def pages_of_copies(self, service: Service, region: str, compartment_id: str, source_id: str) -> Iterator[Page]: ...


@dataclass(frozen=True)
class BackupCopy(Resource):
    """A backup and its copy in the region ``region``. State, place and key are the copy's, once there is one.

    ``bearers`` are the backups of the copy that have a key: itself, or the members of a group's. The key is the one
    that they have alike, or else that of the first which is not as wanted.
    """

    copy_id: str | None = None
    has_copy: bool = False
    bearers: tuple[Resource, ...] = ()
    retry_token: str = field(default="", compare=False)

    @property
    def encryption(self) -> str | None:
        return super().encryption if self.has_copy else None

    def as_wanted(self, wanted: Wanted) -> Resource:
        """A new copy has no OCID yet. One that is there keeps its key where none is asked for."""
        key = self.kms_key_id if self.has_copy and wanted.kms_key_id is None else wanted.kms_key_id
        return replace(self, has_copy=True, lifecycle_state=READY_STATE, kms_key_id=key)

    def facts(self) -> dict[str, Any]:
        return {**super().facts(), "copy_id": self.copy_id, "destination_region": self.region}


class CopyReader(Reader):
    """Adds to what its sources' reader says which live copy they have in the destination region.

    A live one is not FAULTY, TERMINATING or TERMINATED. It is found by its source's OCID, in the compartment of the
    source and in those that the user named.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._to = CopyTo("")
        self._key: str | None = None
        self._elsewhere = kwargs["elsewhere"]
        self._domains = kwargs["availability_domains"]
        self._backup: Copiable = self._kind.backup  # type: ignore[attr-defined]
        self._sources: dict[str, Resource] = {}
        self._made: dict[str, _Copy] = {}
        self._tokens: dict[str, str] = {}
        self._lock = threading.Lock()

    def prepare(self, wanted: Wanted) -> None:
        if wanted.copy_to is not None:
            self._to = wanted.copy_to
            self._key = wanted.kms_key_id
            self._there: Service = self._elsewhere(self._to.region)

    def service_for(self, action: str) -> Service:
        return self._service if action == COPY else self._there

    def note(self, outcome: Outcome, answer: Answer) -> None:
        """Whatever lists show by then, the answer to a copy tells which one it is."""
        if outcome.action == COPY:
            self._made[outcome.id] = self._backup.from_row(answer.data, self._to.region, answer.etag or "answered")

    def read(self, resource_ids: Iterable[str]) -> dict[str, Reading]:
        sources = super().read(resource_ids)
        there = {name: source for name, source in sources.items() if isinstance(source, Resource)}
        self._sources.update(there)
        copies = self._copies(list(there.values()))
        found = dict(sources)
        found.update(zip(there, self._pool.map(lambda name: self._joined(name, copies[name]), there)))
        return found

    def get(self, resource_id: str) -> Reading:
        """Read the copy that was made, or look for one once more. It is only looked for if the source is there."""
        made = self._made.get(resource_id)
        if made is not None:
            return self._joined(resource_id, self._latest(made))
        source = super().get(resource_id)
        if isinstance(source, ResourceError):
            return source
        self._sources[resource_id] = source
        try:
            copy: _Copy | ResourceError | None = self._best(
                row for place in self._places(source) for row in self._copies_of(source.id, place)
            )
        except ApiError as error:
            copy = self._unknown(error)
        joined = self._joined(resource_id, copy)
        # What was looked at just now may be changed, whatever the kind of its etag.
        return replace(joined, etag=source.etag or "read by itself") if isinstance(joined, Resource) else joined

    def reread(self, resources: Sequence[Resource], *, by_get: bool = False) -> dict[str, Reading]:
        ids = [resource.id for resource in resources]
        return dict(zip(ids, self._pool.map(self.get, ids)))

    def _latest(self, made: _Copy) -> _Copy | ResourceError:
        """The copy that was made, by itself. It may not show at once, so its absence says nothing."""
        try:
            return cast(_Copy, self._backup.get(self._there, self._to.region, made.id))
        except RefusedError as error:
            return made if error.is_not_found else explain(error)
        except ApiError as error:
            return explain(error)

    def _copies(self, sources: Sequence[Resource]) -> dict[str, _Copy | ResourceError | None]:
        """The live copy of each source, if there is one, or why that can't be told."""
        places: dict[str, list[str]] = {}
        for source in sources:
            for place in self._places(source):
                places.setdefault(place, []).append(source.id)
        rows: dict[str, list[_Copy]] = {source.id: [] for source in sources}
        faults: dict[str, ResourceError] = {}
        for ids, found in zip(places.values(), self._pool.map(self._copies_in, places, places.values())):
            if isinstance(found, ResourceError):
                faults.update(dict.fromkeys(ids, found))
                continue
            for row in found:
                if row.source_backup_id in rows:
                    rows[row.source_backup_id].append(row)
        return {name: self._best(rows[name]) or faults.get(name) for name in rows}

    def _copies_in(self, compartment_id: str, ids: Sequence[str]) -> list[_Copy] | ResourceError:
        """By the pages of the compartment, unless asking for each source takes no more calls."""
        try:
            if len(ids) <= _FEW:
                return [row for name in ids for row in self._copies_of(name, compartment_id)]
            found: list[_Copy] = []
            pages = Pages(cast(ReadableKind, self._backup), self._there, self._to.region, self._domains)
            for number, page in enumerate(pages.of(compartment_id), start=1):
                found.extend(cast(Sequence[_Copy], page.resources))
                if number >= len(ids) and page.next_page is not None:
                    return [row for name in ids for row in self._copies_of(name, compartment_id)]
            return found
        except ApiError as error:
            return self._unknown(error)

    def _copies_of(self, source_id: str, compartment_id: str) -> Iterator[_Copy]:
        for page in self._backup.pages_of_copies(self._there, self._to.region, compartment_id, source_id):
            rows = cast(Sequence[_Copy], page.resources)
            yield from (row for row in rows if row.source_backup_id == source_id)

    def _places(self, source: Resource) -> Sequence[str]:
        return list(dict.fromkeys([source.compartment_id, *self._to.compartment_ids]))

    def _best(self, copies: Iterable[_Copy]) -> _Copy | None:
        """Of several live ones, rather one on the wanted key, and rather one that is there."""
        return max(
            filter(_is_live, copies),
            key=lambda copy: (copy.kms_key_id == self._key, copy.lifecycle_state == READY_STATE, copy.id),
            default=None,
        )

    def _joined(self, source_id: str, copy: _Copy | ResourceError | None) -> Reading:
        """One record of a source and its copy."""
        if isinstance(copy, ResourceError):
            return copy
        source = self._sources[source_id]
        try:
            copy = self._certain(copy)
            bearers = self._bearers(copy)
        except ApiError as error:
            return explain(error)
        except Exception as error:  # a fault of ours in one answer must not lose the other resources
            return ResourceError(code="InternalError", message=repr(error))
        shown = copy or source
        return BackupCopy(
            id=source.id,
            type=source.type,
            region=self._to.region,
            display_name=source.display_name,
            compartment_id=shown.compartment_id,
            lifecycle_state=shown.lifecycle_state,
            kms_key_id=self._key_of(bearers),
            copy_id=copy.id if copy else None,
            has_copy=copy is not None,
            bearers=bearers,
            retry_token=self._token(source.id),
        )

    def _certain(self, copy: _Copy | None) -> _Copy | None:
        """A list may leave keys out, or lag: what it shows without a key, or on another one, is read by itself."""
        if not isinstance(copy, Backup) or copy.etag is not None:
            return copy
        if copy.kms_key_id is not None and copy.kms_key_id == (self._key or copy.kms_key_id):
            return copy
        now = cast(Backup, self._backup.get(self._there, self._to.region, copy.id))
        return now if _is_live(now) else None

    def _bearers(self, copy: _Copy | None) -> tuple[Resource, ...]:
        if not isinstance(copy, GroupBackup):
            return () if copy is None else (copy,)
        return tuple(
            _MEMBERS[parse(member).type].get(self._there, self._to.region, member) for member in copy.member_ids
        )

    def _key_of(self, bearers: Sequence[Resource]) -> str | None:
        keys = list(dict.fromkeys(bearer.kms_key_id for bearer in bearers))
        odd = [key for key in keys if key != self._key]
        return next(iter(odd or keys), None)

    def _token(self, source_id: str) -> str:
        """One for all tries of a copy: by it the service knows that they are the same one (section 4)."""
        with self._lock:
            return self._tokens.setdefault(source_id, uuid.uuid4().hex)

    def _unknown(self, error: ApiError) -> ResourceError:
        """Whoever may not see the copies can't know whether to make one."""
        fault = explain(error)
        hint = fault.hint
        if isinstance(error, RefusedError) and error.status in (403, 404):
            hint = (
                f"In {self._to.region}, these have to be in force for the source's compartment and those of "
                f"'copy_compartment_ids': Allow group <your group> to manage {self._kind.iam_resource_type} "
                "in compartment <its compartment>"
            )
        return replace(
            fault, message=f"Whether there is a copy in {self._to.region} can't be told: {fault.message}", hint=hint
        )


def _is_live(copy: Resource) -> bool:
    return copy.lifecycle_state not in GONE_STATES | {FAULTY_STATE}
