# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every switch, for what nobody outside OCI knows (oci_semantics.md section 11, and 0 from 21 on).

A switch with values takes one of them, the first being the default; a switch with a number takes any number from 0 on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Switch:
    name: str
    about: str
    values: tuple[str, ...] = ()
    number: float = 0.0

    @property
    def default(self) -> str | float:
        return self.values[0] if self.values else self.number

    @property
    def choices(self) -> str:
        return ", ".join(self.values) if self.values else "a number from 0 on"


def _s(name: str, values: str, about: str) -> Switch:
    return Switch(name, about, tuple(values.split("|")))


TABLE: tuple[Switch, ...] = (
    # Reading keys
    _s("kms_key_get_oracle_managed", "not_found|null|absent|empty", "GET kmsKey of an Oracle-managed volume (0.8)"),
    _s("oracle_managed_field", "null|absent|empty", "kmsKeyId of an Oracle-managed volume in GET and lists (0.9)"),
    _s("key_visible", "at_available|at_put", "when a new key shows in GET, lists and GET kmsKey (2)"),
    _s("etag_on_kms_change", "changes|same", "a volume's etag after a key change; kmsKey's own is a hash of its key"),
    _s("etag_stable", "on|off", "off: a volume's etag is another one at each read, without any change (4)"),
    _s(
        "if_match_on_kmskey",
        "kmskey_etag|volume_etag|ignored",
        "what if-match of PUT and DELETE kmsKey is compared with",
    ),
    _s("stale_etag_code", "412|409", "refusal of an outdated if-match: 412 or 409 NoEtagMatch (4)"),
    # Changing keys
    _s(
        "transition",
        "provisioning|immediate|delayed_start|ends_faulty",
        "the way of a volume after PUT or DELETE kmsKey (2, 11); delayed_start spends half the time AVAILABLE",
    ),
    _s("put_outside_available", "conflict|accepted", "PUT and DELETE kmsKey in another state than AVAILABLE (11)"),
    _s(
        "put_without_key",
        "missing_parameter|invalid_parameter|oracle_managed|no_change",
        "PUT kmsKey without kmsKeyId, or with null (1.2)",
    ),
    _s(
        "conflict_passes",
        "off|conflict|limit_exceeded",
        "PUT, DELETE kmsKey while another volume of the availability domain changes: 409 Conflict, 400 LimitExceeded",
    ),
    _s("delete_oracle_managed", "accepted|not_found", "DELETE kmsKey of an Oracle-managed volume (2)"),
    _s("unusable_key_code", "404|400", "refusal of an unusable key: 404 or 400 RelatedResource... (11)"),
    _s("old_key_unusable", "refuse|accept", "a change away from a key that is disabled, dying or not delegated (0.22)"),
    _s("multi_version_key", "accepted|refused", "PUT of a key with several versions (0.23)"),
    _s("security_zone", "off|on", "whether a security zone forbids Oracle-managed volumes (0.26)"),
    _s("cmk_on_replicated", "accepted|refused|replica_lost", "a customer's key on a volume with replicas (1.6)"),
    _s("replica_key_change", "accepted|ignored|refused", "another xrrKmsKeyId for an existing replica (1.6)"),
    _s("replica_key_omitted", "kept|removed", "the key of a replica that a list of replicas gives no key (1.6)"),
    _s("replicas_of_a_source", "one|several", "how many replicas the list of an update may have (1.6)"),
    _s("replica_key_empty", "refused|accepted", 'xrrKmsKeyId "" (3)'),
    Switch("external_key_delay", "seconds that PUT takes with a key of protection mode EXTERNAL (0.28)"),
    # Backups
    _s(
        "backup_update_ignored",
        "off|volume_backups|boot_volume_backups|all",
        "backups whose update is answered 200 and leaves the key as it was (0.7)",
    ),
    _s(
        "backup_update_clears_retention",
        "on|off",
        "an update of a backup sets the retention fields that it leaves out to null (0.21)",
    ),
    _s("locked_backup_update", "conflict|accepted", "update of a backup under retention lock or legal hold (0.21)"),
    _s("backup_update_outside_available", "conflict|accepted", "update of a backup in another state (11)"),
    _s("backup_etag", "shown|absent", "the etag in answers about one backup (1.1)"),
    _s("list_kms_key_id_of_backups", "shown|absent", "kmsKeyId in the rows of backup lists"),
    # Backup policies
    _s("assignment_repost", "replace|conflict|ignored", "POST of the policy that the asset has already (1.5)"),
    _s("assignment_xrc_without_destination", "refused|accepted", "xrcKmsKeyId with a policy that copies nothing (1.5)"),
    _s("xrc_key_empty", "refused|accepted", 'xrcKmsKeyId "" (3)'),
    _s("oracle_policy_on_group", "allowed|refused", "an Oracle-defined policy for a volume group (0.27)"),
    _s(
        "group_policy_shown_on_member",
        "nothing|group|member",
        "what a volume shows whose policy comes from its group: nothing, or the group's assignment with this assetId",
    ),
    _s("assignment_on_member", "conflict|accepted", "POST for a volume whose policy comes from its group (1.5)"),
    # Copies
    _s("copy_outcome", "available|faulty", "how a copy of a backup ends"),
    _s("copy_visible", "at_once|late", "when its region shows a copy: at once, or after half of copy_settle"),
    Switch("copy_limit", "copies under way at a time from one source region, 0 for no limit (1.3)", number=10.0),
    _s("copy_limit_code", "429|400", "refusal of one copy more: 429 TooManyRequests or 400 LimitExceeded"),
    # What new volumes are born with
    _s(
        "configuration_key_checked",
        "off|on",
        "whether CreateInstanceConfiguration judges the keys that it names (1.11)",
    ),
    _s(
        "busy_pool_update",
        "conflict|accepted",
        "UpdateInstancePool of a pool that is neither RUNNING nor STOPPED (1.11)",
    ),
    _s(
        "node_pool_list_details",
        "shown|no_key|absent",
        "nodeConfigDetails in the rows of ListNodePools: whole, without kmsKeyId, or not there",
    ),
    _s(
        "node_pool_update_omitted",
        "kept|cleared",
        "what nodeConfigDetails of an update leaves out, size and placement excepted",
    ),
    _s("node_pool_transition", "updating|immediate|needs_attention", "the way of a node pool after UpdateNodePool"),
    _s("node_pool_key_visible", "at_active|at_once", "when a node pool shows its new key"),
    _s("node_pool_key_empty", "accepted|refused", 'kmsKeyId "" of a node pool'),
    _s("node_pool_key_with_cycling", "conflict|accepted", "a key for a node pool whose node cycling is enabled"),
    # Lists
    _s(
        "list_without_compartment",
        "accepted|refused",
        "lists of volumes and replicas without compartmentId (introduction)",
    ),
    _s(
        "boot_list_without_domain",
        "accepted|refused",
        "lists of boot volumes and replicas without availabilityDomain (introduction)",
    ),
    _s(
        "trailing_empty_page",
        "off|on",
        "the last page of a list with rows has a token, which leads to an empty one (4)",
    ),
    # Vault
    _s(
        "vault_get_in_replica_region",
        "found|not_found",
        "GetVault, ListVaults of a replicated vault in its replica region",
    ),
    _s("replica_vault_get_key", "answered|refused", "GetKey, ListKeys, ListKeyVersions at a vault's replica (1.7)"),
    # Search
    _s("search_finds_replica_keys", "on|off", "search in a replica's region finds the replicated keys and vaults"),
    _s(
        "search_hides",
        "nothing|keys|volumes|backups|everything",
        "what search doesn't know although the caller may see it (0.24)",
    ),
    _s("search_lag", "off|on", "search shows every resource as it was before its last change (0.24)"),
    # Rates
    Switch("kms_rate", "requests a second per tenancy over all KMS hosts, 0 for no limit (9)", number=10.0),
    Switch("block_volume_rate", "requests a second to Block Volume per region, 0 for no limit (9)"),
    Switch("retry_after", "whole seconds that the 429 of these limits names in Retry-After, 0 for no such header (4)"),
    # Time
    Switch("settle", "seconds that a key change takes", number=0.05),
    Switch("copy_settle", "seconds that a copy takes", number=0.05),
    Switch("latency", "seconds that every answer takes"),
)

_BY_NAME = {switch.name: switch for switch in TABLE}


class SwitchError(ValueError):
    """An unknown switch or value; the message names the valid ones."""


class Switches:
    """The present setting of every switch, as attributes: `switches["key_visible"]`."""

    def __init__(self, settings: Mapping[str, Any] | None = None) -> None:
        self._settings: dict[str, Any] = {switch.name: switch.default for switch in TABLE}
        self.update(settings or {})

    def __getitem__(self, name: str) -> Any:
        return self._settings[name]

    def update(self, settings: Mapping[str, Any]) -> None:
        """Sets all of them or, if one is wrong, none."""
        self._settings.update({name: _checked(name, value) for name, value in settings.items()})

    def as_dict(self) -> dict[str, Any]:
        return dict(self._settings)


def _checked(name: str, value: Any) -> str | float:
    switch = _BY_NAME.get(name)
    if switch is None:
        raise SwitchError(f"there is no switch {name!r}; there are: {', '.join(sorted(_BY_NAME))}")
    if switch.values:
        text = ("on" if value else "off") if isinstance(value, bool) else str(value)
        if text not in switch.values:
            raise SwitchError(f"switch {name} can't be {value!r}; it takes: {switch.choices}")
        return text
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < float("inf"):
        raise SwitchError(f"switch {name} can't be {value!r}; it takes: {switch.choices}")
    return float(value)
