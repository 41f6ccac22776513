# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Vaults at the regional host, keys at their vault's own host (oci_semantics.md section 1.7)."""

from __future__ import annotations

from simulator.api import Call, checked, declare, many, one, scope
from simulator.kinds.keys import Key, Presence
from simulator.kinds.vaults import Vault
from simulator.wire import Json, Reply, cut, kms_etag, not_found

_AT_REPLICA = "You can't perform management operations directly on the vault replica and its keys."
_HIDDEN = "Key or Vault does not exist or you are not authorized to access them."
_LARGEST_PAGE = 1000
_PAGE = 100


def _kms_etag(resource: Key | Vault, region: str) -> str:
    return kms_etag(f"{resource.id}/{region}", resource.serial)


def _check_replica(call: Call) -> None:
    vault = call.cloud.resources.get(call.target.vault)
    if isinstance(vault, Vault) and call.region != vault.region and call.switch("replica_vault_get_key") == "refused":
        raise not_found(_AT_REPLICA)


def _key(call: Call, key_id: str) -> tuple[Key, Presence]:
    _check_replica(call)
    key = call.cloud.resources.get(key_id)
    here = key.at.get(call.region) if isinstance(key, Key) and key.vault.id == call.target.vault else None
    if not isinstance(key, Key) or here is None or not here.caller_may_read or key.vault.state == "DELETED":
        raise not_found(_HIDDEN)
    return key, here


def _get_key(call: Call) -> Reply:
    key, _here = _key(call, call.ident)
    return one(key.document(call.region), _kms_etag(key, call.region))


def _list_keys(call: Call) -> Reply:
    _check_replica(call)
    compartment = call.compartment()
    keys = [key for key in call.cloud.all(Key) if key.vault.id == call.target.vault and call.region in key.at]
    keys = [key for key in keys if key.compartment_id == compartment and key.at[call.region].caller_may_inspect]
    for parameter, attribute in (("protectionMode", "protection"), ("algorithm", "algorithm"), ("length", "length")):
        if parameter in call.query:
            keys = [key for key in keys if str(getattr(key, attribute)) == call.query[parameter]]
    if "curveId" in call.query:
        keys = [key for key in keys if key.algorithm == "ECDSA" and call.query["curveId"] == "NIST_P256"]
    return _page(call, [key.summary(call.region) for key in keys])


def _list_key_versions(call: Call) -> Reply:
    key, _here = _key(call, call.ident)
    return _page(call, key.version_rows(call.region))


def _page(call: Call, rows: list[Json]) -> Reply:
    by = checked(call, "sortBy", ("TIMECREATED", "DISPLAYNAME"), "TIMECREATED")
    order = checked(call, "sortOrder", ("ASC", "DESC"), "DESC" if by == "TIMECREATED" else "ASC")
    field = {"TIMECREATED": "timeCreated", "DISPLAYNAME": "displayName"}[by]
    # Key versions have no display name; for them that order is the one of their ids.
    ordered = sorted(rows, key=lambda row: (str(row.get(field, "")), str(row["id"])), reverse=order == "DESC")
    page, following = cut(ordered, scope(call), call.query, _LARGEST_PAGE, _PAGE)
    return many(list(page), following)


def _shows(call: Call, vault: Vault) -> bool:
    if call.region == vault.region:
        return True
    return call.region in vault.regions and call.switch("vault_get_in_replica_region") == "found"


def _vault(call: Call) -> Vault:
    vault = call.cloud.resources.get(call.ident)
    if not isinstance(vault, Vault) or not vault.may_read or not _shows(call, vault):
        raise not_found(_HIDDEN)
    return vault


def _get_vault(call: Call) -> Reply:
    vault = _vault(call)
    return one(vault.document(call.site.region), _kms_etag(vault, call.region))


def _list_vaults(call: Call) -> Reply:
    compartment = call.compartment()
    vaults = [one for one in call.cloud.all(Vault) if one.compartment_id == compartment and one.may_inspect]
    return _page(call, [vault.summary(call.site.region) for vault in vaults if _shows(call, vault)])


def _list_replicas(call: Call) -> Reply:
    vault = _vault(call)
    page, following = cut(vault.replicas(call.cloud), scope(call), call.query, _LARGEST_PAGE, _PAGE)
    return many(list(page), following, _kms_etag(vault, call.region))


_SORTED = "limit, page, sortBy, sortOrder"
declare("GetKey", "management GET /20180608/keys/*", _get_key)
declare(
    "ListKeys",
    "management GET /20180608/keys",
    _list_keys,
    f"compartmentId*, {_SORTED}, protectionMode, algorithm, length, curveId",
)
declare("ListKeyVersions", "management GET /20180608/keys/*/keyVersions", _list_key_versions, _SORTED)
declare("GetVault", "kms GET /20180608/vaults/*", _get_vault)
declare("ListVaults", "kms GET /20180608/vaults", _list_vaults, f"compartmentId*, {_SORTED}")
declare("ListVaultReplicas", "kms GET /20180608/vaults/*/actions/listReplicas", _list_replicas, _SORTED)
