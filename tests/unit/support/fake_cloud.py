# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OCI as a model in memory, and a clock that takes no time.

The model records each call, fails as scripted, and counts writes of a key already in place.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.client import Response
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.clock import Clock
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import (
    ApiError,
    ServiceError,
    TransportError,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.ocid import parse
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.regions import RegionTable

IAD, FRA, LFI = "us-ashburn-1", "eu-frankfurt-1", "us-langley-1"
SHORT = {IAD: "iad", FRA: "eu-frankfurt-1", LFI: "lfi"}
REGIONS = RegionTable(
    long_names={"iad": IAD, "fra": FRA, "lfi": LFI},
    realms={IAD: "oc1", FRA: "oc1", LFI: "oc2"},
    domains={"oc1": "oraclecloud.com", "oc2": "oraclegovcloud.com"},
)
INFINITE = float("inf")
TENANCY = f"ocid1.tenancy.oc1..{'t' * 60}"


def volume_id(number: int, region: str = IAD, kind: str = "volume", realm: str = "oc1") -> str:
    return f"ocid1.{kind}.{realm}.{SHORT[region]}.{number:060d}"


def compartment_id(number: int) -> str:
    return f"ocid1.compartment.oc1..{number:060d}"


def key_id(name: str, region: str = IAD, vault: str = "vaulta") -> str:
    return f"ocid1.key.oc1.{SHORT[region]}.{vault}.{name:x>60}"


KEY_A, KEY_B, KEY_C = key_id("a"), key_id("b"), key_id("c")


def refused(status: int, code: str, message: str = "No.", operation: str = "op") -> ServiceError:
    return ServiceError(message, operation=operation, status=status, code=code, opc_request_id=f"req-{status}")


def lost(*, sent: bool = True) -> TransportError:
    return TransportError("connection reset", operation="op", was_sent=sent)


class FakeClock(Clock):
    """Sleeping takes no time, but moves the clock. Fails what would sleep for ever."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 1_000_000.0
        self._lock = threading.Lock()
        self.naps: list[float] = []

    def monotonic(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0, "a negative sleep"
        with self._lock:
            self._now += seconds
            self.naps.append(seconds)
        assert len(self.naps) < 200_000, "this would sleep for ever"

    def timestamp(self) -> str:
        return datetime.fromtimestamp(self._now, UTC).isoformat(timespec="milliseconds")


@dataclass
class Volume:
    """A volume as the model has it. ``assigned`` is the key of the last committed write, visible or not."""

    id: str
    compartment_id: str
    kms_key_id: str | None = None
    lifecycle_state: str = "AVAILABLE"
    display_name: str | None = "data"
    availability_domain: str = "AD-1"
    replicas: tuple[str, ...] = ()
    assigned: str | None = None
    etag: int = 1
    events: list[tuple[float, dict[str, Any]]] = field(default_factory=list)

    def row(self) -> SimpleNamespace:
        kind = "boot_volume" if ".bootvolume." in self.id else "block_volume"
        copies = [
            SimpleNamespace(
                **{f"{kind}_replica_id": copy, "availability_domain": "AD-9", "kms_key_id": None, "display_name": copy}
            )
            for copy in self.replicas
        ]
        return SimpleNamespace(
            id=self.id,
            compartment_id=self.compartment_id,
            kms_key_id=self.kms_key_id,
            lifecycle_state=self.lifecycle_state,
            display_name=self.display_name,
            volume_group_id=None,
            time_created=None,
            freeform_tags=None,
            defined_tags=None,
            **{f"{kind}_replicas": copies or None},
        )


@dataclass
class Behaviour:
    """How a volume takes a committed write. ``visible``: at_put or at_available."""

    transition: str = "provisioning"
    visible: str = "at_available"
    seconds: float = 3.0
    delay: float = 5.0


@dataclass
class Key:
    id: str
    state: str = "ENABLED"
    algorithm: str = "AES"
    protection: str = "HSM"
    versions: tuple[str, ...] = ("ENABLED",)
    compartment: str = compartment_id(900)

    @property
    def vault_id(self) -> str:
        ocid = parse(self.id)
        return f"ocid1.vault.oc1.{ocid.region_part}.{ocid.future_use}.{'v' * 60}"

    def endpoint(self, region: str) -> str:
        return f"https://{parse(self.id).future_use}-management.kms.{region}.oraclecloud.com"


@dataclass(frozen=True)
class Call:
    how: str
    place: str
    operation: str
    subject: str
    arguments: dict[str, Any]
    time: float


@dataclass
class Fault:
    """An answer that goes wrong: for operations that begin so, of that subject, so many times.

    ``delay``: seconds that an answer is on its way, which tells how things were when it began.
    """

    operation: str
    error: ApiError | Exception | None = None
    subject: str | None = None
    committed: bool = False
    times: float = 1
    skip: int = 0
    delay: float = 0.0
    then: Callable[[], None] | None = None

    def matches(self, operation: str, subject: str) -> bool:
        return self.times > 0 and operation.startswith(self.operation) and self.subject in (None, subject)


class Cloud:
    """OCI, as far as the core uses it. All of it behind one lock, since calls come from several threads."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.lock = threading.RLock()
        self.volumes: dict[str, Volume] = {}
        self.shelves: dict[tuple[str, str, str], list[Volume]] = {}
        self.gone: set[str] = set()
        self.keys: dict[str, Key] = {}
        self.vault_regions: dict[str, set[str]] = {}
        self.behaviour = Behaviour()
        self.behaviours: dict[str, Behaviour] = {}
        self.faults: list[Fault] = []
        self.calls: list[Call] = []
        self.writes: list[tuple[str, str | None, str | None]] = []
        self.needless: list[str] = []
        self.unlisted: set[str] = set()
        self.listed_as: Callable[[Volume], Volume] = lambda volume: volume
        self.empty_pages: set[int] = set()
        self.page_size = 100
        self.domains_required = False
        self.search_knows: set[str] = {IAD, FRA, LFI}
        self.hidden_vaults: set[str] = set()
        self.replica_status = "CREATED"
        self.replicas_refuse: ApiError | None = None
        self.etags_change = True
        self.before_write: Callable[[str], None] = lambda subject: None

    def add(
        self, count: int, compartment: int = 1, *, region: str = IAD, kind: str = "volume", **more: Any
    ) -> list[str]:
        ids = []
        for _number in range(count):
            volume = Volume(volume_id(len(self.volumes), region, kind), compartment_id(compartment), **more)
            volume.assigned = volume.kms_key_id
            volume.availability_domain = f"AD-{len(self.volumes) % 3 + 1}"
            self.volumes[volume.id] = volume
            self.shelves.setdefault((volume.compartment_id, kind, region), []).append(volume)
            ids.append(volume.id)
        return ids

    def add_keys(self, *keys: Key, regions: Iterable[str] = (IAD, FRA)) -> None:
        for key in keys:
            self.keys[key.id] = key
            self.vault_regions[key.vault_id] = set(regions)

    def fail(self, operation: str, *errors: ApiError | Exception | None, **more: Any) -> None:
        self.faults += [Fault(operation, error, **more) for error in errors]

    def count(self, operation: str = "") -> int:
        return sum(call.operation.startswith(operation) for call in self.calls)

    def operations(self) -> list[str]:
        return [call.operation for call in self.calls]

    def now(self, subject: str) -> Volume:
        """A volume after all that was due has happened to it."""
        volume = self.volumes[subject]
        while volume.events and volume.events[0][0] <= self.clock.monotonic():
            self.alter(subject, **volume.events.pop(0)[1])
        return volume

    def alter(self, subject: str, **values: Any) -> None:
        volume = self.volumes[subject]
        vars(volume).update(values)
        volume.etag += self.etags_change

    def somebody_assigns(self, subject: str, key: str | None) -> None:
        self.alter(subject, kms_key_id=key, assigned=key)

    def truth(self, subject: str) -> str | None:
        """The key, once all that is under way is done."""
        volume = self.volumes[subject]
        while volume.events:
            self.alter(subject, **volume.events.pop(0)[1])
        return volume.kms_key_id

    def call(self, how: str, place: str, operation: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Response:
        subject = args[0] if args and isinstance(args[0], str) else kwargs.get("compartment_id", "")
        with self.lock:
            self.calls.append(Call(how, place, operation, subject, kwargs, self.clock.monotonic()))
            if how == "write":
                self.before_write(subject)
            fault = next((fault for fault in self.faults if fault.matches(operation, subject)), None)
            if fault is not None and fault.skip > 0:
                fault.skip -= 1
                fault = None
            if fault is not None:
                fault.times -= 1
                if fault.committed:
                    self._answer(place, operation, args, kwargs)
                if fault.then is not None:
                    fault.then()
                if fault.error is not None:
                    raise fault.error
            answer = self._answer(place, operation, args, kwargs)
            if fault is not None and fault.delay:
                self.clock.sleep(fault.delay)
            return replace(answer, opc_request_id=f"req-{len(self.calls)}")

    def _answer(self, place: str, operation: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Response:
        verb, _underscore, noun = operation.partition("_")
        if noun in ("volume", "boot_volume"):
            volume = self._find(args[0], place, noun)
            return Response(volume.row(), etag=f"etag-{volume.etag}")
        if noun in ("volumes", "boot_volumes"):
            return self._list(place, noun, **kwargs)
        if noun.endswith("volume_kms_key"):
            volume = self._find(args[0], place, noun.removesuffix("_kms_key"))
            return self._write(volume, args[1]["kmsKeyId"] if verb == "update" else None)
        return getattr(self, f"_{operation}")(place, *args, **kwargs)

    def _find(self, subject: str, place: str, noun: str) -> Volume:
        ocid = parse(subject)
        if subject not in self.volumes or subject in self.gone or ocid.region(REGIONS) != place:
            raise refused(404, "NotAuthorizedOrNotFound")
        assert ocid.type == noun.replace("_", "")
        return self.now(subject)

    def _list(
        self,
        place: str,
        noun: str,
        *,
        compartment_id: str,
        limit: int,
        page: str | None = None,
        availability_domain: str | None = None,
    ) -> Response:
        assert 1 <= limit <= 100
        if self.domains_required and availability_domain is None:
            raise refused(400, "MissingParameter", "availabilityDomain is missing")
        shelf = self.shelves.get((compartment_id, noun.replace("_", "")[:-1], place), [])
        hidden = self.unlisted | self.gone
        rows = [
            volume
            for volume in shelf
            if volume.id not in hidden and availability_domain in (None, volume.availability_domain)
        ]
        number, start = (int(part) for part in (page or "0.0").split("."))
        if number in self.empty_pages:
            return Response([], next_page=f"{number + 1}.{start}")
        end = start + min(limit, self.page_size)
        return Response(
            [self.listed_as(self.now(volume.id)).row() for volume in rows[start:end]],
            next_page=f"{number + 1}.{end}" if end < len(rows) else None,
        )

    def _write(self, volume: Volume, key: str | None) -> Response:
        if volume.lifecycle_state != "AVAILABLE":
            raise refused(409, "IncorrectState", f"Resource {volume.id} is in an invalid state")
        self.writes.append((volume.id, volume.assigned, key))
        if volume.assigned == key:
            self.needless.append(volume.id)
        volume.assigned = key
        how = self.behaviours.get(volume.id, self.behaviour)
        if how.transition == "silent":
            return Response(None)
        start, end = self.clock.monotonic(), self.clock.monotonic() + how.seconds
        if how.transition == "delayed":
            start, end = start + how.delay, end + how.delay
        last: dict[str, Any] = {"lifecycle_state": "AVAILABLE", "kms_key_id": key}
        if how.transition == "ignored":
            last, end = {"assigned": volume.kms_key_id}, self.clock.monotonic()
        elif how.transition == "third":
            last |= {"kms_key_id": KEY_C, "assigned": KEY_C}
        elif how.transition in ("FAULTY", "TERMINATED"):
            last = {"lifecycle_state": how.transition}
        elif how.transition == "loses_replica":
            last["replicas"] = ()
        if how.visible == "at_put":
            self.alter(volume.id, kms_key_id=key)
        if how.transition not in ("immediate", "ignored"):
            volume.events.append((start, {"lifecycle_state": "PROVISIONING"}))
            volume.events.append((end, last))
        else:
            self.alter(volume.id, **last)
        self.now(volume.id)
        return Response(None)

    def _list_availability_domains(self, place: str, compartment: str) -> Response:
        return Response([SimpleNamespace(name=f"AD-{number}") for number in (1, 2, 3)])

    def _search_resources(self, place: str, details: dict[str, Any]) -> Response:
        found = [key for key in self.keys.values() if key.id in details["query"]]
        seen = [key for key in found if place in self.search_knows and place in self.vault_regions[key.vault_id]]
        items = [SimpleNamespace(identifier=k.id, additional_details={"vaultId": k.vault_id}) for k in seen]
        return Response(items)

    def _get_vault(self, place: str, vault: str) -> Response:
        if vault in self.hidden_vaults or place not in self.vault_regions.get(vault, ()):
            raise refused(404, "NotAuthorizedOrNotFound")
        key = next(key for key in self.keys.values() if key.vault_id == vault)
        return Response(SimpleNamespace(management_endpoint=key.endpoint(place)))

    def _list_vault_replicas(self, place: str, vault: str) -> Response:
        key = next(key for key in self.keys.values() if key.vault_id == vault)
        return Response(
            [
                SimpleNamespace(region=region, status=self.replica_status, management_endpoint=key.endpoint(region))
                for region in sorted(self.vault_regions[vault] - {place})
            ]
        )

    def _key_at(self, place: str, kms_key_id: str) -> Key:
        here = [k for k in self.keys.values() for r in self.vault_regions[k.vault_id] if k.endpoint(r) == place]
        if not here:
            raise TransportError("no such host", operation="get_key", was_sent=False)
        for key in here:
            if self.replicas_refuse is not None and place != key.endpoint(str(parse(key.id).region(REGIONS))):
                raise self.replicas_refuse
            if key.id == kms_key_id:
                return key
        raise refused(404, "NotAuthorizedOrNotFound")

    def _get_key(self, place: str, kms_key_id: str) -> Response:
        key = self._key_at(place, kms_key_id)
        return Response(
            SimpleNamespace(
                id=key.id,
                lifecycle_state=key.state,
                key_shape=SimpleNamespace(algorithm=key.algorithm),
                protection_mode=key.protection,
                compartment_id=key.compartment,
                vault_id=key.vault_id,
            )
        )

    def _list_key_versions(self, place: str, kms_key_id: str, *, limit: int, page: str | None = None) -> Response:
        states = self._key_at(place, kms_key_id).versions
        start = int(page or 0)
        end = start + min(limit, self.page_size)
        rows = [SimpleNamespace(lifecycle_state=state) for state in states[start:end]]
        return Response(rows, next_page=str(end) if end < len(states) else None)
