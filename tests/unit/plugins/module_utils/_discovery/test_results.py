# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows of discovered resources."""

from __future__ import annotations

from unit.support.fake_cloud import IAD, compartment_id, volume_id

from ansible_collections.oci_keys.block_volume.plugins.module_utils._discovery.results import resource_entry
from ansible_collections.oci_keys.block_volume.plugins.module_utils._discovery.tenancy import Compartment
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
