# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists and Search: what is required, what they show, and when (oci_semantics.md introduction, 0.24, 0.25, 4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import oci

from .probe import UnclearError, probe
from .testbed import GONE, REFUSED, Testbed, attempt, certainly, certainly_call


def _required(bed: Testbed, call: Callable[..., Any], given: dict[str, Any], left_out: str) -> str:
    """Whether a list does without a parameter with which it is answered."""
    certainly(call, **given)
    answer = attempt(call, **{name: value for name, value in given.items() if name != left_out})
    return answer.told("accepted", {**REFUSED, "400 MissingParameter": "refused"})


@probe("introduction", "ListVolumes without compartmentId", switch="list_without_compartment")
def volumes_without_compartment(bed: Testbed) -> str:
    given = {"compartment_id": bed.settings.compartment_id, "limit": 1}
    return _required(bed, bed.block.list_volumes, given, "compartment_id")


@probe("introduction", "ListBootVolumes without availabilityDomain", switch="boot_list_without_domain")
def boot_volumes_without_domain(bed: Testbed) -> str:
    domain = bed.get(bed.volume()).availability_domain
    given = {"compartment_id": bed.settings.compartment_id, "availability_domain": domain, "limit": 1}
    return _required(bed, bed.block.list_boot_volumes, given, "availability_domain")


def _our_rows(bed: Testbed, call: Callable[..., Any], name: str, **more: Any) -> Any:
    return certainly(call, compartment_id=bed.settings.compartment_id, display_name=name, **more)


@probe("4", "a last page with rows", switch="trailing_empty_page")
def last_page(bed: Testbed) -> str:
    name = bed.get(bed.volume()).display_name
    response = _our_rows(bed, bed.block.list_volumes, name)
    if not response.data:
        raise UnclearError("the list has no rows")
    token = response.headers.get("opc-next-page")
    if not token:
        return "off"
    following = _our_rows(bed, bed.block.list_volumes, name, page=token)
    return "on" if not following.data and "opc-next-page" not in following.headers else "more pages"


@probe("2", "kmsKeyId in the rows of ListVolumeBackups", switch="list_kms_key_id_of_backups")
def key_in_backup_rows(bed: Testbed) -> str:
    backup = bed.with_key()
    certainly(bed.block.list_volume_backups, bed.settings.compartment_id, volume_id=bed.volume())
    row = next((row for row in bed.body() if row["id"] == backup), None)
    if row is None:
        raise UnclearError("the list has no such row")
    return "shown" if row.get("kmsKeyId") else "absent"


@probe("4", "ListVolumes right after a key change has ended", answers=("up to date", "lags"))
def list_after_change(bed: Testbed) -> str:
    volume = bed.volume()
    bed.on(volume, bed.settings.key_a)
    found = bed.on(volume, bed.settings.key_b)
    rows = _our_rows(bed, bed.block.list_volumes, found.display_name).data
    row = next((row for row in rows if row.id == volume), None)
    if row is None:
        raise UnclearError("the list has no such row")
    return "up to date" if row.kms_key_id == bed.settings.key_b else "lags"


@probe("0.25", "a deleted backup in lists", answers=("shown as TERMINATED or TERMINATING", "left out"))
def deleted_rows(bed: Testbed) -> str:
    backup = bed.backup("second")
    certainly(bed.block.delete_volume_backup, backup)
    read = certainly_call(bed.block.list_volume_backups)

    def state() -> str:
        rows = read(bed.settings.compartment_id, volume_id=bed.volume()).data
        return next((str(row.lifecycle_state) for row in rows if row.id == backup), "left out")

    found = bed.until(state, lambda seen: seen in (*GONE, "left out"), "the end of the backup")
    return "left out" if found == "left out" else "shown as TERMINATED or TERMINATING"


def vault_of(bed: Testbed, region: str, key: str) -> str:
    """The vault of a key, as Search knows it: the OCID of a key doesn't name it."""
    details = oci.resource_search.models.StructuredSearchDetails(
        type="Structured", query=f"query key resources return allAdditionalFields where identifier = '{key}'"
    )
    rows = certainly(bed.cloud.client("search", region).search_resources, details).data.items
    vault = (rows[0].additional_details or {}).get("vaultId") if rows else None
    if not vault:
        raise UnclearError("Search doesn't know the vault of the key")
    return str(vault)


def search(bed: Testbed, region: str, kind: str, ident: str) -> Any:
    details = oci.resource_search.models.StructuredSearchDetails(
        type="Structured", query=f"query {kind} resources where identifier = '{ident}'", matching_context_type="NONE"
    )
    rows = certainly(bed.cloud.client("search", region).search_resources, details).data.items
    return rows[0] if rows else None


@probe("0.24, 1.9", "what Search knows of volumes, backups and keys", switch="search_hides")
def what_search_knows(bed: Testbed) -> str:
    wanted = {
        "volumes": ("volume", bed.volume()),
        "backups": ("volumebackup", bed.backup()),
        "keys": ("key", bed.settings.key_a),
    }
    hidden = list(wanted)
    # New resources may need some time: ten looks.
    for _look in range(10):
        hidden = [name for name in hidden if search(bed, bed.region, *wanted[name]) is None]
        if not hidden:
            return "nothing"
        bed.pause()
    return hidden[0] if len(hidden) == 1 else "everything" if len(hidden) == 3 else " and ".join(hidden)


@probe("0.24", "Search right after a volume has turned PROVISIONING", switch="search_lag")
def search_after_change(bed: Testbed) -> str:
    volume = bed.volume()
    bed.on(volume, bed.settings.key_a)
    if not bed.put(volume, bed.settings.key_b).accepted or bed.get(volume).lifecycle_state != "PROVISIONING":
        raise UnclearError("the volume was not seen PROVISIONING")
    row = search(bed, bed.region, "volume", volume)
    still = bed.get(volume).lifecycle_state == "PROVISIONING"
    bed.settled(volume)
    if row is None:
        raise UnclearError("Search doesn't know the volume")
    if not still:
        raise UnclearError("the change had ended by then")
    return {"PROVISIONING": "off", "AVAILABLE": "on"}.get(str(row.lifecycle_state).upper(), str(row.lifecycle_state))
