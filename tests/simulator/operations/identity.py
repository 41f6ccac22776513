# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tenancy, its regions, compartments and availability domains (oci_semantics.md section 1.8)."""

from __future__ import annotations

from simulator.api import Call, checked, declare, many, one, scope
from simulator.kinds.compartments import Compartment, accessible
from simulator.ocids import ocid
from simulator.wire import Json, Reply, cut, date, etag, invalid, not_found

_LARGEST_PAGE = 1000
_PAGE = 100


def _check_tenancy(call: Call) -> None:
    if call.ident != call.cloud.tenancy.id:
        raise not_found()


def _get_tenancy(call: Call) -> Reply:
    _check_tenancy(call)
    home = next(site for site in call.cloud.sites.values() if site.home)
    return one(
        {
            "id": call.cloud.tenancy.id,
            "name": call.cloud.tenancy.name,
            "description": f"Tenancy {call.cloud.tenancy.name}",
            "homeRegionKey": home.region.key,
            "upiIdcsCompatibilityLayerEndpoint": None,
            # Recorded, though they are in no model of the SDK.
            "compartmentId": call.cloud.tenancy.id,
            "homeRegion": home.region.key,
            "lifecycleState": "ACTIVE",
            "oracleMyServicesIdentifier": None,
            "timeCreated": date(0),
            "freeformTags": {},
            "definedTags": {},
        }
    )


def _region_subscriptions(call: Call) -> Reply:
    _check_tenancy(call)
    rows: list[Json] = [
        {
            "regionKey": site.region.key,
            "regionName": site.region.name,
            "status": site.status,
            "isHomeRegion": site.home,
        }
        for site in call.cloud.sites.values()
    ]
    return many(rows)


def _root(call: Call) -> Json:
    """The root compartment is the tenancy itself."""
    tenancy = call.cloud.tenancy
    return {
        "id": tenancy.id,
        "compartmentId": tenancy.id,
        "name": tenancy.name,
        "description": f"Tenancy {tenancy.name}",
        "timeCreated": date(0),
        "lifecycleState": "ACTIVE",
        "isAccessible": True,
        "freeformTags": {},
        "definedTags": {},
    }


def _get_compartment(call: Call) -> Reply:
    if call.ident == call.cloud.tenancy.id:
        return one(_root(call), etag(call.ident, 1))
    found = call.cloud.resources.get(call.ident)
    if not isinstance(found, Compartment) or not found.accessible:
        raise not_found()
    return one(found.document(), etag(found.id, found.serial))


def _list_compartments(call: Call) -> Reply:
    """The subtree only from the root; the root itself is not in it; deleted ones are (0.25)."""
    query, cloud = call.query, call.cloud
    level = checked(call, "accessLevel", ("ANY", "ACCESSIBLE"), "ANY")
    subtree = checked(call, "compartmentIdInSubtree", ("true", "false"), "false") == "true"
    parent = query["compartmentId"]
    if subtree and parent != cloud.tenancy.id:
        raise invalid("compartmentIdInSubtree can be true only when compartmentId is the tenancy.")
    if not accessible(cloud, parent):
        raise not_found()
    rows = [one for one in cloud.all(Compartment) if subtree or one.compartment_id == parent]
    if level == "ACCESSIBLE":
        rows = [one for one in rows if one.accessible]
    if "name" in query:
        rows = [one for one in rows if one.name == query["name"]]
    if "lifecycleState" in query:
        rows = [one for one in rows if one.state == query["lifecycleState"].upper()]
    by = checked(call, "sortBy", ("TIMECREATED", "NAME"), "TIMECREATED")
    order = checked(call, "sortOrder", ("ASC", "DESC"), "DESC" if by == "TIMECREATED" else "ASC")
    rows.sort(key=lambda one: one.name.lower() if by == "NAME" else one.created, reverse=order == "DESC")
    page, following = cut(rows, scope(call), query, _LARGEST_PAGE, _PAGE)
    return many([one.document() for one in page], following)


def _list_domains(call: Call) -> Reply:
    compartment = call.compartment()
    rows: list[Json] = [
        {
            "name": name,
            "id": ocid("availabilitydomain", call.cloud.tenancy.realm, "", name),
            "compartmentId": compartment,
        }
        for name in call.site.domains
    ]
    return many(rows)


declare("GetTenancy", "identity GET /20160918/tenancies/*", _get_tenancy)
declare("ListRegionSubscriptions", "identity GET /20160918/tenancies/*/regionSubscriptions", _region_subscriptions)
declare("GetCompartment", "identity GET /20160918/compartments/*", _get_compartment)
declare(
    "ListCompartments",
    "identity GET /20160918/compartments",
    _list_compartments,
    "compartmentId*, page, limit, accessLevel, compartmentIdInSubtree, name, sortBy, sortOrder, lifecycleState",
)
declare("ListAvailabilityDomains", "identity GET /20160918/availabilityDomains", _list_domains, "compartmentId*")
