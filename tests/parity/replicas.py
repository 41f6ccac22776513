# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replicas of volumes, of vaults and of their keys (1.6, 1.7, 3). Volumes only if `replicas` is set."""

from __future__ import annotations

from typing import Any

import oci

from .cloud import MODELS
from .lists import search, vault_of
from .probe import UnclearError, probe
from .testbed import BUSY, CONFLICT, HIDDEN, REFUSED, Answer, Testbed, attempt, certainly

_OUR_REPLICA = ("replicas", "region_elsewhere")


def _update(bed: Testbed, volume: str, rows: list[Any]) -> Answer:
    """Sends the list of replicas, and waits until the volume is AVAILABLE."""
    answer = attempt(bed.block.update_volume, volume, MODELS.UpdateVolumeDetails(block_volume_replicas=rows))
    bed.settled(volume)
    return answer


def _row(bed: Testbed, domain: str, key: str | None = None) -> Any:
    name = bed.titles("replica")["display_name"]
    return MODELS.BlockVolumeReplicaDetails(availability_domain=domain, display_name=name, xrr_kms_key_id=key)


def replicated(bed: Testbed) -> tuple[str, str]:
    """The first volume, Oracle-managed and with a replica without a key, and the replica's availability domain."""
    volume = bed.volume()
    _update(bed, volume, [])
    bed.on(volume, None)
    identity = bed.cloud.client("identity", bed.elsewhere)
    domain = certainly(identity.list_availability_domains, bed.cloud.config["tenancy"]).data[0].name
    answer = _update(bed, volume, [_row(bed, domain)])
    if not answer.accepted:
        raise UnclearError(f"the volume could not be replicated: {answer}")
    bed.until(lambda: bed.get(volume), lambda one: bool(one.block_volume_replicas), "the replica")
    return volume, domain


def _replica_keys(bed: Testbed, volume: str) -> list[str | None]:
    return [row.kms_key_id or None for row in bed.get(volume).block_volume_replicas or []]


@probe(
    "0.12, 1.6",
    "another xrrKmsKeyId for a replica",
    switch="replica_key_change",
    besides=(CONFLICT, BUSY),
    needs=(*_OUR_REPLICA, "key_elsewhere"),
)
def key_of_replica(bed: Testbed) -> str:
    volume, domain = replicated(bed)
    answer = _update(bed, volume, [_row(bed, domain, bed.settings.key_elsewhere)])
    keys = _replica_keys(bed, volume)
    _update(bed, volume, [])
    if not answer.accepted:
        return answer.told("", REFUSED)
    return "accepted" if keys == [bed.settings.key_elsewhere] else "ignored" if keys == [None] else "something else"


@probe("1.6", "a replica without xrrKmsKeyId", switch="replica_key_omitted", needs=(*_OUR_REPLICA, "key_elsewhere"))
def omitted_key_of_replica(bed: Testbed) -> str:
    """The replica is made with the key, since whether that can be assigned later is the question of another probe."""
    volume, domain = replicated(bed)
    _update(bed, volume, [])
    bed.until(lambda: bed.get(volume), lambda one: not one.block_volume_replicas, "the end of the replica")
    made = _update(bed, volume, [_row(bed, domain, bed.settings.key_elsewhere)])
    if not made.accepted:
        raise UnclearError(f"the volume could not be replicated with a key: {made}")
    bed.until(lambda: bed.get(volume), lambda one: bool(one.block_volume_replicas), "the replica")
    answer = _update(bed, volume, [_row(bed, domain)])
    keys = _replica_keys(bed, volume)
    _update(bed, volume, [])
    if not answer.accepted:
        return str(answer)
    return "kept" if keys == [bed.settings.key_elsewhere] else "removed" if keys == [None] else "something else"


@probe("3", 'xrrKmsKeyId ""', switch="replica_key_empty", needs=_OUR_REPLICA)
def empty_key_of_replica(bed: Testbed) -> str:
    volume, domain = replicated(bed)
    answer = _update(bed, volume, [_row(bed, domain, "")])
    _update(bed, volume, [])
    return answer.told("accepted", REFUSED)


@probe(
    "1.6",
    "a customer's key on a volume with a replica",
    switch="cmk_on_replicated",
    besides=(CONFLICT,),
    needs=_OUR_REPLICA,
)
def key_of_replicated_volume(bed: Testbed) -> str:
    volume, _domain = replicated(bed)
    answer = bed.put(volume, bed.settings.key_a)
    if not answer.accepted:
        _update(bed, volume, [])
        return answer.told("", REFUSED)

    def done(one: Any) -> bool:
        return bool(one.lifecycle_state == "AVAILABLE" and one.kms_key_id == bed.settings.key_a)

    found = bed.until(lambda: bed.get(volume), done, "the key change")
    _update(bed, volume, [])
    return "accepted" if found.block_volume_replicas else "replica_lost"


def _home(bed: Testbed) -> str:
    """The region in the key's OCID, by its long name."""
    part = bed.settings.replicated_key.split(".")[3]
    return str(oci.regions.REGIONS_SHORT_NAMES.get(part, part))


_REPLICATED = ("replicated_key", "replica_region")


@probe(
    "1.7",
    "GetVault of a replicated vault in its replica's region",
    switch="vault_get_in_replica_region",
    needs=_REPLICATED,
)
def vault_in_replica_region(bed: Testbed) -> str:
    vault = vault_of(bed, _home(bed), bed.settings.replicated_key)
    certainly(bed.cloud.client("vaults", _home(bed)).get_vault, vault)
    answer = attempt(bed.cloud.client("vaults", bed.settings.replica_region).get_vault, vault)
    return answer.told("found", {HIDDEN: "not_found"})


@probe("1.7", "GetKey at the replica of a vault", switch="replica_vault_get_key", needs=_REPLICATED)
def key_at_replica(bed: Testbed) -> str:
    region, key, vault = (
        bed.settings.replica_region,
        bed.settings.replicated_key,
        vault_of(bed, _home(bed), bed.settings.replicated_key),
    )
    home = bed.cloud.client("vaults", _home(bed))
    endpoint = certainly(home.get_vault, vault).data.management_endpoint
    certainly(bed.cloud.client("keys", _home(bed), endpoint).get_key, key)
    replicas = certainly(home.list_vault_replicas, vault).data
    there = next((row.management_endpoint for row in replicas if row.region == region), None)
    if not there:
        raise UnclearError("the vault shows no replica in replica_region")
    answer = attempt(bed.cloud.client("keys", region, there).get_key, key)
    return answer.told("answered", {HIDDEN: "refused"})


@probe(
    "1.7", "Search for a replicated key in its replica's region", switch="search_finds_replica_keys", needs=_REPLICATED
)
def search_for_replica_key(bed: Testbed) -> str:
    if search(bed, _home(bed), "key", bed.settings.replicated_key) is None:
        raise UnclearError("Search doesn't know the key in its own region")
    return "on" if search(bed, bed.settings.replica_region, "key", bed.settings.replicated_key) else "off"
