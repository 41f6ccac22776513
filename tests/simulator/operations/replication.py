# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The list of replicas in an update of a volume or a volume group (oci_semantics.md section 1.6)."""

from __future__ import annotations

from typing import Any, NamedTuple

from simulator.api import Call
from simulator.key_checks import check_assignable
from simulator.kinds.volumes import Replica
from simulator.ocids import ocid
from simulator.wire import Json, invalid


class Source(NamedTuple):
    """What is replicated: its list of replicas is called ``field``, and ``serial`` tells its updates apart."""

    id: str
    name: str
    field: str
    replica_type: str
    replicas: list[Replica]
    serial: int


def wanted_replicas(source: Source, call: Call, wanted: Any) -> list[Replica]:
    """The new list of replicas, with the keys that their regions are to use."""
    if not isinstance(wanted, list) or not all(isinstance(row, dict) for row in wanted):
        raise invalid(f"{source.field} must be a list of replicas.")
    if len(wanted) > 1 and call.switch("replicas_of_a_source") == "one":
        raise invalid(f"{source.field} must be a list of one replica at most.")
    if len({row.get("availabilityDomain") for row in wanted}) != len(wanted):
        raise invalid(f"{source.field} must name each availability domain once.")
    return [_replica(source, call, row) for row in wanted]


def _replica(source: Source, call: Call, row: Json) -> Replica:
    domain = row.get("availabilityDomain")
    site = next((site for site in call.cloud.sites.values() if domain in site.domains), None)
    if site is None or site is call.site:
        raise invalid("availabilityDomain must be one of another region.")
    key = row.get("xrrKmsKeyId")
    if key == "" and call.switch("replica_key_empty") == "refused":
        raise invalid("xrrKmsKeyId is invalid or incorrectly formatted.")
    if key:
        # The key has to be usable where the replica lives.
        check_assignable(call, key, "xrrKmsKeyId", site.region.name)
    old = next((replica for replica in source.replicas if replica.domain == domain), None)
    if old is None:
        made = ocid(source.replica_type, call.cloud.tenancy.realm, site.region.in_ocid, f"{source.id} {source.serial}")
        return Replica(made, str(row.get("displayName") or f"{source.name}-replica"), str(domain), key or None)
    if key is None and call.switch("replica_key_omitted") == "removed":
        key = ""
    if key is not None and (key or None) != old.key:
        if call.switch("replica_key_change") == "refused":
            raise invalid("xrrKmsKeyId of an existing replica can't be changed.")
        if call.switch("replica_key_change") == "ignored":
            key = None
    return Replica(old.id, str(row.get("displayName") or old.name), old.domain, old.key if key is None else key or None)
