# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which volumes are created, and why it may not be known."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.oci_keys.block_volume.plugins.module_utils._discovery.launch_details import (
    created_volumes,
    node_volume,
)

KEY, OTHER = "ocid1.key.oc1.iad.vault.one", "ocid1.key.oc1.phx.vault.other"
NO_SOURCE = "it does not name what instances boot from, so whoever launches one does"


def launch(*volumes: dict[str, Any], source: Any = "image", key: str | None = KEY, **more: Any) -> dict[str, Any]:
    details = {"sourceType": source, **({"kmsKeyId": key} if key is not None else {})} if source else None
    return {
        "instanceType": "compute",
        "launchDetails": {"sourceDetails": details},
        "blockVolumes": list(volumes),
        **more,
    }


def keys(details: Any) -> tuple[list[tuple[str, str | None]], str | None]:
    volumes, unknown = created_volumes(details, "oc1")
    return [(volume["type"], volume["kms_key_id"]) for volume in volumes], unknown


def test_created_volumes_are_told_from_those_that_are_there() -> None:
    attached = {"attachDetails": {"type": "iscsi"}, "volumeId": "ocid1.volume.oc1.iad.a"}
    created = {"createDetails": {"displayName": "data\u202e", "kmsKeyId": "", "xrcKmsKeyId": OTHER}}
    volumes, unknown = created_volumes(launch(attached, created), "oc1")
    assert unknown is None
    assert [(row["type"], row["kms_key_id"], row["copies_kms_key_id"]) for row in volumes] == [
        ("boot_volume", KEY, None),
        ("volume", None, OTHER),
    ]
    assert volumes[1]["display_name"] == "data\\u202e"
    assert keys(launch(source="bootVolume")) == ([], None)


def test_options_are_all_looked_at_and_the_same_is_said_once() -> None:
    details = {"instanceType": "instance_options", "options": [launch(), launch(), launch(key=OTHER)]}
    assert keys(details) == ([("boot_volume", KEY), ("boot_volume", OTHER)], None)


@pytest.mark.parametrize(
    ("details", "known", "unknown"),
    [
        (None, [], "it shows no instanceDetails"),
        ({}, [], "it shows no instanceDetails"),
        ({"instanceType": "rocket"}, [], "it has an instanceType that is not known"),
        (launch(source="tape"), [], "it has a sourceType that is not known"),
        (launch({"createDetails": {"kmsKeyId": KEY}}, source=None), [("volume", KEY)], NO_SOURCE),
        ({"instanceType": "instance_options"}, [], "it has no options"),
        ({"instanceType": "instance_options", "options": None}, [], "it has no options"),
        ({"instanceType": "instance_options", "options": [launch(), {}]}, [("boot_volume", KEY)], NO_SOURCE),
    ],
)
def test_what_is_not_known_is_never_no_volume(
    details: Any, known: list[tuple[str, str | None]], unknown: str | None
) -> None:
    assert keys(details) == (known, unknown)


@pytest.mark.parametrize("key", ["ocid1.key.oc1.iad", "ocid1.vault.oc1.iad.a", "ocid1.key.oc2.iad.vault.a", "my key"])
@pytest.mark.parametrize("member", ["kmsKeyId", "xrcKmsKeyId"])
def test_what_can_be_no_key_is_unknown_and_spoils_nothing_else(key: str, member: str) -> None:
    known, unknown = keys(launch({"createDetails": {member: key}}))
    assert known == [("boot_volume", KEY)]
    assert (unknown or "").startswith("a key that it names can't be one: ")


def test_a_node_pool_has_a_boot_volume() -> None:
    assert node_volume(None, "oc1") == ([], "it shows no nodeConfigDetails")
    for details, key in (({}, None), ({"kmsKeyId": None}, None), ({"kmsKeyId": KEY}, KEY)):
        (row,), unknown = node_volume(details, "oc1")
        assert (row["type"], row["kms_key_id"], unknown) == ("boot_volume", key, None)
    volumes, unknown = node_volume({"kmsKeyId": "ocid1.key.oc2.iad.vault.a"}, "oc1")
    assert volumes == []
    assert unknown is not None
