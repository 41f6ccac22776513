# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys that new instances are born with: fours for pools and configurations, exact calls, one copy, and back."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from integration.support.fleets import volumes
from integration.support.harness import Ran, furnish, run
from integration.support.rekey_helpers import IAD, plan_restore, read_plan

from ansible_collections.oci_keys.block_volume.plugins.modules import instance_configuration_kms_key, key_plan_apply
from simulator.client import Simulator

TAG = "oci_keys_copy_of"

# What a configuration is on, the task, the action of a pool, and the keys of what new instances are born with then.
OPTION: dict[str, Any] = {
    "instanceType": "compute",
    "launchDetails": {"sourceDetails": {"sourceType": "image", "imageId": "ocid1.image.oc1.iad.a"}},
    "blockVolumes": [{"createDetails": {"sizeInGBs": 50}}],
}
WAYS: dict[str, tuple[dict[str, Any], dict[str, Any], str, set[str | None]]] = {
    "first": ({"volumes": [{}]}, {"kms_key_id": "key-b"}, "assign", {"key-b"}),
    "changed": ({"key": "key-a", "volumes": [{"key": "key-a"}]}, {"kms_key_id": "key-b"}, "assign", {"key-b"}),
    "mixed": ({"key": "key-b", "volumes": [{}, {"volume": "volume-1"}]}, {"kms_key_id": "key-b"}, "assign", {"key-b"}),
    "several": (
        {"details": {"instanceType": "instance_options", "options": [OPTION, OPTION]}},
        {"kms_key_id": "key-b"},
        "assign",
        {"key-b"},
    ),
    "removed": ({"key": "key-a", "volumes": [{"key": "key-b"}]}, {"state": "absent"}, "remove", {None}),
    "right": ({"key": "key-b", "volumes": [{"key": "key-b"}]}, {"kms_key_id": "key-b"}, "none", {"key-b"}),
    "nothing-to-remove": ({"volumes": [{}]}, {"state": "absent"}, "none", {None}),
    "creates-nothing": (
        {"boot": "boot_volume", "volumes": [{"volume": "volume-1"}]},
        {"state": "absent"},
        "none",
        set(),
    ),
}
CREATE, POINT = "CreateInstanceConfiguration", "UpdateInstancePool"


def fleet(sim: Simulator, configuration: dict[str, Any] | None = None, **switches: Any) -> None:
    here = {"region": IAD, "compartment": "prod"}
    given = configuration if configuration is not None else {"key": "key-a", "volumes": [{"key": "key-a"}, {}]}
    tags = {"freeform_tags": {"team": "web"}, "defined_tags": {"Oracle-Tags": {"CreatedBy": "x"}, "ops": {"cost": 1}}}
    furnish(
        sim,
        switches,
        volumes=[volumes()],
        instance_configurations=[here | tags | {"name": "web"} | given, here | {"name": "other"}],
        instance_pools=[here | {"name": f"pool-{number}", "configuration": "web"} for number in (1, 2)],
    )


def configurations(sim: Simulator) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in sim.resources("instance_configuration")}


def used_by(sim: Simulator, pool: str = "pool-1") -> dict[str, Any]:
    return configurations(sim)[sim.resource(sim.id(pool))["instanceConfigurationId"]]


def keys_in(details: dict[str, Any]) -> list[str | None]:
    """Every key that is handed on, by the structure of the API."""
    found: list[str | None] = []
    for one in details.get("options", [details]):
        source = (one.get("launchDetails") or {}).get("sourceDetails") or {}
        found += [source.get("kmsKeyId")] if source.get("sourceType") == "image" else []
        made = [volume["createDetails"] for volume in one.get("blockVolumes") or [] if volume.get("createDetails")]
        found += [volume.get("kmsKeyId") for volume in made]
    return found


def names_of(sim: Simulator, keys: list[str | None]) -> set[str | None]:
    names = {row["id"]: row["name"] for row in sim.resources("key")}
    return {names.get(key) if key else None for key in keys}


def without_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_keys(item) for name, item in value.items() if name != "kmsKeyId" and item is not None}
    return [without_keys(item) for item in value] if isinstance(value, list) else value


def assign(sim: Simulator, *names: str, **options: Any) -> Ran:
    if options.get("kms_key_id"):
        options["kms_key_id"] = sim.id(options["kms_key_id"])
    ids = [sim.id(name) for name in names]
    named = {
        "instance_pool_ids": [ocid for ocid in ids if ".instancepool." in ocid],
        "instance_configuration_ids": [ocid for ocid in ids if ".instanceconfiguration." in ocid],
    }
    return run(instance_configuration_kms_key.main, sim, **named, **options)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("field", ["null", "absent", "empty"])
def test_pools_check_run_run_again_check_again(sim: Simulator, way: str, field: str) -> None:
    configuration, task, action, then = WAYS[way]
    fleet(sim, configuration, oracle_managed_field=field)
    before, made_before = used_by(sim), configurations(sim)

    checked = assign(sim, "pool-1", check=True, **task)
    assert (checked.writes, configurations(sim)) == ({}, made_before)
    ran = assign(sim, "pool-1", **task)
    after = used_by(sim)
    again = assign(sim, "pool-1", **task)
    checked_again = assign(sim, "pool-1", check=True, **task)

    changes = action != "none"
    assert not any(step.failed for step in (checked, ran, again, checked_again)), ran.msg
    assert [step.changed for step in (checked, ran, again, checked_again)] == [changes, changes, False, False]
    assert ran.writes == ({CREATE: 1, POINT: 1} if changes else {})
    assert again.writes == checked_again.writes == {}
    assert again.calls == {"GetInstancePool": 1, "GetInstanceConfiguration": 1} | {
        name: count for name, count in again.calls.items() if "Instance" not in name
    }
    assert names_of(sim, keys_in(after["instanceDetails"])) == then
    assert without_keys(after["instanceDetails"]) == without_keys(before["instanceDetails"])
    assert configurations(sim)[before["id"]] == before
    assert (checked.only["type"], checked.only["action"], ran.only["action"]) == ("instance_pool", action, action)
    assert ran.only["previous_instance_configuration_id"] == before["id"]
    assert ran.only["instance_configuration_id"] == after["id"]
    assert {volume["kms_key_id"] for volume in ran.only["volumes"]} == {sim.id(key) if key else None for key in then}
    assert sim.resource(sim.id("pool-2"))["instanceConfigurationId"] == before["id"]


@pytest.mark.parametrize("way", WAYS)
def test_configurations_check_run_run_again_check_again(sim: Simulator, way: str) -> None:
    configuration, task, action, _then = WAYS[way]
    fleet(sim, configuration)

    checked = assign(sim, "web", check=True, **task)
    ran = assign(sim, "web", **task)
    again = assign(sim, "web", **task)
    checked_again = assign(sim, "web", check=True, **task)

    changes = action != "none"
    assert not any(step.failed for step in (checked, ran, again, checked_again)), ran.msg
    assert [step.changed for step in (checked, ran, again, checked_again)] == [changes, changes, False, False]
    assert (checked.writes, ran.writes) == ({}, {CREATE: 1} if changes else {})
    assert again.writes == checked_again.writes == {}
    assert ran.only["instance_configuration_id"] == again.only["instance_configuration_id"]
    assert (ran.only["instance_configuration_id"] != sim.id("web")) == changes
    assert used_by(sim)["id"] == sim.id("web")


def test_the_exact_calls(sim: Simulator) -> None:
    fleet(sim)
    web = configurations(sim)[sim.id("web")]
    etag = sim.resource(sim.id("pool-1"))["etag"]

    assign(sim, "pool-1", kms_key_id="key-b")

    create, point = [call for call in sim.calls() if call.operation in (CREATE, POINT)]
    wanted = copy.deepcopy(web["instanceDetails"])
    wanted["launchDetails"]["sourceDetails"]["kmsKeyId"] = sim.id("key-b")
    for volume in wanted["blockVolumes"]:
        volume["createDetails"]["kmsKeyId"] = sim.id("key-b")
    assert create.request == {
        "compartmentId": sim.id("prod"),
        "displayName": f"web (key …{sim.id('key-b')[-6:]})",
        "freeformTags": {"team": "web", TAG: sim.id("web")},
        "definedTags": {"ops": {"cost": 1}},
        "source": "NONE",
        "instanceDetails": wanted,
    }
    assert len(create.headers["opc-retry-token"]) == 64
    assert point.resource == sim.id("pool-1")
    assert point.request == {"instanceConfigurationId": used_by(sim)["id"]}
    assert point.headers["if-match"] == etag
    assert create.host == point.host == "iaas.us-ashburn-1.oraclecloud.com"


def test_pools_share_a_copy_and_go_back_to_where_they_came_from(sim: Simulator) -> None:
    fleet(sim, {"key": "key-a"})

    both = assign(sim, "pool-1", "pool-2", "web", kms_key_id="key-b")
    assert not both.failed, both.msg
    assert used_by(sim)["id"] == used_by(sim, "pool-2")["id"] != sim.id("web")
    assert len(configurations(sim)) == 3
    back = assign(sim, "pool-1", kms_key_id="key-a")
    assert back.writes == {POINT: 1}
    assert used_by(sim)["id"] == sim.id("web")
    forth = assign(sim, "pool-1", kms_key_id="key-b")
    assert forth.writes == {POINT: 1}
    assert used_by(sim)["id"] == used_by(sim, "pool-2")["id"]
    third = assign(sim, "pool-1", kms_key_id="key-everywhere")
    assert third.writes == {CREATE: 1, POINT: 1}
    assert used_by(sim)["freeformTags"][TAG] == sim.id("web")
    assert used_by(sim)["displayName"] == f"web (key …{sim.id('key-everywhere')[-6:]})"


@pytest.mark.parametrize("operation", [CREATE, POINT])
@pytest.mark.parametrize("fault", ["drop_after", "drop_before", "error_500", "throttle"])
def test_whatever_answer_is_lost_one_copy_is_made(sim: Simulator, operation: str, fault: str) -> None:
    fleet(sim)
    sim.fault(fault, operation, times=1)

    ran = assign(sim, "pool-1", kms_key_id="key-b")

    assert not ran.failed, ran.msg
    assert len(configurations(sim)) == 3
    assert names_of(sim, keys_in(used_by(sim)["instanceDetails"])) == {"key-b"}


def test_a_copy_that_a_killed_run_left_is_used(sim: Simulator) -> None:
    fleet(sim)
    sim.fault("status", POINT, status=404, code="NotAuthorizedOrNotFound", message="No.")
    failed = assign(sim, "pool-1", kms_key_id="key-b")
    assert (failed.failed, failed.only["error"]["code"]) == (True, "NotAuthorizedOrNotFound")
    assert "use instance-pools in" in failed.only["error"]["hint"]
    sim.clear_faults()

    ran = assign(sim, "pool-1", kms_key_id="key-b")

    assert ran.writes == {POINT: 1}
    assert len(configurations(sim)) == 3


def test_a_tag_alone_makes_no_copy_of_ours(sim: Simulator) -> None:
    """Somebody has cloned a copy in the console, tags included, and changed its shape."""
    fleet(sim)
    details = copy.deepcopy(configurations(sim)[sim.id("web")]["instanceDetails"])
    details["launchDetails"]["shape"] = "VM.Standard.A1.Flex"
    details["launchDetails"]["sourceDetails"]["kmsKeyId"] = sim.id("key-b")
    for volume in details["blockVolumes"]:
        volume["createDetails"]["kmsKeyId"] = sim.id("key-b")
    here = {"region": IAD, "compartment": "prod"}
    clone = here | {"name": "clone", "details": details, "freeform_tags": {TAG: sim.id("web")}}
    furnish(
        sim,
        {},
        instance_configurations=[here | {"name": "web", "key": "key-a", "volumes": [{"key": "key-a"}, {}]}, clone],
        instance_pools=[here | {"name": "pool-1", "configuration": "web"}],
    )

    ran = assign(sim, "pool-1", kms_key_id="key-b")

    assert ran.writes == {CREATE: 1, POINT: 1}
    assert used_by(sim)["id"] != sim.id("clone")


class TestWhatIsRefused:
    def test_a_configuration_without_details_is_unknown(self, sim: Simulator) -> None:
        fleet(sim, {"source": "GMC"})
        ran = assign(sim, "pool-1", "web", kms_key_id="key-b")
        assert {row["error"]["code"] for row in ran.resources} == {"UnknownConfiguration"}
        assert ran.writes == {}

    def test_a_configuration_that_can_t_be_read_fails_its_pool(self, sim: Simulator) -> None:
        fleet(sim)
        sim.change(sim.id("web"), may_inspect=False)
        ran = assign(sim, "pool-1", kms_key_id="key-b")
        assert f"instance configuration {sim.id('web')} could not be read" in ran.only["error"]["message"]
        assert ran.only["previous_encryption"] == "unknown"

    def test_a_key_that_the_service_judges(self, sim: Simulator) -> None:
        fleet(sim, configuration_key_checked="on")
        ran = assign(sim, "pool-1", kms_key_id="key-forbidden", validate_key=False)
        assert ran.failed
        assert used_by(sim)["id"] == sim.id("web")
        assert len(configurations(sim)) == 2

    @pytest.mark.parametrize("setting", ["conflict", "accepted"])
    def test_a_pool_that_is_scaling_is_waited_for(self, sim: Simulator, setting: str) -> None:
        fleet(sim, busy_pool_update=setting)
        sim.change(sim.id("pool-1"), state="SCALING")
        ran = assign(sim, "pool-1", kms_key_id="key-b", wait_timeout=1)
        assert (ran.failed, ran.only["error"]["code"], ran.writes) == (True, "IncorrectState", {})

    def test_somebody_points_the_pool_elsewhere_meanwhile(self, sim: Simulator) -> None:
        fleet(sim)
        sim.fault("meanwhile", CREATE, times=1, changes={sim.id("pool-1"): {"configuration": "other"}})
        ran = assign(sim, "pool-1", kms_key_id="key-b")
        assert not ran.failed, ran.msg
        assert used_by(sim)["freeformTags"][TAG] == sim.id("other")
        assert names_of(sim, keys_in(used_by(sim)["instanceDetails"])) == {"key-b"}

    def test_ids_of_something_else(self, sim: Simulator) -> None:
        fleet(sim)
        ran = run(
            instance_configuration_kms_key.main,
            sim,
            instance_pool_ids=[sim.id("web")],
            kms_key_id=sim.id("key-b"),
        )
        assert (ran.calls, "an instance pool is expected" in ran.msg) == ({}, True)


class TestBack:
    @pytest.mark.parametrize(
        "configuration",
        [{"key": "key-a"}, {"volumes": [{}]}, {"key": "key-b", "volumes": [{}]}, {"key": "key-a", "volumes": [{}]}],
        ids=["one-key", "no-key", "mixed-with-the-new", "mixed"],
    )
    def test_restore_points_pools_to_what_they_used(
        self, sim: Simulator, tmp_path: Path, configuration: dict[str, Any]
    ) -> None:
        fleet(sim, configuration)
        journal = tmp_path / "journal.jsonl"
        assign(sim, "pool-1", "pool-2", "web", kms_key_id="key-b", journal=str(journal))
        assert used_by(sim)["id"] != sim.id("web")

        planned = plan_restore(sim, tmp_path / "undo", journal)
        assert not planned.failed, planned.msg
        assert {entry["type"] for entry in read_plan(tmp_path / "undo")["entries"]} == {"instance_pool"}
        given = {"plan_file": str(tmp_path / "undo" / "plan.json"), "rounds": 2, "max_failures": 10}
        checked = run(key_plan_apply.main, sim, check=True, **given)
        assert (checked.writes, checked.changed) == ({}, True)
        back = run(key_plan_apply.main, sim, **given)

        assert not back.failed, back.msg
        assert back.writes == {POINT: 2}
        assert used_by(sim)["id"] == used_by(sim, "pool-2")["id"] == sim.id("web")
        again = run(key_plan_apply.main, sim, **given)
        assert (again.failed, again.writes) == (False, {})

    def test_the_journal_has_pairs_and_no_contents(self, sim: Simulator, tmp_path: Path) -> None:
        fleet(sim)
        journal = tmp_path / "journal.jsonl"
        assign(sim, "pool-1", "web", kms_key_id="key-b", journal=str(journal))
        lines = [json.loads(line) for line in journal.read_text().splitlines()]
        assert sorted((line["event"], line["id"]) for line in lines) == sorted(
            (event, sim.id(name)) for name in ("pool-1", "web") for event in ("intent", "outcome")
        )
        (intent,) = (line for line in lines if (line["event"], line["id"]) == ("intent", sim.id("pool-1")))
        assert intent["previous_configuration_id"] == sim.id("web")
        assert "user_data" not in journal.read_text()
