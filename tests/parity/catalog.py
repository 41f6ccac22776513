# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All probes, in the order in which they are asked, and the switches that no probe is for."""

from __future__ import annotations

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
    "replicas_of_a_source": "a second replica needs a third region, and is billed like the first one",
}

__all__ = ["ALL", "NOT_PROBED", "THEMES"]
