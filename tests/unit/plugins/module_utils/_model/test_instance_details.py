# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which volumes the details of an instance configuration create, and with which key."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.instance_details import (
    UnknownDetailsError,
    key_places,
    keys_of,
    with_key,
)

KEY, OLD = "ocid1.key.oc1.phx.v.new", "ocid1.key.oc1.phx.v.old"


def one(**more: Any) -> dict[str, Any]:
    return {
        "instanceType": "compute",
        "launchDetails": {
            "metadata": {"user_data": "a\nb\u202e"},
            "sourceDetails": {"sourceType": "image", "imageId": "i", "kmsKeyId": OLD},
        },
        "blockVolumes": [
            {"attachDetails": {"type": "iscsi"}, "createDetails": {"sizeInGBs": 50, "xrcKmsKeyId": OLD}},
            {"volumeId": "ocid1.volume.oc1.phx.a"},
            {"createDetails": {"kmsKeyId": "", "sourceDetails": {"type": "volume", "id": "v"}}},
        ],
        "secondaryVnics": [{"nicIndex": 1, "createVnicDetails": {"hostnameLabel": "b"}}],
        **more,
    }


def test_places_are_what_is_created() -> None:
    places = key_places(one())
    assert [(place.name, place.resource_type, place.kms_key_id) for place in places] == [
        ("launchDetails.sourceDetails", "boot_volume", OLD),
        ("blockVolumes[0].createDetails", "volume", None),
        ("blockVolumes[2].createDetails", "volume", None),
    ]
    assert keys_of(one()) == (OLD, None)


def test_options_are_each_looked_at() -> None:
    details = {"instanceType": "instance_options", "options": [one(), {"launchDetails": None}, one(blockVolumes=None)]}
    assert [place.name for place in key_places(details)] == [
        "options[0].launchDetails.sourceDetails",
        "options[0].blockVolumes[0].createDetails",
        "options[0].blockVolumes[2].createDetails",
        "options[2].launchDetails.sourceDetails",
    ]
    changed = with_key(details, KEY)
    assert keys_of(changed) == (KEY,)
    assert changed["options"][1] == {"launchDetails": None}


@pytest.mark.parametrize("source", [None, {"sourceType": "bootVolume", "bootVolumeId": "b"}])
def test_a_boot_volume_that_exists_already_has_no_key_here(source: Any) -> None:
    assert key_places(one(launchDetails={"sourceDetails": source}, blockVolumes=[])) == ()


@pytest.mark.parametrize(
    ("details", "reason"),
    [
        (None, "shows no instanceDetails"),
        ({}, "shows no instanceDetails"),
        ({"instanceType": "bare_metal"}, "has an instanceType that is not known"),
        (one(launchDetails={"sourceDetails": {"sourceType": "snapshot"}}), "has a sourceType that is not known"),
    ],
)
def test_what_is_not_known_has_no_places(details: Any, reason: str) -> None:
    with pytest.raises(UnknownDetailsError, match=reason):
        key_places(details)
    with pytest.raises(UnknownDetailsError, match=reason):
        with_key(details, KEY)


def test_all_but_the_keys_is_carried_along() -> None:
    details = one()
    before = copy.deepcopy(details)
    changed = with_key(details, KEY)
    assert details == before
    before["launchDetails"]["sourceDetails"]["kmsKeyId"] = KEY
    before["blockVolumes"][0]["createDetails"]["kmsKeyId"] = KEY
    before["blockVolumes"][2]["createDetails"]["kmsKeyId"] = KEY
    assert changed == before


def test_without_a_key_no_place_names_one() -> None:
    changed = with_key(one(), None)
    assert keys_of(changed) == (None,)
    assert "kmsKeyId" not in changed["launchDetails"]["sourceDetails"]
    assert changed["blockVolumes"][0]["createDetails"]["xrcKmsKeyId"] == OLD
