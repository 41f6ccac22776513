# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from unit.support.fake_cloud import IAD, KEY_A, compartment_id, volume_id
from unit.support.kinds import KINDS

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.client import Response
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.ocid import ocid_types
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.base import PAGE_SIZE, Query
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.registry import kinds_by_ocid_type
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.volumes import (
    BLOCK_VOLUME,
    BOOT_VOLUME,
    VolumeKind,
)

BOTH = pytest.mark.parametrize("kind", [BLOCK_VOLUME, BOOT_VOLUME], ids=["volume", "boot_volume"])


class Recorder:
    """A service that notes the one call made, and gives one answer."""

    def __init__(self, answer: Response) -> None:
        self.answer = answer
        self.calls: list[tuple[Any, ...]] = []

    def read(self, operation: str, *args: Any, **kwargs: Any) -> Response:
        self.calls.append(("read", operation, args, kwargs))
        return self.answer

    def write(self, operation: str, *args: Any, **kwargs: Any) -> Response:
        self.calls.append(("write", operation, args, kwargs))
        return self.answer


def row(kind: VolumeKind, **more: Any) -> SimpleNamespace:
    word = "block_volume" if kind is BLOCK_VOLUME else "boot_volume"
    given: dict[str, Any] = {
        "id": volume_id(1),
        "display_name": "data",
        "compartment_id": compartment_id(1),
        "lifecycle_state": "AVAILABLE",
        "kms_key_id": KEY_A,
        "volume_group_id": None,
        "time_created": None,
        "freeform_tags": None,
        "defined_tags": None,
        f"{word}_replicas": None,
    }
    return SimpleNamespace(**{**given, **more})


@BOTH
def test_get_is_one_read_and_knows_the_etag(kind: VolumeKind) -> None:
    service = Recorder(Response(row(kind), etag="e"))
    resource = kind.get(service, IAD, volume_id(1))
    assert service.calls == [("read", f"get_{kind.type}", (volume_id(1),), {})]
    assert (resource.id, resource.type, resource.region, resource.etag) == (volume_id(1), kind.type, IAD, "e")
    assert (resource.kms_key_id, resource.lifecycle_state) == (KEY_A, "AVAILABLE")
    assert (resource.display_name, resource.compartment_id) == ("data", compartment_id(1))
    assert resource.replicas == ()


@BOTH
@pytest.mark.parametrize("blank", [None, ""])
def test_null_and_empty_are_the_oracle_managed_key(kind: VolumeKind, blank: str | None) -> None:
    assert kind.get(Recorder(Response(row(kind, kms_key_id=blank))), IAD, volume_id(1)).kms_key_id is None


@BOTH
def test_a_volume_may_have_no_name(kind: VolumeKind) -> None:
    assert kind.get(Recorder(Response(row(kind, display_name=None))), IAD, volume_id(1)).display_name == ""


@pytest.mark.parametrize(("kind", "word"), [(BLOCK_VOLUME, "block_volume"), (BOOT_VOLUME, "boot_volume")])
def test_replicas_are_known(kind: VolumeKind, word: str) -> None:
    copies = [
        SimpleNamespace(**{f"{word}_replica_id": "r1"}, availability_domain="AD-1", kms_key_id="", display_name="a"),
        SimpleNamespace(
            **{f"{word}_replica_id": "r2"}, availability_domain="AD-2", kms_key_id=KEY_A, display_name=None
        ),
    ]
    resource = kind.get(Recorder(Response(row(kind, **{f"{word}_replicas": copies}))), IAD, volume_id(1))
    assert [(copy.id, copy.availability_domain, copy.kms_key_id) for copy in resource.replicas] == [
        ("r1", "AD-1", None),
        ("r2", "AD-2", KEY_A),
    ]


@BOTH
def test_a_page_asks_for_as_many_rows_as_may_be(kind: VolumeKind) -> None:
    service = Recorder(Response([row(kind), row(kind, id=volume_id(2), kms_key_id=None)], next_page="p2"))
    page = kind.list_page(service, Query(IAD, compartment_id(1)))
    query = {"compartment_id": compartment_id(1), "limit": PAGE_SIZE}
    assert service.calls == [("read", f"list_{kind.type}s", (), query)]
    assert PAGE_SIZE == 100
    assert [resource.kms_key_id for resource in page.resources] == [KEY_A, None]
    assert page.next_page == "p2"
    assert all(resource.etag is None for resource in page.resources)


@BOTH
def test_page_and_domain_are_passed_on(kind: VolumeKind) -> None:
    service = Recorder(Response([]))
    page = kind.list_page(service, Query(IAD, compartment_id(1), page="p2", availability_domain="AD-1"))
    assert service.calls[0][3]["page"] == "p2"
    assert service.calls[0][3]["availability_domain"] == "AD-1"
    assert (page.resources, page.next_page) == ([], None)


@BOTH
def test_assigning_is_one_put_and_removing_one_delete(kind: VolumeKind) -> None:
    service = Recorder(Response(None, opc_request_id="r"))
    resource = kind.get(Recorder(Response(row(kind))), IAD, volume_id(1))
    assert kind.assign(service, resource, KEY_A).opc_request_id == "r"
    assert kind.remove(service, resource).opc_request_id == "r"
    assert service.calls == [
        ("write", f"update_{kind.type}_kms_key", (volume_id(1), {"kmsKeyId": KEY_A}), {}),
        ("write", f"delete_{kind.type}_kms_key", (volume_id(1),), {}),
    ]


def test_the_registry_knows_each_kind_by_both_names() -> None:
    assert kinds_by_ocid_type(["volume", "boot_volume"]) == {"volume": BLOCK_VOLUME, "bootvolume": BOOT_VOLUME}
    assert kinds_by_ocid_type(["boot_volume"]) == {"bootvolume": BOOT_VOLUME}
    for name, kind in KINDS.items():
        assert name in (kind.type, kind.name)
        assert kind.ocid_type in ocid_types(kind.type)
