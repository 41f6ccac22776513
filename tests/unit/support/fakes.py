# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A connection and a journal for tests of the core, and short ways to run it against the model of OCI."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from threading import Semaphore
from typing import Any

from unit.support.fake_cloud import IAD, REGIONS, TENANCY, Cloud
from unit.support.kinds import KINDS

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.client import Response
from ansible_collections.oci_keys.block_volume.plugins.module_utils._changes.attempts import Attempt, Change
from ansible_collections.oci_keys.block_volume.plugins.module_utils._changes.change_locks import ChangeLocks
from ansible_collections.oci_keys.block_volume.plugins.module_utils._changes.engine import KeyAssigner, Report
from ansible_collections.oci_keys.block_volume.plugins.module_utils._changes.reconcile import Reconciler
from ansible_collections.oci_keys.block_volume.plugins.module_utils._changes.request import RunSettings, Target
from ansible_collections.oci_keys.block_volume.plugins.module_utils._changes.timings import Timings
from ansible_collections.oci_keys.block_volume.plugins.module_utils._changes.write import Writer
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.cancellation import (
    CancellationToken,
    Deadline,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.latest_reading import LatestReading
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.locks import NameLocks
from ansible_collections.oci_keys.block_volume.plugins.module_utils._keys.validation import KeyValidator
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.decisions import Decision, decide
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.ocid import parse
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.outcome import Outcome
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.resource import DesiredState
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.reader import Reader
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.registry import kinds_by_ocid_type

WAIT_TIMEOUT = 1200.0


class FakeService:
    def __init__(self, cloud: Cloud, place: str) -> None:
        self._cloud = cloud
        self._place = place

    def read(self, operation: str, *args: Any, **kwargs: Any) -> Response:
        assert operation.startswith(("get_", "list_", "search_")), "only reads may be tried again"
        return self._cloud.call("read", self._place, operation, args, kwargs)

    def read_once(self, operation: str, *args: Any, **kwargs: Any) -> Response:
        return self._cloud.call("read_once", self._place, operation, args, kwargs)

    def relying_on(self, latest: LatestReading) -> FakeService:
        return self

    def wait_turn(self, remaining: Callable[[], float]) -> None:
        """The model takes all that comes."""

    def write(self, operation: str, *args: Any, **kwargs: Any) -> Response:
        assert operation.startswith(("update_", "delete_"))
        return self._cloud.call("write", self._place, operation, args, kwargs)


class FakeConnection:
    """What the core uses of a Connection, on top of a Cloud."""

    regions = REGIONS
    region = IAD
    tenancy = TENANCY
    credentials_remedy = "Check the API key and the clock."

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def block_volume(self, region: str) -> FakeService:
        return FakeService(self._cloud, region)

    search = identity = vaults = block_volume

    def vault_management(self, endpoint: str) -> FakeService:
        return FakeService(self._cloud, endpoint)

    def management_endpoints(self, vault_prefix: str, region: str) -> tuple[str, ...]:
        host = f"https://{vault_prefix}-management.kms.{region}"
        return f"{host}.oraclecloud.com", f"{host}.oci.oraclecloud.com"

    def limit_reads(self, remaining: object) -> None:
        """No read of the model takes time."""

    def describe_principal(self) -> str:
        return "user ocid1.user.oc1..u with the API key aa:bb"


class MemoryJournal:
    """Notes what the real one writes to disk; ``unannounced`` are writes that came before their line."""

    def __init__(self, cloud: Cloud) -> None:
        self.intents: list[tuple[str, str | None, str | None]] = []
        self.outcomes: dict[str, bool] = {}
        self.unannounced: list[str] = []
        self.opened = self.closed = 0
        self._sent: dict[str, int] = {}
        cloud.before_write = self._about_to_write

    def _about_to_write(self, subject: str) -> None:
        self._sent[subject] = self._sent.get(subject, 0) + 1
        if sum(intent[0] == subject for intent in self.intents) < self._sent[subject] or self.opened <= self.closed:
            self.unannounced.append(subject)

    def open(self) -> None:
        self.opened += 1

    def close(self) -> None:
        self.closed += 1

    def intend(self, region: str, decision: Decision) -> None:
        assert region == decision.known.region
        self.intents.append((decision.known.id, decision.known.kms_key_id, decision.desired.kms_key_id))

    def conclude(self, *outcomes: Outcome) -> None:
        self.outcomes.update((outcome.id, outcome.changed) for outcome in outcomes)


def target(subject: str) -> Target:
    ocid = parse(subject)
    region = ocid.region(REGIONS)
    assert region is not None
    return Target(id=subject, kind=kinds_by_ocid_type(["volume", "boot_volume"])[ocid.type], region=region)


def run_settings(**more: Any) -> RunSettings:
    given: dict[str, Any] = {
        "check_mode": False,
        "validate_key": False,
        "multi_version_key_fails": False,
        "concurrency": 4,
        "wait": True,
        "wait_timeout": WAIT_TIMEOUT,
    }
    return RunSettings(**{**given, **more})


def run_assigner(
    cloud: Cloud,
    ids: Iterable[str],
    desired: DesiredState,
    *,
    journal: Any = None,
    cancellation: CancellationToken | None = None,
    **more: Any,
) -> Report:
    """All five steps, without validating keys unless it is told to."""
    assigner = KeyAssigner(
        FakeConnection(cloud),
        journal or MemoryJournal(cloud),
        run_settings(**more),
        clock=cloud.clock,
        timings=Timings(),
        cancellation=cancellation,
    )
    return assigner.run([target(subject) for subject in ids], desired)


@contextmanager
def reader_of(cloud: Cloud, *, kind: str = "volume", region: str = IAD, concurrency: int = 4) -> Iterator[Reader]:
    connection = FakeConnection(cloud)

    def domains(compartment_id: str) -> list[str]:
        answer = connection.identity(region).read("list_availability_domains", compartment_id)
        return [domain.name for domain in answer.data]

    with ThreadPoolExecutor(concurrency) as pool:
        yield Reader(
            KINDS[kind],
            connection.block_volume(region),
            region,
            pool,
            concurrency=concurrency,
            availability_domains=domains,
        )


@contextmanager
def change_of(cloud: Cloud, subject: str, desired: DesiredState, **more: Any) -> Iterator[Change]:
    """A planned change of one volume, as the engine hands it over."""
    where = replace(target(subject), **more)
    kind = KINDS[where.kind.registry_name]
    with reader_of(cloud, kind=kind.type, region=where.region, concurrency=1) as reader:
        decision = decide(reader.get(subject), desired, kind, expected_kms_key_id=where.expected_kms_key_id)
        cloud.calls.clear()
        yield Change(where, decision, kind, reader)


def reconcile(
    cloud: Cloud,
    change: Change,
    journal: Any = None,
    *,
    seconds: float = WAIT_TIMEOUT,
    names: NameLocks | None = None,
) -> Attempt:
    """Bring one change to its end, alone."""
    connection = FakeConnection(cloud)
    if journal is None:
        journal = MemoryJournal(cloud)
        journal.open()
    deadline = Deadline(cloud.clock, seconds)
    writer = Writer(
        journal,
        Semaphore(4),
        KeyValidator(connection, cloud.clock),
        clock=cloud.clock,
        timings=Timings(),
        deadline=deadline,
    )
    locks = ChangeLocks(names or NameLocks(), cloud.clock, {})
    reconciler = Reconciler(writer, locks, clock=cloud.clock, timings=Timings(), deadline=deadline)
    attempt = reconciler.try_once(change, reconciler.first_attempt(change))
    while attempt.retry_after is not None:
        cloud.clock.sleep(attempt.retry_after)
        attempt = reconciler.try_once(change, attempt)
    return attempt
