# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kinds of resources that plans change: volumes, backups, and the backup policies and replicas of assets.

Pools are changed by plans too, but few modules need them: see ``pools.py``.
"""

from __future__ import annotations

from .._model.ocid import Ocid
from .._model.resource_types import ASSIGNMENT, REPLICA
from .backups import BACKUP_KINDS
from .policies import policy_kind
from .registry import KINDS
from .replications import replication_kind
from .resource_kind import ResourceKind
from .volumes import VOLUME_KINDS

_BY_TYPE = {name: KINDS[name] for name in (*VOLUME_KINDS, *BACKUP_KINDS)}


def planned_kind(resource_type: str, ocid: Ocid) -> ResourceKind:
    """How the resource of an entry is read and changed; ``ocid`` is the asset's for a policy assignment, the
    source's for a replica.

    Raises InputError if that OCID is not that of an asset.
    """
    if resource_type == REPLICA:
        return replication_kind(ocid)
    return policy_kind(ocid) if resource_type == ASSIGNMENT else _BY_TYPE[resource_type]
