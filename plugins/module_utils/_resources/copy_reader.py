# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading copies of backups: the sources in bulk, then their copies in the destination region."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol, Union, cast

from .._api.client import Response, Service
from .._api.pagination import following, unreadable_rows
from .._common.errors import (
    ApiError,
    ResourceError,
    ServiceError,
    TransportError,
    explain,
)
from .._model.actions import COPY
from .._model.decisions import FAULTY_STATE, GONE_STATES, READY_STATE, is_busy
from .._model.ocid import parse
from .._model.resource import CopyTo, DesiredState, Reading, Resource
from .backups import (
    BOOT_VOLUME_BACKUP,
    VOLUME_BACKUP,
    Backup,
    BackupKind,
)
from .base import PAGE_SIZE, Page, ReadableKind, not_a_member, page_of
from .lists import Pages, without_doubts
from .reader import ReaderByGet
from .volume_group_backups import GroupBackup

_Copy = Union[Backup, GroupBackup]

# Of up to so many sources of a compartment, copies are asked for one by one; of more, by listing it.
_FEW = 3
_MEMBERS = {kind.ocid_type: kind for kind in (VOLUME_BACKUP, BOOT_VOLUME_BACKUP)}


class Copiable(Protocol):
    """What is needed of a kind of backup to find its copies."""

    iam_resource_type: str
    noun: str

    def get(self, service: Service, region: str, resource_id: str) -> Resource:
        """One of them, by GET."""

    def from_row(self, row: Any, region: str, etag: str | None = None) -> _Copy:
        """One of them, from a row of a list."""


class _KindOfCopies(Protocol):
    """The kind of copies of one kind of backup (``copies.py``)."""

    backup: Copiable


@dataclass(frozen=True)
class BackupCopy(Resource):
    """A backup and its copy in the region ``region``. State, place and key are the copy's, once there is one.

    ``bearers`` are the backups of the copy that have a key: itself, or the members of a group's. The key is the one
    that they share, or else that of the first one with another key than the desired one.
    """

    copy_id: str | None = None
    has_copy: bool = False
    bearers: tuple[Resource, ...] = ()
    retry_token: str = field(default="", compare=False)

    @property
    def encryption(self) -> str | None:
        return super().encryption if self.has_copy else None

    def with_desired(self, desired: DesiredState) -> Resource:
        """A new copy has no OCID yet. An existing one keeps its key where none is desired."""
        if self.has_copy and desired.kms_key_id is None:
            return replace(self, lifecycle_state=READY_STATE)
        key = desired.kms_key_id
        bearers = tuple(replace(bearer, kms_key_id=key) for bearer in self.bearers)
        return replace(self, has_copy=True, lifecycle_state=READY_STATE, kms_key_id=key, bearers=bearers)

    def journal_fields(self) -> dict[str, Any]:
        members = {bearer.id: bearer.kms_key_id for bearer in self.bearers if bearer.id != self.copy_id}
        return {
            **super().journal_fields(),
            "copy_id": self.copy_id,
            "destination_region": self.region,
            **({"member_keys": members} if members else {}),
        }


@dataclass(frozen=True)
class _ListedCopies:
    """The copies that a list shows, and why there may be others."""

    copies: Sequence[_Copy]
    fault: ResourceError | None = None


class CopyReader(ReaderByGet):
    """Adds to its sources the live copy that they have in the destination region.

    A live one is not FAULTY, TERMINATING or TERMINATED. It is found by its source's OCID, in the compartment of the
    source and in those that the user named.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._to = CopyTo("")
        self._key: str | None = None
        self._backup = cast(_KindOfCopies, self._kind).backup
        self._lists_by_source = isinstance(self._backup, BackupKind)
        self._sources: dict[str, Resource] = {}
        # Copies that are known by their OCIDs: those that were made here, and those that are being made still.
        self._followed: dict[str, _Copy] = {}
        self._tokens: dict[str, str] = {}

    def prepare(self, desired: DesiredState) -> None:
        if desired.copy_to is None or self._elsewhere is None:
            return
        self._to = desired.copy_to
        self._key = desired.kms_key_id
        self._there = self._elsewhere(self._to.region)
        kind = cast(ReadableKind, self._backup)
        self._pages_there = Pages(kind, self._there, self._to.region, self._availability_domains)

    def service_for(self, action: str) -> Service:
        return self._service if action == COPY else self._there

    def on_accepted(self, resource_id: str, action: str, response: Response) -> str | None:
        """Whatever lists show by then, the response to a copy says which one it is."""
        if action != COPY:
            return None
        made = self._backup.from_row(response.data, self._to.region, response.etag or "from the response")
        self._followed[resource_id] = made
        return made.id

    def on_refused(self, before: Resource, error: ServiceError) -> bool:
        """The retry token stands for another copy: one that others make, with another key, or that was deleted since.

        The former shows after a while. If none does, the next token is for a copy of its own.
        """
        if error.code != "InvalidatedRetryToken":
            return False
        self._tokens[before.id] = retry_token(cast(BackupCopy, before).retry_token)
        return True

    def read(self, resource_ids: Iterable[str]) -> dict[str, Reading]:
        sources = super().read(resource_ids)
        there = {name: source for name, source in sources.items() if isinstance(source, Resource)}
        self._sources.update(there)
        copies = self._copies(list(there.values()))
        found = dict(sources)
        found.update(zip(there, self._pool.map(lambda name: self._joined(name, copies[name]), there)))
        return found

    def get(self, resource_id: str) -> Reading:
        """Read the copy that was or is being made, or search for one again, if the source exists."""
        known = self._followed.get(resource_id)
        if known is not None:
            latest = self._latest(known)
            return latest if isinstance(latest, ResourceError) else self._joined(resource_id, [latest])
        source = super().get(resource_id)
        if isinstance(source, ResourceError):
            return source
        self._sources[resource_id] = source
        try:
            copies = [row for place in self._places(source) for row in self._copies_of(source.id, place)]
        except ApiError as error:
            return self._unknown(error)
        joined = self._joined(resource_id, copies)
        if not isinstance(joined, BackupCopy):
            return joined
        # What was read just now may be changed, whatever the kind of its etag. From now on it is the same copy,
        # whatever else shows, so its token stays.
        token = self._tokens.setdefault(resource_id, joined.retry_token)
        return replace(joined, etag=source.etag or "read by itself", retry_token=token)

    def _latest(self, known: _Copy) -> _Copy | ResourceError:
        """The copy by itself. One that is being made may not show yet, so its absence says nothing."""
        try:
            return cast(_Copy, self._backup.get(self._there, self._to.region, known.id))
        except ServiceError as error:
            return known if error.is_not_found and is_busy(known) else explain(error)
        except ApiError as error:
            return explain(error)

    def _copies(self, sources: Sequence[Resource]) -> dict[str, list[_Copy] | ResourceError]:
        """The copies of each source that lists still show, or why they are unknown."""
        places: dict[str, list[str]] = {}
        for source in sources:
            for place in self._places(source):
                places.setdefault(place, []).append(source.id)
        rows: dict[str, list[_Copy]] = {source.id: [] for source in sources}
        faults: dict[str, ResourceError] = {}
        for ids, found in zip(places.values(), self._pool.map(self._copies_in, places, places.values())):
            if found.fault is not None:
                faults.update(dict.fromkeys(ids, found.fault))
            for row in found.copies:
                if row.source_backup_id in rows:
                    rows[row.source_backup_id].append(row)
        return {
            name: faults[name] if name in faults and not any(map(_is_live, rows[name])) else rows[name] for name in rows
        }

    def _copies_in(self, compartment_id: str, ids: Sequence[str]) -> _ListedCopies:
        """By the pages of the compartment, unless asking for each source takes no more calls."""
        found: list[_Copy] = []
        fault: ResourceError | None = None
        try:
            if self._lists_by_source and len(ids) <= _FEW:
                found = [row for name in ids for row in self._copies_of(name, compartment_id)]
                return _ListedCopies(found)
            for number, page in enumerate(map(self._without_doubts, self._pages_there.of(compartment_id)), start=1):
                found.extend(cast(Sequence[_Copy], page.resources))
                if page.unreadable:
                    fault = fault or self._unknown(unreadable_rows(page.unreadable, f"{self._backup.noun}s"))
                if self._lists_by_source and number >= len(ids) and page.next_page is not None:
                    found = [row for name in ids for row in self._copies_of(name, compartment_id)]
                    return _ListedCopies(found)
        except ApiError as error:
            fault = self._unknown(error)
        return _ListedCopies(found, fault)

    def _copies_of(self, source_id: str, compartment_id: str) -> Iterator[_Copy]:
        """Raises TransportError for a row that can't be read: it may be a copy, and there must not be two."""
        for page in map(self._without_doubts, self._pages_with_copies(source_id, compartment_id)):
            rows = cast(Sequence[_Copy], page.resources)
            yield from (row for row in rows if row.source_backup_id == source_id)
            if page.unreadable:
                raise unreadable_rows(page.unreadable, f"{self._backup.noun}s")

    def _without_doubts(self, page: Page) -> Page:
        return without_doubts(page, partial(cast(ReadableKind, self._backup).get, self._there, self._to.region))

    def _pages_with_copies(self, source_id: str, compartment_id: str) -> Iterator[Page]:
        """Lists of group backups can't be asked for the copies of one source: all in the compartment."""
        backup = self._backup
        if not isinstance(backup, BackupKind):
            return self._pages_there.of(compartment_id)
        ask = partial(self._page_of_copies, backup, source_id, compartment_id)
        return following(
            ask({}), lambda token: ask({"page": token}), f"{backup.noun}s", rows=lambda page: page.resources
        )

    def _page_of_copies(self, backup: BackupKind, source_id: str, compartment_id: str, more: Mapping[str, str]) -> Page:
        """ListVolumeBackups, ListBootVolumeBackups: the copies of one source that are in a compartment."""
        query = {backup.source_field: source_id, "limit": PAGE_SIZE, **more}
        response = self._there.read(backup.list_operation, compartment_id, **query)
        return page_of(response, lambda row: backup.from_row(row, self._to.region))

    def _places(self, source: Resource) -> Sequence[str]:
        return list(dict.fromkeys([source.compartment_id, *self._to.compartment_ids]))

    def _joined(self, source_id: str, copies: Sequence[_Copy] | ResourceError) -> Reading:
        """One record of a source and its copy, of all those that there are of it."""
        if isinstance(copies, ResourceError):
            return copies
        source = self._sources[source_id]
        try:
            copy = copies[0] if source_id in self._followed and copies else self._best(copies)
            bearers = self._bearers(copy)
        except ApiError as error:
            return explain(error)
        except Exception as error:  # a fault of ours in one response must not lose the other resources
            return ResourceError(code="InternalError", message=repr(error))
        if copy is not None and is_busy(copy):
            self._followed.setdefault(source_id, copy)
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
            retry_token=self._token(source_id, [each.id for each in copies if not _is_live(each)]),
        )

    def _best(self, copies: Iterable[_Copy]) -> _Copy | None:
        """Of several live ones, preferably one on the desired key, and preferably one that is AVAILABLE.

        A list may leave keys out, or lag: what it shows without a key, or on another one, is read by itself.
        """
        seen: list[_Copy] = []
        for copy in sorted(filter(_is_live, copies), key=self._rank, reverse=True):
            now = copy if self._is_certain(copy) else cast(_Copy, self._backup.get(self._there, copy.region, copy.id))
            if not _is_live(now):
                continue
            if self._is_on_key(now) or isinstance(now, GroupBackup):
                return now
            seen.append(now)
        return max(seen, key=self._rank, default=None)

    def _rank(self, copy: _Copy) -> tuple[bool, bool, str]:
        return self._is_on_key(copy), copy.lifecycle_state == READY_STATE, copy.id

    def _is_on_key(self, copy: _Copy) -> bool:
        return self._key is None or copy.kms_key_id == self._key

    def _is_certain(self, copy: _Copy) -> bool:
        return isinstance(copy, GroupBackup) or (copy.kms_key_id is not None and self._is_on_key(copy))

    def _bearers(self, copy: _Copy | None) -> tuple[Resource, ...]:
        if not isinstance(copy, GroupBackup):
            return () if copy is None else (copy,)
        members = (self._member(member, copy) for member in copy.member_ids)
        return tuple(member for member in members if member is not None)

    def _member(self, member_id: str, copy: GroupBackup) -> Resource | None:
        """None for one that does not show yet. Raises TransportError for one that is no member by its own account."""
        try:
            kind = _MEMBERS.get(parse(member_id).type)
            if kind is None:
                raise TransportError(
                    f"a copy of a volume group has the member {member_id}, which is no backup of a volume",
                    operation="GetVolumeGroupBackup",
                    was_sent=True,
                )
            member = kind.get(self._there, self._to.region, member_id)
        except ServiceError as error:
            if error.is_not_found and is_busy(copy):
                return None
            raise
        if member.group_id == copy.id:
            return member
        if member.group_id is None and is_busy(copy) and is_busy(member):
            return None
        raise TransportError(not_a_member(member, copy.id), operation="GetVolumeGroupBackup", was_sent=True)

    def _key_of(self, bearers: Sequence[Resource]) -> str | None:
        keys = list(dict.fromkeys(bearer.kms_key_id for bearer in bearers))
        other_keys = [key for key in keys if key != self._key]
        return next(iter(other_keys or keys), None)

    def _token(self, source_id: str, dead: Iterable[str]) -> str:
        """The same for every try of a copy, by whichever run and with whichever key: the service makes only one."""
        return retry_token(source_id, self._to.region, *sorted(dead))

    def _unknown(self, error: ApiError) -> ResourceError:
        """Without permission to see the copies, it is unknown whether to make one."""
        fault = explain(error)
        hint = fault.hint
        if isinstance(error, ServiceError) and error.status in (403, 404):
            hint = (
                f"In {self._to.region}, grant for the source's compartment and those of "
                f"'copy_compartment_ids': Allow group <your group> to manage {self._kind.iam_resource_type} "
                "in compartment <its compartment>"
            )
        return replace(
            fault, message=f"It is unknown whether a copy exists in {self._to.region}: {fault.message}", hint=hint
        )


def _is_live(copy: Resource) -> bool:
    return copy.lifecycle_state not in GONE_STATES | {FAULTY_STATE}


def retry_token(*parts: str) -> str:
    """A retry token, of at most 64 characters (section 4), that the same words lead to."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
