# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All probes, in the order in which they are asked, and the switches that no probe is for."""

from __future__ import annotations

from collections.abc import Mapping

from . import backups, boot, copies, endings, etags, kms_key, limits, lists, policies, replicas
from .probe import PROBES

THEMES = (kms_key, etags, policies, backups, boot, copies, lists, replicas, limits, endings)

ALL = {name: one for theme in THEMES for name, one in PROBES.items() if one.ask.__module__ == theme.__name__}

#: Why a switch has no probe: what it would take is not done to a tenancy.
NOT_PROBED = {
    "old_key_unusable": "a key would have to be disabled",
    "security_zone": "needs a compartment of a security zone",
    "external_key_delay": "needs a key outside of OCI; it is a time",
    "locked_backup_update": "a backup under retention lock can't be deleted",
    "copy_limit": "would take eleven copies",
    "copy_limit_code": "would take eleven copies",
    "settle": "a time; measured beside the probes",
    "copy_settle": "a time; measured beside the probes",
    "latency": "a time",
    "configuration_key_checked": "needs an instance configuration; one may be left behind",
    "busy_pool_update": "needs an instance pool, whose instances are billed",
    **dict.fromkeys(
        (
            "node_pool_list_details",
            "node_pool_update_omitted",
            "node_pool_transition",
            "node_pool_key_visible",
            "node_pool_key_empty",
            "node_pool_key_with_cycling",
        ),
        "needs a cluster of OKE with a node pool, whose nodes are billed",
    ),
    "replicas_of_a_source": "a second replica needs a third region, and is billed like the first one",
}

#: Switches, not its own, under some settings of which a probe can't tell, and says so. Under all others it can.
CLOUDED: Mapping[str, frozenset[str]] = {
    # A 429 is no answer.
    "block_volume_rate": frozenset(ALL),
    # Where a change fails, or leaves no trace, what comes after one, or beside it, is not to be seen.
    "transition": frozenset(
        {
            "attached_volume",
            "backup_update_while_creating",
            "delete_key",
            "delete_no_key",
            "disabled_key",
            "dying_key",
            "etag_after_key_change",
            "etag_of_one_key",
            "get_kms_key_without_one",
            "headers_of_kms_key",
            "if_match_of_kms_key",
            "key_of_another_region",
            "key_of_new_backup",
            "key_of_replicated_volume",
            "key_with_versions",
            "key_without_grant",
            "list_after_change",
            "put_beside_another",
            "put_empty_key",
            "put_no_key",
            "put_while_provisioning",
            "rsa_key",
            "same_key_put",
            "search_after_change",
            "when_a_key_shows",
        }
    ),
    # There, no volume is without a customer's key.
    "security_zone": frozenset({"delete_key", "delete_no_key", "get_kms_key_without_one", "headers_of_kms_key"}),
    "etag_stable": frozenset({"etag_after_key_change"}),
    "backup_update_ignored": frozenset(
        {"backup_empty_key", "backup_own_key", "boot_backup_empty_key", "copy_without_key", "key_in_backup_rows"}
    ),
    "copy_outcome": frozenset({"copy_without_key"}),
    "search_hides": frozenset(
        {
            "key_at_replica",
            "rate_of_vault",
            "retry_after",
            "search_after_change",
            "search_for_replica_key",
            "vault_in_replica_region",
        }
    ),
}

__all__ = ["ALL", "CLOUDED", "NOT_PROBED", "THEMES"]
