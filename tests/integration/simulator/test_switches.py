# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each switch does what its line in the table says."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import oci
import pytest

from simulator.client import Simulator, SimulatorError
from simulator.switches import TABLE

CORE = oci.core.models


def test_every_switch_takes_its_values_and_no_others(sim: Simulator) -> None:
    for switch in TABLE:
        for value in switch.values or (0, 1.5):
            sim.set(**{switch.name: value})
        with pytest.raises(SimulatorError, match=switch.values[0] if switch.values else "a number from 0 on"):
            sim.set(**{switch.name: "nonsense"})
    with pytest.raises(SimulatorError, match="key_visible"):
        sim.set(key_visibel="at_put")


@pytest.mark.parametrize(("value", "seen"), [("null", None), ("absent", None), ("empty", "")])
def test_reading_oracle_managed(
    sim: Simulator, block: Any, refused: Callable[..., Any], value: str, seen: str | None
) -> None:
    refused(404, "NotAuthorizedOrNotFound", block.get_volume_kms_key, sim.id("db-1"))
    sim.set(kms_key_get_oracle_managed=value, oracle_managed_field=value)
    assert block.get_volume_kms_key(sim.id("db-1")).data.kms_key_id == seen
    assert block.get_volume(sim.id("db-1")).data.kms_key_id == seen
    assert sim.resource(sim.id("db-1"))["kmsKeyId"] is None


def test_key_visible_at_put(sim: Simulator, block: Any, assign: Callable[..., Any]) -> None:
    sim.set(key_visible="at_put", settle=30)
    assign(sim.id("db-1"), sim.id("key-a"))
    seen = block.get_volume(sim.id("db-1")).data
    assert (seen.kms_key_id, seen.lifecycle_state) == (sim.id("key-a"), "PROVISIONING")
    assert sim.resource(sim.id("db-1"))["kmsKeyId"] is None
    assert sim.resource(sim.id("db-1"))["pendingKmsKeyId"] == sim.id("key-a")


def test_transition_immediate(sim: Simulator, block: Any, assign: Callable[..., Any]) -> None:
    sim.set(transition="immediate", settle=30)
    assign(sim.id("db-1"), sim.id("key-a"))
    seen = block.get_volume(sim.id("db-1")).data
    assert (seen.kms_key_id, seen.lifecycle_state) == (sim.id("key-a"), "AVAILABLE")


def test_transition_delayed_start(sim: Simulator, block: Any, assign: Callable[..., Any]) -> None:
    sim.set(transition="delayed_start", settle=0.6)
    assign(sim.id("db-1"), sim.id("key-a"))
    seen = [block.get_volume(sim.id("db-1")).data]
    while seen[-1].kms_key_id is None:
        time.sleep(0.02)
        seen.append(block.get_volume(sim.id("db-1")).data)
    states = [row.lifecycle_state for row in seen]
    assert list(dict.fromkeys(states)) == ["AVAILABLE", "PROVISIONING"]
    assert states[-1] == "AVAILABLE"


def test_transition_ends_faulty(sim: Simulator, block: Any, assign: Callable[..., Any]) -> None:
    sim.set(transition="ends_faulty", settle=0)
    assign(sim.id("db-1"), sim.id("key-a"))
    seen = block.get_volume(sim.id("db-1")).data
    assert (seen.kms_key_id, seen.lifecycle_state) == (None, "FAULTY")


def test_put_outside_available(sim: Simulator, assign: Callable[..., Any], refused: Callable[..., Any]) -> None:
    sim.set(settle=30)
    assign(sim.id("db-1"), sim.id("key-a"))
    refused(409, "IncorrectState", assign, sim.id("db-1"), sim.id("key-b"))
    sim.set(put_outside_available="accepted")
    assign(sim.id("db-1"), sim.id("key-b"))
    assert sim.resource(sim.id("db-1"))["pendingKmsKeyId"] == sim.id("key-b")


def test_put_without_key(sim: Simulator, assign: Callable[..., Any], refused: Callable[..., Any]) -> None:
    volume = sim.id("app-1")
    for value in (None, oci.util.NONE_SENTINEL):
        refused(400, "MissingParameter", assign, volume, value)
    sim.set(put_without_key="invalid_parameter", transition="immediate")
    refused(400, "InvalidParameter", assign, volume, None)
    sim.set(put_without_key="no_change")
    assert assign(volume, None).status == 200
    assert sim.resource(volume)["kmsKeyId"] == sim.id("key-a")
    sim.set(put_without_key="oracle_managed")
    assert assign(volume, None).status == 200
    assert sim.resource(volume)["kmsKeyId"] is None


def test_delete_oracle_managed(sim: Simulator, block: Any, refused: Callable[..., Any]) -> None:
    assert block.delete_volume_kms_key(sim.id("db-1")).status == 204
    assert sim.resource(sim.id("db-1"))["lifecycleState"] == "AVAILABLE"
    sim.set(delete_oracle_managed="not_found")
    refused(404, "NotAuthorizedOrNotFound", block.delete_volume_kms_key, sim.id("db-1"))


def test_unusable_key_code(sim: Simulator, assign: Callable[..., Any], refused: Callable[..., Any]) -> None:
    sim.set(unusable_key_code=400)
    refused(400, "RelatedResourceNotAuthorizedOrNotFound", assign, sim.id("db-1"), sim.id("disabled"))


def test_old_key_unusable(sim: Simulator, block: Any, assign: Callable[..., Any], refused: Callable[..., Any]) -> None:
    stuck = sim.id("stuck")
    refused(404, "NotAuthorizedOrNotFound", assign, stuck, sim.id("key-a"))
    refused(404, "NotAuthorizedOrNotFound", block.delete_volume_kms_key, stuck)
    sim.set(old_key_unusable="accept")
    assert assign(stuck, sim.id("key-a")).status == 200


def test_multi_version_key(sim: Simulator, assign: Callable[..., Any], refused: Callable[..., Any]) -> None:
    assert assign(sim.id("db-1"), sim.id("rotated")).status == 200
    sim.set(multi_version_key="refused")
    refused(400, "InvalidParameter", assign, sim.id("db-2"), sim.id("rotated"))


def test_security_zone(sim: Simulator, block: Any, refused: Callable[..., Any]) -> None:
    sim.set(security_zone=True)
    error = refused(403, "NotAuthorized", block.delete_volume_kms_key, sim.id("app-1"))
    assert "block_volume_without_vault_key" in error.message
    error = refused(403, "NotAuthorized", block.delete_boot_volume_kms_key, sim.id("boot-key"))
    assert "boot_volume_without_vault_key" in error.message


def test_cmk_on_replicated(sim: Simulator, assign: Callable[..., Any], refused: Callable[..., Any]) -> None:
    volume = sim.id("copied")
    sim.set(cmk_on_replicated="refused", transition="immediate")
    refused(400, "InvalidParameter", assign, volume, sim.id("key-a"))
    sim.set(cmk_on_replicated="accepted")
    assign(volume, sim.id("key-a"))
    assert len(sim.resource(volume)["blockVolumeReplicas"]) == 1
    sim.set(cmk_on_replicated="replica_lost")
    assign(volume, sim.id("key-b"))
    assert sim.resource(volume)["blockVolumeReplicas"] is None


@pytest.mark.parametrize(("value", "changed"), [("changes", True), ("same", False)])
def test_etag_on_kms_change(sim: Simulator, assign: Callable[..., Any], value: str, changed: bool) -> None:
    sim.set(etag_on_kms_change=value, transition="immediate")
    before = sim.resource(sim.id("app-1"))
    assign(sim.id("app-1"), sim.id("key-a"))
    after = sim.resource(sim.id("app-1"))
    assert (before["etag"] != after["etag"]) == changed


def test_the_etag_of_a_key_is_a_hash_of_it(sim: Simulator, block: Any, assign: Callable[..., Any]) -> None:
    sim.set(transition="immediate")
    first, second = (assign(sim.id(name), sim.id("key-a")).headers["etag"] for name in ("db-1", "db-2"))
    again = assign(sim.id("db-1"), sim.id("key-a")).headers["etag"]
    assert first == second == again == block.get_volume_kms_key(sim.id("db-1")).headers["etag"]
    assert assign(sim.id("db-1"), sim.id("key-b")).headers["etag"] != first


@pytest.mark.parametrize("value", ["on", "off"])
def test_etag_stable(sim: Simulator, block: Any, value: str) -> None:
    sim.set(etag_stable=value)
    answers = [block.get_volume(sim.id("db-1")) for _read in range(2)]
    assert (answers[0].headers["etag"] == answers[1].headers["etag"]) is (value == "on")
    assert answers[0].data == answers[1].data


@pytest.mark.parametrize("value", ["kmskey_etag", "volume_etag", "ignored"])
def test_if_match_on_kmskey(
    sim: Simulator, block: Any, assign: Callable[..., Any], refused: Callable[..., Any], value: str
) -> None:
    sim.set(if_match_on_kmskey=value, transition="immediate")
    ocid = sim.id("app-1")
    etags = {
        "kmskey_etag": block.get_volume_kms_key(ocid).headers["etag"],
        "volume_etag": block.get_volume(ocid).headers["etag"],
    }
    for name, etag in etags.items():
        if value in (name, "ignored"):
            continue
        refused(412, "NoEtagMatch", assign, ocid, sim.id("key-b"), if_match=etag)
        refused(412, "NoEtagMatch", block.delete_volume_kms_key, ocid, if_match=etag)
    etag = etags.get(value, "whatever")
    assert assign(ocid, sim.id("key-b"), if_match=etag).status == 200


@pytest.mark.parametrize("value", ["412", "409"])
def test_stale_etag_code(sim: Simulator, block: Any, refused: Callable[..., Any], value: str) -> None:
    sim.set(stale_etag_code=value)
    details = CORE.UpdateVolumeDetails(display_name="other")
    refused(int(value), "NoEtagMatch", block.update_volume, sim.id("db-1"), details, if_match="old")


@pytest.mark.parametrize(
    ("value", "status", "code"), [("conflict", 409, "Conflict"), ("limit_exceeded", 400, "LimitExceeded")]
)
def test_conflict_passes(
    sim: Simulator,
    block: Any,
    assign: Callable[..., Any],
    refused: Callable[..., Any],
    value: str,
    status: int,
    code: str,
) -> None:
    sim.set(conflict_passes=value, settle=30)
    assign(sim.id("db-1"), sim.id("key-a"))
    refused(status, code, assign, sim.id("db-2"), sim.id("key-a"))
    refused(status, code, block.delete_volume_kms_key, sim.id("db-3"))
    sim.change(sim.id("db-1"), state="AVAILABLE")
    assert assign(sim.id("db-2"), sim.id("key-a")).status == 200


def test_replica_vault_get_key(sim: Simulator, sdk: Callable[..., Any], refused: Callable[..., Any]) -> None:
    kms = oci.key_management
    there, home = (
        sdk(
            kms.KmsManagementClient,
            service_endpoint=sdk(kms.KmsVaultClient, region).get_vault(sim.id("global")).data.management_endpoint,
        )
        for region in ("us-ashburn-1", "eu-frankfurt-1")
    )
    key = next(row["id"] for row in sim.resources("key") if row["vaultId"] == sim.id("global"))
    assert there.get_key(key).data.id == key
    sim.set(replica_vault_get_key="refused")
    refused(404, "NotAuthorizedOrNotFound", there.get_key, key)
    refused(404, "NotAuthorizedOrNotFound", there.list_key_versions, key)
    assert home.get_key(key).data.id == key


def test_external_key_delay(sim: Simulator, assign: Callable[..., Any]) -> None:
    sim.set(external_key_delay=30)
    assign(sim.id("db-1"), sim.id("outside"))
    time.sleep(0.1)
    assert sim.resource(sim.id("db-1"))["changing"] is True


def test_lists_as_strict_as_the_specification(sim: Simulator, block: Any, refused: Callable[..., Any]) -> None:
    assert block.list_volumes().status == 200
    assert block.list_boot_volumes(compartment_id=sim.id("prod")).status == 200
    sim.set(list_without_compartment="refused", boot_list_without_domain="refused")
    refused(400, "MissingParameter", block.list_volumes)
    refused(400, "MissingParameter", block.list_boot_volumes, compartment_id=sim.id("prod"))
    domain = sim.resource(sim.id("boot-1"))["availabilityDomain"]
    assert len(block.list_boot_volumes(compartment_id=sim.id("prod"), availability_domain=domain).data) == 4


def test_block_volume_rate(sim: Simulator, block: Any) -> None:
    sim.set(block_volume_rate=3)
    answers = []
    for _call in range(6):
        try:
            answers.append((block.get_volume(sim.id("db-1")).status, ""))
        except oci.exceptions.ServiceError as error:
            answers.append((error.status, error.code))
    assert answers[:3] == [(200, "")] * 3
    assert (429, "TooManyRequests") in answers


@pytest.mark.parametrize(("seconds", "header"), [(0, None), (7, "7")])
def test_retry_after(sim: Simulator, block: Any, seconds: int, header: str | None) -> None:
    sim.set(block_volume_rate=1, retry_after=seconds)
    block.get_volume(sim.id("db-1"))
    with pytest.raises(oci.exceptions.ServiceError) as caught:
        block.get_volume(sim.id("db-1"))
    assert (caught.value.status, caught.value.headers.get("retry-after")) == (429, header)


def test_latency(sim: Simulator, block: Any) -> None:
    sim.set(latency=0.2)
    start = time.monotonic()
    block.get_volume(sim.id("db-1"))
    assert time.monotonic() - start >= 0.2


def test_reset_puts_the_switches_back(sim: Simulator, block: Any) -> None:
    sim.set(oracle_managed_field="empty")
    sim.reset()
    assert block.get_volume(sim.id("db-1")).data.kms_key_id is None
