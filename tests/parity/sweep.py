# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds what runs have made, by tag and by name, and deletes it. Nothing is remembered: a run may have been killed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from .cloud import MODELS, Cloud, all_pages
from .probe import UnclearError
from .settings import Settings
from .testbed import GONE, TAG, Answer, attempt, certainly_call

#: A volume can't be deleted while it is in a group, or has a replica.
_ORDER = ("volume group", "replica", "volume backup", "boot volume backup", "volume")
_NAME = re.compile(rf"{TAG}-([0-9a-f]{{8}})(-.*)?")


class Remain(NamedTuple):
    """Something of a run that is still there."""

    run: str
    region: str
    kind: str
    id: str
    state: str
    #: The volume, and its region, through which a replica goes away.
    source: tuple[str, str] = ("", "")


class CleanupError(Exception):
    """Something could not be deleted, or not be looked for; the message names it."""


def run_of(row: Any) -> str:
    """The run that made a resource; empty for everybody else's.

    A copy has the name that it was asked for with, and perhaps no tags; so a name counts, but only one of our form.
    """
    tagged = str((row.freeform_tags or {}).get(TAG, ""))
    if re.fullmatch(r"[0-9a-f]{8}", tagged):
        return tagged
    named = _NAME.fullmatch(str(row.display_name))
    return named[1] if named else ""


def remains(cloud: Cloud, settings: Settings, run: str = "") -> list[Remain]:
    """What is left of this run, or of all of them, in the order of deletion. Raises UnclearError."""
    found = [one for one in _everything(cloud, settings) if run in ("", one.run) and one.state not in GONE]
    return sorted(found, key=lambda one: _ORDER.index(one.kind))


def _regions(cloud: Cloud, settings: Settings) -> list[str]:
    here = settings.region or cloud.config["region"]
    return [here, *([settings.region_elsewhere] if settings.region_elsewhere not in ("", here) else [])]


def _everything(cloud: Cloud, settings: Settings) -> Iterator[Remain]:
    compartment = settings.compartment_id
    for region in _regions(cloud, settings):
        block = cloud.block(region)
        lists: list[tuple[str, Callable[..., Any]]] = [
            ("volume", block.list_volumes),
            ("volume group", block.list_volume_groups),
            ("volume backup", block.list_volume_backups),
            ("boot volume backup", block.list_boot_volume_backups),
        ]
        runs: dict[str, str] = {}
        for kind, call in lists:
            for row in all_pages(certainly_call(call), compartment_id=compartment, limit=100):
                # A policy that a probe assigns may make a backup of a volume of ours, with a name of its own.
                run = run_of(row) or runs.get(str(getattr(row, "volume_id", "")), "")
                if run:
                    runs[row.id] = run
                    yield Remain(run, region, kind, row.id, str(row.lifecycle_state))
        yield from _replicas(cloud, settings, region)


def _replicas(cloud: Cloud, settings: Settings, region: str) -> Iterator[Remain]:
    """Those in the other region, in each of its availability domains, as the service may demand."""
    here = settings.region or cloud.config["region"]
    if not settings.replicas or region == here:
        return
    list_domains = certainly_call(cloud.client("identity", region).list_availability_domains)
    call = certainly_call(cloud.block(region).list_block_volume_replicas)
    for domain in list_domains(cloud.config["tenancy"]).data:
        rows = all_pages(call, availability_domain=domain.name, compartment_id=settings.compartment_id, limit=100)
        for row in rows:
            run = run_of(row)
            if run:
                state = str(row.lifecycle_state)
                yield Remain(run, region, "replica", row.id, state, (here, row.block_volume_id))


def sweep(
    cloud: Cloud, settings: Settings, run: str = "", *, quiet: float = 0.0, say: Callable[[str], None] = print
) -> int:
    """Deletes what this run, or any run, has made, until nothing is found for `quiet` seconds; gives the number.

    Raises CleanupError. What is being made or changed can't be deleted yet, so it is tried until patience ends.
    A copy may be late to show in its region, and a request whose answer was lost may be carried out later; so `quiet`
    is long wherever copies may have been asked for.
    """
    clock, deleted, known = cloud.clock, set[str](), set[str]()
    end = clock.now() + settings.patience_seconds
    empty_since: float | None = None
    while True:
        why = "they are still there"
        try:
            left: list[Remain] | None = remains(cloud, settings, run)
        except UnclearError as error:
            left, why = None, str(error)
        now = clock.now()
        if left == []:
            empty_since = now if empty_since is None else empty_since
            if now - empty_since >= quiet:
                return len(deleted)
        else:
            empty_since = None
        if not known.issuperset(one.id for one in left or []):
            # What was late is waited for as long as all else.
            end = now + settings.patience_seconds
            known.update(one.id for one in left or [])
        for one in left or []:
            problem = _delete(cloud, one)
            why = problem or why
            if not problem and one.id not in deleted:
                deleted.add(one.id)
                say(f"Deleting {one.kind} {one.id} in {one.region}.")
        if empty_since is None and now >= end:
            named = "unknown" if left is None else ", ".join(f"{one.kind} {one.id} in {one.region}" for one in left)
            raise CleanupError(f"Not all could be deleted. Left: {named} ({why}).")
        clock.sleep(settings.poll_seconds)


def _delete(cloud: Cloud, one: Remain) -> str:
    """Asks for the deletion; gives what stood in its way, if anything."""
    block = cloud.block(one.region)
    calls: dict[str, Callable[..., Any]] = {
        "volume group": block.delete_volume_group,
        "volume backup": block.delete_volume_backup,
        "boot volume backup": block.delete_boot_volume_backup,
        "volume": block.delete_volume,
    }
    try:
        if one.kind == "replica":
            region, volume = one.source
            answer = _without_replicas(cloud.block(region), volume)
        else:
            if one.kind == "volume":
                found = attempt(block.get_volume, one.id)
                if found.accepted and found.response.data.block_volume_replicas:
                    _without_replicas(block, one.id)
            answer = attempt(calls[one.kind], one.id)
            if one.kind == "volume backup" and not answer.accepted:
                _let_go(block, one.id)
    except UnclearError as error:
        return str(error)
    return "" if answer.accepted else str(answer)


def _without_replicas(block: Any, volume: str) -> Answer:
    return attempt(block.update_volume, volume, MODELS.UpdateVolumeDetails(block_volume_replicas=[]))


def _let_go(block: Any, backup: str) -> None:
    """Takes away what prevents its deletion; the next round deletes it."""
    found = attempt(block.get_volume_backup, backup)
    if found.accepted and found.response.data.is_prevent_deletion_enabled:
        attempt(block.update_volume_backup, backup, MODELS.UpdateVolumeBackupDetails(is_prevent_deletion_enabled=False))
