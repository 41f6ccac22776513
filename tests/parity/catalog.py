# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All probes, in the order in which they are asked, and the switches that no probe is for."""

from __future__ import annotations

from . import backups, copies, etags, kms_key, limits, lists, policies, replicas
from .probe import PROBES

THEMES = (kms_key, etags, policies, backups, copies, lists, replicas, limits)

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

__all__ = ["ALL", "NOT_PROBED", "THEMES"]
