# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each kind of fault, and the rules by which it hits."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import oci
import pytest

from simulator.client import Simulator, SimulatorError
from simulator.faults import KINDS

CORE = oci.core.models
LOST = (oci.exceptions.RequestException, oci.exceptions.ConnectTimeout)
REFUSALS = {
    "throttle": (429, "TooManyRequests"),
    "error_500": (500, "InternalServerError"),
    "unavailable": (503, "ServiceUnavailable"),
    "clock_skew": (401, "NotAuthenticated"),
    "token_expired": (401, "NotAuthenticated"),
}


@pytest.mark.parametrize("kind", REFUSALS)
def test_refusals_commit_nothing(
    sim: Simulator, assign: Callable[..., Any], refused: Callable[..., Any], kind: str
) -> None:
    sim.fault(kind, "UpdateVolumeKmsKey")
    refused(*REFUSALS[kind], assign, sim.id("db-1"), sim.id("key-a"))
    assert sim.resource(sim.id("db-1"))["changing"] is False
    assert sim.calls()[-1].fault == kind
    assert assign(sim.id("db-1"), sim.id("key-a")).status == 200


def test_bad_gateway(sim: Simulator, block: Any) -> None:
    sim.fault("bad_gateway", "GetVolume")
    with pytest.raises(oci.exceptions.ServiceError) as caught:
        block.get_volume(sim.id("db-1"))
    assert caught.value.status == 502
    assert "<html>" in caught.value.message


def test_any_status(sim: Simulator, block: Any, refused: Callable[..., Any]) -> None:
    sim.fault("status", "GetVolume", status=409, code="Conflict", message="No.", headers={"retry-after": "7"})
    error = refused(409, "Conflict", block.get_volume, sim.id("db-1"))
    assert (error.message, error.headers["retry-after"]) == ("No.", "7")


@pytest.mark.parametrize(("kind", "committed"), [("drop_before", False), ("drop_after", True), ("refuse", False)])
def test_lost_connections(sim: Simulator, block: Any, assign: Callable[..., Any], kind: str, committed: bool) -> None:
    sim.set(transition="immediate")
    sim.fault(kind, "UpdateVolumeKmsKey")
    with pytest.raises(LOST):
        assign(sim.id("db-1"), sim.id("key-a"))
    assert (sim.resource(sim.id("db-1"))["kmsKeyId"] == sim.id("key-a")) is committed
    assert sim.calls()[-1].status == 0
    assert block.get_volume(sim.id("db-1")).status == 200


def test_no_new_connections(sim: Simulator, sdk: Callable[..., Any]) -> None:
    sim.fault("refuse", times=2)
    fresh = sdk(oci.core.BlockstorageClient)
    for _call in range(2):
        with pytest.raises(LOST):
            fresh.get_volume(sim.id("db-1"))
    assert sim.calls() == []
    assert fresh.get_volume(sim.id("db-1")).status == 200


def test_slow(sim: Simulator, sdk: Callable[..., Any], block: Any) -> None:
    sim.set(transition="immediate")
    sim.fault("slow", "UpdateVolumeKmsKey", seconds=0.5)
    hasty = sdk(oci.core.BlockstorageClient, timeout=(5, 0.1))
    with pytest.raises(oci.exceptions.RequestException):
        hasty.update_volume_kms_key(sim.id("db-1"), CORE.UpdateVolumeKmsKeyDetails(kms_key_id=sim.id("key-a")))
    assert sim.resource(sim.id("db-1"))["kmsKeyId"] == sim.id("key-a")
    sim.fault("slow", "GetVolume", seconds=0.2)
    start = time.monotonic()
    block.get_volume(sim.id("db-1"))
    assert time.monotonic() - start >= 0.2


def test_garbage(sim: Simulator, block: Any, assign: Callable[..., Any]) -> None:
    sim.set(transition="immediate")
    sim.fault("garbage", "UpdateVolumeKmsKey")
    # The SDK makes an empty model of what it can't parse.
    assert assign(sim.id("db-1"), sim.id("key-a")).data.kms_key_id is None
    assert sim.resource(sim.id("db-1"))["kmsKeyId"] == sim.id("key-a")


def test_truncated(sim: Simulator, block: Any) -> None:
    sim.fault("truncated", "GetVolume")
    with pytest.raises(Exception):  # noqa: B017, PT011 - the SDK lets through whatever its parser raises
        block.get_volume(sim.id("db-1"))
    assert block.get_volume(sim.id("db-1")).status == 200


def test_page_expired(sim: Simulator, block: Any, refused: Callable[..., Any]) -> None:
    compartment = sim.id("databases")
    page = block.list_volumes(compartment_id=compartment, limit=2)
    sim.fault("page_expired")
    assert block.get_volume(sim.id("db-1")).status == 200
    refused(400, "InvalidParameter", block.list_volumes, compartment_id=compartment, limit=2, page=page.next_page)


def test_empty_page(sim: Simulator, block: Any) -> None:
    compartment = sim.id("databases")
    sim.fault("empty_page", "ListVolumes", after=1)
    everything = oci.pagination.list_call_get_all_results(block.list_volumes, compartment_id=compartment, limit=2)
    assert len(everything.data) == 5
    assert sim.counts() == {"ListVolumes": 4}
    page = block.list_volumes(compartment_id=compartment, limit=2)
    sim.fault("empty_page", "ListVolumes")
    empty = block.list_volumes(compartment_id=compartment, limit=2, page=page.next_page)
    assert empty.data == []
    assert empty.has_next_page


def test_empty_page_of_a_search(sim: Simulator, sdk: Callable[..., Any]) -> None:
    sim.fault("empty_page")
    # Nothing to page through here: the rule waits for a list.
    assert sdk(oci.core.BlockstorageClient).get_volume(sim.id("db-1")).data.id
    client = sdk(oci.resource_search.ResourceSearchClient)
    details = oci.resource_search.models.StructuredSearchDetails(query="query volume resources")
    found = oci.pagination.list_call_get_all_results(client.search_resources, details, limit=10)
    assert len(found.data) == 13
    assert sim.counts()["SearchResources"] == 3


def test_stale_list(sim: Simulator, block: Any, assign: Callable[..., Any]) -> None:
    sim.set(transition="immediate")
    assign(sim.id("db-1"), sim.id("key-a"))
    sim.fault("stale_list", "ListVolumes")
    keys = [
        {row.id: row.kms_key_id for row in block.list_volumes(compartment_id=sim.id("databases")).data}[sim.id("db-1")]
        for _call in range(2)
    ]
    assert keys == [None, sim.id("key-a")]


def test_rules(sim: Simulator, sdk: Callable[..., Any]) -> None:
    here, there = sdk(oci.core.BlockstorageClient), sdk(oci.core.BlockstorageClient, "eu-frankfurt-1")

    def status(client: Any, name: str) -> int:
        try:
            return int(client.get_volume(sim.id(name)).status)
        except oci.exceptions.ServiceError as error:
            return int(error.status)

    sim.fault("throttle", "GetVolume", after=1, times=2)
    assert [status(here, "db-1") for _call in range(4)] == [200, 429, 429, 200]
    sim.fault("throttle", region="eu-frankfurt-1", times=None)
    assert (status(here, "db-1"), status(there, "fra-1"), status(there, "fra-1")) == (200, 429, 429)
    sim.clear_faults()
    sim.fault("throttle", resource=sim.id("db-2"), times=None)
    assert (status(here, "db-1"), status(here, "db-2")) == (200, 429)


def test_wrong_rules_name_the_right_ones(sim: Simulator) -> None:
    for wrong, hint in (
        (lambda: sim.fault("nonsense"), ", ".join(KINDS)),
        (lambda: sim.fault("throttle", "GetVolumes"), "GetVolume, GetVolumeBackup"),
        (lambda: sim.fault("throttle", seconds=1), "takes no 'seconds'"),
        (lambda: sim.fault("slow"), "needs seconds"),
        (lambda: sim.fault("body"), "needs a text"),
        (lambda: sim.fault("status"), "needs a status"),
        (lambda: sim.fault("throttle", times=-1), "whole number"),
        (lambda: sim.fault("status", status="409"), "can't be '409'"),
        (lambda: sim.fault("meanwhile"), "needs changes"),
        (lambda: sim.fault("meanwhile", changes={"ocid1.none": {}}), "there is no ocid1.none"),
    ):
        with pytest.raises(SimulatorError, match=hint):
            wrong()


def test_meanwhile_others_change_something(sim: Simulator, block: Any) -> None:
    sim.fault("meanwhile", "GetVolume", after=1, changes={sim.id("db-2"): {"display_name": "renamed"}})
    for expected in ("db-2", "renamed"):
        assert block.get_volume(sim.id("db-1")).data.id == sim.id("db-1")
        assert block.get_volume(sim.id("db-2")).data.display_name == expected
