# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What instance configurations answer, and what no pool may be pointed to by it."""

from __future__ import annotations

from typing import Any

import pytest
from integration.support.fleets import volumes
from integration.support.harness import furnish
from integration.support.rekey_helpers import IAD
from integration.test_instance_configuration_kms_key import CREATE, POINT, TAG, assign, configurations, used_by

from simulator.client import Simulator

HERE = {"region": IAD, "compartment": "prod"}
LIST = "ListInstanceConfigurations"


def fleet(sim: Simulator, *more: dict[str, Any], **web: Any) -> None:
    mixed = {"name": "web", "key": "key-a", "volumes": [{"key": "key-everywhere"}], "freeform_tags": {"team": "web"}}
    furnish(
        sim,
        {},
        volumes=[volumes()],
        instance_configurations=[
            HERE | ({"name": "web"} if "details" in web else mixed) | web,
            *(HERE | each for each in more),
        ],
        instance_pools=[HERE | {"name": f"pool-{number}", "configuration": "web"} for number in (1, 2)],
    )


@pytest.mark.parametrize("fault", ["repeating_token", "endless_pages"])
@pytest.mark.parametrize("target", ["web", "pool-1"])
def test_a_list_that_does_not_end_is_a_failure(sim: Simulator, fault: str, target: str) -> None:
    fleet(sim, *({"name": f"other-{number}"} for number in range(120)))
    sim.fault(fault, LIST, times=None)
    ran = assign(sim, target, kms_key_id="key-b")
    assert (ran.failed, ran.writes) == (True, {})
    assert "does not end" in ran.only["error"]["message"]
    assert ran.calls[LIST] <= 1000


@pytest.mark.parametrize("operation", [CREATE, "GetInstanceConfiguration"])
@pytest.mark.parametrize("target", ["web", "pool-1"])
@pytest.mark.parametrize("volumes_of_other", [[], [{"key": "key-b"}]], ids=["fewer-volumes", "like-the-copy"])
def test_nothing_is_pointed_to_somebody_else_s_configuration(
    sim: Simulator, operation: str, target: str, volumes_of_other: list[dict[str, Any]]
) -> None:
    fleet(sim, {"name": "other", "key": "key-b", "volumes": volumes_of_other, "display_name": "somebody else's"})
    other = sim.id("other")
    after = 0 if operation == CREATE else 1
    sim.fault("other_record", operation, times=None, after=after, other=other)
    ran = assign(sim, target, kms_key_id="key-b")
    assert ran.failed
    assert ran.only["error"]["code"] in ("CopyDiffers", "NoAnswer")
    assert ran.only["instance_configuration_id"] != other
    assert used_by(sim)["id"] == sim.id("web")
    assert POINT not in ran.writes

    sim.clear_faults()
    again = assign(sim, target, kms_key_id="key-b")
    assert not again.failed, again.msg
    assert again.only["instance_configuration_id"] not in (other, sim.id("web"))


@pytest.mark.parametrize("target", ["web", "pool-1"])
def test_a_copy_that_lost_its_volumes_is_not_used(sim: Simulator, target: str) -> None:
    fleet(sim)
    source = {"sourceType": "image", "kmsKeyId": sim.id("key-b")}
    lean = {"instanceType": "compute", "launchDetails": {"sourceDetails": source}}
    sim.fault("odd_value", CREATE, times=1, field="instanceDetails", value=lean)
    ran = assign(sim, target, kms_key_id="key-b")
    assert (ran.failed, ran.only["error"]["code"]) == (True, "CopyDiffers")
    assert "other details than its keys" in ran.only["error"]["message"]
    assert ran.writes == {CREATE: 1}


def test_a_copy_without_its_tag_makes_one_more_and_no_third(sim: Simulator) -> None:
    fleet(sim)
    first = assign(sim, "web", kms_key_id="key-b")
    sim.change(first.only["instance_configuration_id"], freeform_tags={"team": "web"})
    second = assign(sim, "web", kms_key_id="key-b")
    third = assign(sim, "web", "pool-1", "pool-2", kms_key_id="key-b")
    assert not any(ran.failed for ran in (first, second, third)), second.msg
    assert second.only["instance_configuration_id"] != first.only["instance_configuration_id"]
    assert third.writes == {POINT: 2}
    assert configurations(sim)[used_by(sim)["id"]]["freeformTags"] == {"team": "web", TAG: sim.id("web")}
    assert used_by(sim)["id"] == second.only["instance_configuration_id"]


NO_SOURCE = {"key": None, "boot": "none", "volumes": []}
NO_OPTIONS = {"details": {"instanceType": "instance_options", "options": []}}


@pytest.mark.parametrize("key", [{"kms_key_id": "key-b"}, {"state": "absent"}], ids=["present", "absent"])
@pytest.mark.parametrize("target", ["web", "pool-1"])
@pytest.mark.parametrize(
    ("web", "reason"),
    [
        (NO_SOURCE, "does not name what instances boot from"),
        (NO_SOURCE | {"volumes": [{"key": "key-b"}]}, "does not name what instances boot from"),
        (NO_OPTIONS, "has no options"),
    ],
    ids=["nothing", "a-volume", "no-options"],
)
def test_a_configuration_that_names_no_boot_source_is_unknown(
    sim: Simulator, web: dict[str, Any], reason: str, target: str, key: dict[str, Any]
) -> None:
    fleet(sim, **web)
    ran = assign(sim, target, **key)
    assert (ran.failed, ran.writes, ran.only["error"]["code"]) == (True, {}, "UnknownConfiguration")
    assert reason in ran.only["error"]["message"]
    assert (ran.only["volumes"], ran.only["previous_encryption"]) == (None, "unknown")


@pytest.mark.parametrize("target", ["web", "pool-1"])
def test_where_nothing_is_created_nothing_is_encrypted(sim: Simulator, target: str) -> None:
    fleet(sim, key=None, boot="boot_volume", volumes=[{"volume": "volume-1"}])
    ran = assign(sim, target, kms_key_id="key-b")
    assert (ran.failed, ran.changed, ran.only["encryption"], ran.only["volumes"]) == (False, False, None, [])
