# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from unit.support import report_files as files

from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.changes_file import parse_changes
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.discovery_file import parse_discovery
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.json_reader import JsonNode
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.decisions import (
    POOL_FAULTY_STATES,
    POOL_READY_STATES,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.resource_types import RESOURCE_TYPES
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.key_retirement import (
    NOT_SEARCHED,
    retirement,
)

TYPES = RESOURCE_TYPES.with_key.names


def judge(*resources: dict[str, Any], changes: tuple[dict[str, Any], ...] = (), **fields: Any) -> dict[str, Any]:
    found = parse_discovery(JsonNode(files.discovery(*resources, **fields), "before.json"))
    changed = parse_changes(JsonNode(files.changes(*changes), "batch-0001.json"))
    told = retirement([files.KEY_A], found, changed)
    if told is None:
        raise ValueError("nothing was told")
    (key,) = told["keys"]
    return dict(key)


@pytest.mark.parametrize("read_by", ["list", None])
def test_what_only_a_list_has_shown_keeps_a_verdict_incomplete(read_by: str | None) -> None:
    one, other = files.resource(1, key=files.KEY_B), files.resource(2, read_by=read_by)
    key = judge(one, other)
    assert key["verdict"] == "incomplete"
    assert key["gaps"] == ["1 resource was not read by GET, but listed, and lists may lag behind"]
    other.pop("read_by")
    assert judge(one, other)["verdict"] == "incomplete"
    assert judge(files.resource(3, key=files.KEY_A), other)["verdict"] == "in_use"
    assert judge(one, files.resource(2))["verdict"] == "no_use_found_in_block_volume"


def test_a_key_that_nothing_is_on() -> None:
    key = judge(files.resource(1, key=files.KEY_B), files.resource(2))
    assert (key["verdict"], key["gaps"], key["uses"]) == ("no_use_found_in_block_volume", [], [])


@pytest.mark.parametrize("kind", TYPES)
def test_whatever_is_on_it_is_a_use(kind: str) -> None:
    key = judge(files.resource(1, key=files.KEY_B), files.resource(2, kind, files.KEY_A))
    assert key["verdict"] == "in_use"
    assert [(use["id"], use["type"]) for use in key["uses"]] == [(files.resource(2, kind)["id"], kind)]


@pytest.mark.parametrize("state", ["FAULTY", "PROVISIONING", "RESTORING"])
def test_in_any_state(state: str) -> None:
    assert judge(files.resource(key=files.KEY_A, lifecycle_state=state))["verdict"] == "in_use"


def test_a_replica_that_a_volume_lists_is_a_use_and_is_told_once() -> None:
    replica = {
        "id": files.ocid("blockvolumereplica", 7, files.PHX),
        "availability_domain": "phx-ad-1",
        "kms_key_id": files.KEY_A,
        "in_other_region": True,
    }
    volume = files.resource(1, key=files.KEY_B, replicas=[replica])
    (use,) = judge(volume)["uses"]
    assert (use["id"], use["type"], use["of"]) == (replica["id"], "replica", volume["id"])
    listed = files.resource(7, "replica", files.KEY_A, region=files.PHX)
    (use,) = judge(volume, listed)["uses"]
    assert (use["region"], use["of"]) == (files.PHX, listed["source_id"])


GAPS: list[tuple[dict[str, Any], str]] = [
    ({"unreadable": [files.unreadable()]}, "1 place could not be read"),
    ({"unreadable": [files.unreadable(), files.unreadable()]}, "2 places could not be read"),
    ({"complete": False}, "the search was incomplete"),
    ({"scanned": {"all_regions": False}}, "not certain that every subscribed region"),
    ({"scanned": {"all_regions": None}}, "not certain that every subscribed region"),
    ({"scanned": {"whole_tenancy": False}}, "not certain that every active compartment"),
    ({"scanned": {"whole_tenancy": None}}, "not certain that every active compartment"),
    ({"scanned": {"filters": None}}, "not known whether the search was limited"),
    ({"scanned": {"filters": {"kms_key_ids": None, "encryption": "oracle"}}}, "left out resources on this key"),
    ({"scanned": {"filters": {"kms_key_ids": [files.KEY_B], "encryption": "any"}}}, "left out resources on this key"),
    *(
        (
            {"scanned": {"resource_types": [name for name in TYPES if name != left]}},
            f"searched: {left}",
        )
        for left in RESOURCE_TYPES.with_data.names
    ),
    ({"changes": (files.change(settled=False),)}, "changes from or to this key whose end was not confirmed: 1"),
]


@pytest.mark.parametrize(("fields", "words"), GAPS)
def test_a_gap_makes_it_incomplete(fields: dict[str, Any], words: str) -> None:
    key = judge(files.resource(1, key=files.KEY_B), **fields)
    assert key["verdict"] == "incomplete"
    (gap,) = key["gaps"]
    assert words in gap


@pytest.mark.parametrize(("fields", "words"), GAPS)
def test_a_use_beside_a_gap_is_a_use_and_the_gap_is_told(fields: dict[str, Any], words: str) -> None:
    key = judge(files.resource(1, key=files.KEY_A), **fields)
    assert key["verdict"] == "in_use"
    assert words in key["gaps"][0]


@pytest.mark.parametrize(
    "fields",
    [
        {"scanned": {"skipped_regions": [{"name": "xx-new-1", "reason": "it is IN_PROGRESS"}]}},
        {"scanned": {"filters": {"kms_key_ids": [files.KEY_A], "encryption": "customer"}}},
        {"changes": (files.change(settled=False, previous_kms_key_id=None, kms_key_id=files.KEY_B),)},
        {"changes": (files.failure(),)},
    ],
)
def test_what_is_no_gap(fields: dict[str, Any]) -> None:
    assert judge(files.resource(1, key=files.KEY_B), **fields)["verdict"] == "no_use_found_in_block_volume"


@pytest.mark.parametrize("state", ["CREATING", "UPDATING", "PROVISIONING", "SCALING", "A_STATE_OF_TOMORROW", None])
@pytest.mark.parametrize(
    "source",
    [
        lambda state: files.node_pool(1, files.KEY_B, lifecycle_state=state),
        lambda state: files.configuration(1, files.KEY_B, pools=[{**files.pool(), "lifecycle_state": state}]),
    ],
    ids=["node pool", "instance pool"],
)
def test_a_pool_in_transition_may_be_on_its_way_to_the_key(
    source: Callable[[str | None], dict[str, Any]], state: str | None
) -> None:
    key = judge(files.resource(1, key=files.KEY_B), new_volumes=files.new_volumes(source(state)))
    assert key["verdict"] == "incomplete"
    assert key["gaps"] == ["1 pool is in transition, and may get another key by that; look again when it is done"]


@pytest.mark.parametrize("state", sorted(POOL_READY_STATES | POOL_FAULTY_STATES))
def test_a_pool_at_rest_is_no_gap(state: str) -> None:
    found = files.new_volumes(files.node_pool(1, files.KEY_B, lifecycle_state=state))
    assert judge(files.resource(1, key=files.KEY_B), new_volumes=found)["verdict"] == "no_use_found_in_block_volume"


@pytest.mark.parametrize(
    ("source", "kinds"),
    [
        (files.configuration(1, files.KEY_B, files.KEY_A), ["instance_configuration", "instance_pool"]),
        (files.configuration(1, files.KEY_A, pools=0), ["instance_configuration"]),
        (files.node_pool(1, files.KEY_A), ["node_pool"]),
        (
            files.configuration(1, pools=0, volumes=[files.created_volume(None, copies_kms_key_id=files.KEY_A)]),
            ["instance_configuration"],
        ),
        (
            files.configuration(1, files.KEY_A, pools=2, unknown="it has no options"),
            ["instance_configuration", "instance_pool", "instance_pool"],
        ),
    ],
)
def test_a_key_that_nothing_but_new_volumes_get_is_in_use(source: dict[str, Any], kinds: list[str]) -> None:
    key = judge(files.resource(1, key=files.KEY_B), new_volumes=files.new_volumes(source))
    assert key["verdict"] == "in_use"
    assert [use["type"] for use in key["uses"]] == kinds
    assert {use["of"] for use in key["uses"][1:]} <= {source["id"]}


def test_a_node_pool_that_is_listed_as_a_resource_too_is_one_use() -> None:
    pool = files.resource(1, "node_pool", files.KEY_A)
    (use,) = judge(pool, new_volumes=files.new_volumes(files.node_pool(1, files.KEY_A)))["uses"]
    assert (use["id"], use["type"]) == (pool["id"], "node_pool")


@pytest.mark.parametrize("kind", ["instance_configuration", "instance_pool", "node_pool"])
@pytest.mark.parametrize("source", [[], [files.configuration(1, files.KEY_B)]])
def test_what_could_not_be_listed_may_hand_it_on(kind: str, source: list[dict[str, Any]]) -> None:
    unread = files.new_volumes(*source, unreadable=[files.unreadable(resource_type=kind)])
    key = judge(files.resource(1, key=files.KEY_B), new_volumes=unread)
    assert key["verdict"] == "incomplete"
    assert key["gaps"] == ["1 place with instance configurations, instance pools or node pools could not be read"]


@pytest.mark.parametrize(
    ("section", "gap"),
    [
        (None, "not looked at what new volumes are born with (option new_volumes)"),
        (
            files.new_volumes(files.configuration(1, files.KEY_B, pools=0, unknown="it has no options")),
            "1 instance configuration or node pool whose volumes are not all known",
        ),
        (
            files.new_volumes(
                files.configuration(1, unknown="it could not be read"), files.node_pool(1, unknown="x", volumes=[])
            ),
            "2 instance configurations or node pools whose volumes are not all known",
        ),
        (files.new_volumes(complete=False), "new volumes were not looked at everywhere"),
    ],
)
def test_what_is_not_known_of_new_volumes_is_a_gap(section: dict[str, Any] | None, gap: str) -> None:
    key = judge(files.resource(1, key=files.KEY_B), new_volumes=section)
    assert (key["verdict"], key["gaps"]) == ("incomplete", [gap])


def test_it_tells_where_it_did_not_look() -> None:
    found = parse_discovery(JsonNode(files.discovery(), "before.json"))
    told = retirement([files.KEY_A, files.KEY_A, files.KEY_B], found, [])
    assert told is not None
    assert [key["kms_key_id"] for key in told["keys"]] == [files.KEY_A, files.KEY_B]
    words = " ".join(told["not_searched"])
    for place in (
        "storage classes",
        "OKE",
        "Object Storage",
        "File Storage",
        "databases",
        "secrets",
        "tenancies",
    ):
        assert place in words
    assert told["not_searched"] == list(NOT_SEARCHED)


def test_nothing_asked_is_nothing_told() -> None:
    assert retirement([], parse_discovery(JsonNode(files.discovery(), "before.json")), []) is None


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"freeform_tags": {"team": "db"}}, ["only resources with the tag team=db"]),
        (
            {"defined_tags": {"ops": {"stage": "prod", "team": "db"}}},
            ["only resources with the tag ops.stage=prod", "only resources with the tag ops.team=db"],
        ),
        ({"only_named": True}, ["only resources that were named"]),
    ],
)
def test_a_search_that_left_out_resources_by_anything_but_their_key_finds_not_every_use(
    limits: dict[str, Any], words: list[str]
) -> None:
    scanned = {"filters": {**files.scanned()["filters"], **limits}}
    key = judge(files.resource(1, key=files.KEY_B), scanned=scanned)
    assert key["verdict"] == "incomplete"
    assert key["gaps"] == [f"the search was limited: {each}" for each in words]
    assert judge(files.resource(1, key=files.KEY_A), scanned=scanned)["verdict"] == "in_use"
