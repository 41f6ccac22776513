# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builds a cloud from a fleet, kind by kind in the order of the registry."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from . import kinds
from .fleet import Entry
from .regions import REALMS, REGIONS, Region
from .state import CloudState, Site, begin
from .switches import Switches


def build(fleet: Mapping[str, Any], switches: Switches, clock: Callable[[], float] = time.time) -> CloudState:
    entry = Entry("fleet", fleet)
    cloud = begin(entry, switches, _sites(entry), clock)
    for load in kinds.LOADERS:
        load(entry, cloud)
    entry.done()
    return cloud


def _sites(fleet: Entry) -> list[Site]:
    home = fleet.optional("home_region")
    sites: list[Site] = []
    for entry in fleet.entries("regions"):
        region = _region(entry)
        count = entry.integer("availability_domains", region.usual_domains)
        sites.append(
            Site(
                region=region,
                home=entry.flag("home", region.name == home if home else not sites),
                status=entry.choice("status", "READY", ("READY", "IN_PROGRESS")),
                domain_count=count,
            )
        )
        entry.done()
    if not sites:
        raise fleet.error("regions must name one region at least")
    if len({site.region.realm for site in sites}) > 1:
        raise fleet.error("all regions must be of one realm, as a tenancy's are")
    if sum(site.home for site in sites) != 1:
        raise fleet.error("one of the regions must be the home region")
    return sites


def _region(entry: Entry) -> Region:
    """One of OCI's regions, or an invented one that says its key and its realm."""
    name = entry.text("name")
    key, realm = entry.optional("key"), entry.optional("realm")
    known = REGIONS.get(name)
    if known:
        return known
    if not key or realm not in REALMS:
        raise entry.error(f"OCI has no region {name!r}; for an invented one give key, and realm: {', '.join(REALMS)}")
    return Region(name, key.upper(), realm, REALMS[realm])
