# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the reads and lists of Block Volume have in common (oci_semantics.md sections 1.1 and 4, Appendix A)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from simulator.api import Call, checked, scope
from simulator.kinds.backup_base import BackupBase
from simulator.kinds.compartments import inspectable
from simulator.kinds.groups import VolumeGroup
from simulator.state import Resource
from simulator.wire import Reply, cut, invalid, not_found

LARGEST_PAGE = 100

R = TypeVar("R", bound=Resource)


def here(cls: type[R], call: Call, ident: str) -> R:
    """The resource, up to date; one of another region, or a hidden one, doesn't exist for the caller."""
    found = call.cloud.resources.get(ident)
    if not isinstance(found, cls) or found.region != call.region or not inspectable(call.cloud, found):
        raise not_found()
    found.settle(call.cloud, call.now)
    if isinstance(found, BackupBase) and not found.visible(call.now):
        raise not_found()
    return found


def checked_domain(call: Call) -> str | None:
    """The availability domain asked for, which has to be one of this region."""
    domain = call.query.get("availabilityDomain")
    if domain is not None and domain not in call.site.domains:
        raise invalid(f"{domain} is not an availability domain of {call.region}.")
    return domain


def wanted_state(call: Call, states: tuple[str, ...]) -> str:
    """The filter `lifecycleState`, whatever its case."""
    state = call.query["lifecycleState"].upper()
    if state not in states:
        raise invalid(f"lifecycleState must be one of {', '.join(states)}.")
    return state


def ordered(call: Call, rows: Sequence[R], title: Callable[[R], str]) -> Sequence[R]:
    """As `sortBy` and `sortOrder` ask for; the rows come youngest first."""
    by = checked(call, "sortBy", ("TIMECREATED", "DISPLAYNAME"), "TIMECREATED")
    order = checked(call, "sortOrder", ("ASC", "DESC"), "DESC" if by == "TIMECREATED" else "ASC")
    if by == "DISPLAYNAME":
        return sorted(rows, key=lambda one: (title(one), one.id), reverse=order == "DESC")
    return rows if order == "DESC" else list(reversed(rows))


def listed(
    cls: type[BackupBase | VolumeGroup], call: Call, states: tuple[str, ...], filters: Mapping[str, str]
) -> Reply:
    """A page of a compartment's resources; `filters` leads from query parameters to attributes."""
    cloud, query = call.cloud, call.query
    compartment = call.compartment() or ""
    rows = [one for one in cloud.listing(cls, call.region, compartment) if one.may_inspect]
    for resource in rows:
        resource.settle(cloud, call.now)
    rows = [one for one in rows if one.visible(call.now)]
    for parameter, attribute in filters.items():
        if parameter in query:
            rows = [one for one in rows if getattr(one, attribute) == query[parameter]]
    if "displayName" in query:
        rows = [one for one in rows if one.details["displayName"] == query["displayName"]]
    if "lifecycleState" in query:
        state = wanted_state(call, states)
        rows = [one for one in rows if one.state == state]
    shown = ordered(call, rows, lambda one: str(one.details["displayName"]))
    page, following = cut(shown, scope(call), query, LARGEST_PAGE, LARGEST_PAGE)
    body = b"[" + b",".join(one.row(cloud, call.stale) for one in page) + b"]"
    return Reply(200, body, {"opc-next-page": following} if following else {})
