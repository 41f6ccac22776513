# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows of discovered resources, and the message of a discovery."""

from __future__ import annotations

from unit.support.fake_cloud import IAD, compartment_id, volume_id

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import ResourceError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._discovery.discover import Discovery
from ansible_collections.oci_keys.block_volume.plugins.module_utils._discovery.region_scan import Unreadable
from ansible_collections.oci_keys.block_volume.plugins.module_utils._discovery.results import message, resource_entry
from ansible_collections.oci_keys.block_volume.plugins.module_utils._discovery.tenancy import (
    Compartment,
    CompartmentScope,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.resource import Resource


def test_a_compartment_of_a_platform_service_is_marked() -> None:
    resource = Resource(
        id=volume_id(1),
        type="volume",
        region=IAD,
        display_name="db-1",
        compartment_id=compartment_id(1),
        lifecycle_state="AVAILABLE",
        kms_key_id=None,
    )
    paas = Compartment(compartment_id(1), "x", "ACTIVE", path=("ManagedCompartmentForPaaS", "x"))
    assert resource_entry(resource, {paas.id: paas})["managed_by_paas"] is True
    assert resource_entry(resource, {})["managed_by_paas"] is False


def _not_readable(compartment: str, resource_type: str | None, region: str | None = IAD) -> Unreadable:
    return Unreadable(region, compartment, resource_type, ResourceError(code="NotAuthorizedOrNotFound", message="No."))


def test_unread_places_are_named_by_the_path_of_their_compartment() -> None:
    databases = Compartment(compartment_id(1), "databases", "ACTIVE", path=("prod", "databases"))
    root = Compartment("ocid1.tenancy.oc1..a", "bank", "ACTIVE")
    below = Compartment(compartment_id(2), "old", "ACTIVE", path=("prod", "old"))
    found = Discovery(
        root.id,
        CompartmentScope([root, databases], unreadable=[(below, ResourceError(code="NotFound", message="x"))]),
        [IAD],
    )
    found.unreadable = [
        _not_readable(databases.id, "volume"),
        _not_readable(root.id, None),
        _not_readable(below.id, None, region=None),
    ]
    _counts, *places = message([], found).splitlines()
    assert [place.partition(": ")[0] for place in places] == [
        f"{IAD}, prod/databases, block volumes",
        f"{IAD}, bank",
        "All regions, prod/old",
    ]


def test_of_compartments_without_a_name_or_with_the_same_one_the_ocids_are_told() -> None:
    alike = [Compartment(compartment_id(number), "net", "ACTIVE") for number in (1, 2)]
    nameless = Compartment(compartment_id(3), None, None)
    found = Discovery("ocid1.tenancy.oc1..a", CompartmentScope([*alike, nameless]), [IAD])
    found.unreadable = [_not_readable(one.id, "volume") for one in (*alike, nameless)]
    text = message([], found)
    assert all(compartment_id(number) in text for number in (1, 2, 3))
    assert "net" not in text
