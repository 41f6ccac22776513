# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Backup policies that interrupted runs were changing: found in journals, and read as they are now."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .._api.client import Connection
from .._common.errors import InputError, ResourceError
from .._common.values import is_blank
from .._documents.interrupted import InterruptedChange, former_run_journals, interrupted_changes
from .._documents.journal import Journal, known_default_journal
from .._model.decisions import GONE_STATES
from .._model.ocid import expect_realm, expect_region, parse
from .._model.resource import DesiredState, Reading, Resource
from .._model.resource_types import ASSIGNMENT, REPLICA
from .._resources.region_reader import RegionReader
from .._resources.registry import KINDS
from .._resources.resource_kind import ResourceKind

_CONCURRENCY = 8

SETTLE_HINT = (
    "Run the playbook restore_keys with that journal, or assign the policy with backup_policy_crossregion_key and its "
    "'policy_id', the replica with replica_kms_key. If the asset no longer exists, move the journal away."
)


@dataclass
class Interrupted:
    """What became of the policies that other runs were changing when they were interrupted.

    ``lost``: those that were taken away, each with the asset as it was. ``settled``: those where something is in place,
    or whose asset is gone, each with the asset as it is. ``unknown``: those that could not be read, and why.
    """

    lost: list[tuple[InterruptedChange, Resource]] = field(default_factory=list)
    settled: list[tuple[InterruptedChange, Resource]] = field(default_factory=list)
    unknown: list[tuple[InterruptedChange, ResourceError]] = field(default_factory=list)

    def note_settled(self, journal: Journal) -> None:
        """Write down what is settled, so that no later run takes it for lost. Raises OSError, InputError."""
        if self.settled:
            journal.open()
            try:
                for policy, now in self.settled:
                    journal.settle(policy, now)
            finally:
                journal.close()


def with_default_journal(journals: Iterable[Path]) -> list[Path]:
    """Journals that were named, and the default one, where there is a state folder."""
    default = known_default_journal(os.environ)
    return list(dict.fromkeys([*journals, *([] if default is None else [default])]))


def find_interrupted(journals: Iterable[Path], tenancy: str | None, warnings: list[str]) -> list[InterruptedChange]:
    """The interrupted changes of ``tenancy`` in these journals, and in the default one, which need not be readable.

    The default journal has what a user did in all tenancies. Only credentials of another one can settle its changes, so
    they are left out, with a warning where it is not the default one. Lines that name no tenancy count as of this one,
    and so do all if it is not known. Raises InputError.
    """
    named = list(dict.fromkeys(journals))
    readable = list(named)
    for path in with_default_journal(named):
        if path not in named:
            try:
                interrupted_changes([path])
                readable.append(path)
            except InputError as error:
                warnings.append(f"Whether earlier runs were interrupted is only known in part: {error}.")
    policies = interrupted_changes(readable)
    own = [policy for policy in policies if is_of_tenancy(policy.tenancy, tenancy)]
    foreign = [policy for policy in policies if policy not in own]
    # A module that does not change replicas does not ship what does.
    warnings += [
        unsettled_text(policy, "it may be missing; run the module replica_kms_key or the playbook restore_keys")
        for policy in own
        if policy.type == REPLICA and policy.kind not in KINDS
    ]
    own = [policy for policy in own if policy.type != REPLICA or policy.kind in KINDS]
    names = {str(path) for path in named} - {str(known_default_journal(os.environ))}
    warnings += [
        f"{policy.label} is of tenancy {policy.tenancy}: a run that was interrupted was changing its {policy.what} "
        f"({policy.source}). Run the task with credentials of that tenancy to settle it."
        for policy in foreign
        if policy.journal in names
    ]
    return own


def is_of_tenancy(named: str | None, own: str | None) -> bool:
    """Whether a line that names this tenancy, or none, is the business of credentials of ``own``."""
    return named is None or not own or named == own


def read_interrupted(connection: Connection, policies: Sequence[InterruptedChange]) -> Interrupted:
    """Read the assets of interrupted changes, and what their policies were."""
    # Only here, since nearly no run gets here: the file and what it needs take 12 ms of a start.
    from .._resources.policies import policy_kind

    found = Interrupted()
    by_region: dict[str, list[tuple[InterruptedChange, ResourceKind]]] = {}
    for policy in policies:
        try:
            asset = parse(policy.asset_id)
            if connection.tenancy:
                expect_realm(asset, parse(connection.tenancy).realm, "the tenancy")
            kind = policy_kind(asset) if policy.type == ASSIGNMENT else KINDS[policy.kind]
            by_region.setdefault(expect_region(asset, connection.regions), []).append((policy, kind))
        except InputError as error:
            found.unknown.append((policy, ResourceError(code="UnknownRegion", message=str(error))))
    for name, members in by_region.items():
        region = RegionReader(name, [(policy.asset_id, kind) for policy, kind in members], connection, _CONCURRENCY)
        try:
            readings = region.read(DesiredState(None))
            for policy, kind in members:
                _classify(found, policy, readings[policy.asset_id], region, kind)
        finally:
            region.close()
    return found


def _classify(
    found: Interrupted, policy: InterruptedChange, now: Reading, region: RegionReader, kind: ResourceKind
) -> None:
    if isinstance(now, ResourceError):
        found.unknown.append((policy, now))
        return
    if now.lifecycle_state in GONE_STATES:
        found.settled.append((policy, now))
        return
    former = region.reader_for(kind).before_interruption(now, policy.taken)
    if former is None:
        found.settled.append((policy, now))
    elif isinstance(former, ResourceError):
        found.unknown.append((policy, former))
    else:
        found.lost.append((policy, former))


def journals_of(paths: Iterable[str]) -> list[Path]:
    """The journals that option 'former_runs' names. Raises InputError for what does not exist."""
    found: list[Path] = []
    for given in paths:
        if is_blank(given):
            continue
        path = Path(os.path.expanduser(given))
        if not path.exists():
            raise InputError(f"'former_runs' names {str(path)!r}, which does not exist. Leave it out, or correct it")
        found += former_run_journals(path) if path.is_dir() else [path]
    return found


def unsettled_text(policy: InterruptedChange, reason: str) -> str:
    """Why an interrupted change is not settled, in one sentence."""
    return f"{policy.label}: a run that was interrupted was changing its {policy.what} ({policy.source}): {reason}"
