# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys of node pools as a part of rekey: only where asked for, changed for new nodes, reported and put back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from integration.support.fleets import volumes
from integration.support.harness import Ran, furnish, run
from integration.support.rekey_helpers import IAD, plan_restore, read_plan

from ansible_collections.oci_keys.block_volume.plugins.modules import (
    key_assignment_info,
    key_assignment_plan,
    key_plan_apply,
)
from simulator.client import Simulator

POOLS = ("plain", "old", "right")


def fleet(sim: Simulator, extra: list[dict[str, Any]] | None = None, **switches: Any) -> None:
    here = {"region": IAD, "compartment": "prod"}
    pools = [
        here | {"name": "plain"},
        here | {"name": "old", "key": "key-a"},
        here | {"name": "right", "key": "key-b"},
        *(here | pool for pool in extra or []),
    ]
    furnish(sim, switches, volumes=[volumes()], node_pools=pools)


def keys(sim: Simulator) -> dict[str, str | None]:
    names = {row["id"]: row["name"] for row in sim.resources("key")}
    return {row["name"]: names.get(row["kmsKeyId"]) for row in sim.resources("node_pool")}


def plan(sim: Simulator, folder: Path, **options: Any) -> Ran:
    files = {"new_discovery_file": "before.json", "plan_file": "plan.json", "keys_file": "keys.json"}
    given = {
        "compartment_ids": [sim.id("prod")],
        "regions": [IAD],
        "resource_types": ["node_pool"],
        "kms_key_ids": {IAD: sim.id("key-b")},
        "create_folder": True,
        **{name: str(folder / file) for name, file in files.items()},
        **options,
    }
    return run(key_assignment_plan.main, sim, **{name: value for name, value in given.items() if value is not None})


def apply(sim: Simulator, folder: Path, **options: Any) -> Ran:
    given = {"plan_file": str(folder / "plan.json"), "rounds": 3, "max_failures": 10, **options}
    return run(key_plan_apply.main, sim, **given)


def test_never_by_default(sim: Simulator, tmp_path: Path) -> None:
    fleet(sim)

    planned = plan(sim, tmp_path / "run", resource_types=None)

    assert not planned.failed, planned.msg
    assert {entry["type"] for entry in read_plan(tmp_path / "run")["entries"]} == {"volume"}
    assert not {"ListNodePools", "GetNodePool"} & planned.calls.keys()


@pytest.mark.parametrize(
    "switches",
    [
        {},
        {"node_pool_list_details": "no_key"},
        {"node_pool_list_details": "absent"},
        {"node_pool_transition": "immediate"},
        {"node_pool_key_visible": "at_once"},
        {"oracle_managed_field": "absent"},
        {"oracle_managed_field": "empty"},
        {"stale_etag_code": "409"},
    ],
    ids=str,
)
def test_check_run_run_again_check_again_and_back(sim: Simulator, tmp_path: Path, switches: dict[str, Any]) -> None:
    fleet(sim, **switches)
    before = keys(sim)
    configs = {row["name"]: row["nodeConfigDetails"] for row in sim.resources("node_pool")}
    planned = plan(sim, tmp_path / "run")
    assert not planned.failed, planned.msg
    assert "2 node pools: only new nodes get the key" in json.dumps(planned.result["warnings"])
    entries = read_plan(tmp_path / "run")["entries"]
    assert {entry["display_name"]: entry["kms_key_id"] for entry in entries} == {
        "plain": None,
        "old": sim.id("key-a"),
    }

    checked = apply(sim, tmp_path / "run", check=True)
    assert checked.writes == {}
    assert keys(sim) == before
    done = apply(sim, tmp_path / "run")
    again = apply(sim, tmp_path / "run")
    checked_again = apply(sim, tmp_path / "run", check=True)

    assert not done.failed, done.msg
    assert done.writes == {"UpdateNodePool": 2}
    assert [step.changed for step in (checked, done, again, checked_again)] == [True, True, False, False]
    assert again.writes == checked_again.writes == {}
    assert keys(sim) == dict.fromkeys(POOLS, "key-b")
    for row in sim.resources("node_pool"):
        assert row["nodeConfigDetails"] == configs[row["name"]] | {"kmsKeyId": sim.id("key-b")}

    plan_restore(sim, tmp_path / "undo", tmp_path / "run")
    assert len(read_plan(tmp_path / "undo")["entries"]) == 2
    back = apply(sim, tmp_path / "undo")
    assert not back.failed, back.msg
    assert back.writes == {"UpdateNodePool": 2}
    assert keys(sim) == before


def test_the_exact_calls(sim: Simulator, tmp_path: Path) -> None:
    fleet(sim)
    plan(sim, tmp_path / "run")
    etags = {row["id"]: row["etag"] for row in sim.resources("node_pool")}

    apply(sim, tmp_path / "run")

    calls = [call for call in sim.calls() if call.operation == "UpdateNodePool"]
    assert {call.resource for call in calls} == {sim.id("plain"), sim.id("old")}
    for call in calls:
        assert call.request == {"nodeConfigDetails": {"kmsKeyId": sim.id("key-b")}}
        assert call.headers["if-match"] == etags[call.resource]
        assert call.host.startswith("containerengine.us-ashburn-1.oci.")


@pytest.mark.parametrize("source", ["journal.jsonl", "plan.json"])
def test_back_from_any_file_of_the_run(sim: Simulator, tmp_path: Path, source: str) -> None:
    fleet(sim)
    before = keys(sim)
    plan(sim, tmp_path / "run")
    apply(sim, tmp_path / "run")

    plan_restore(sim, tmp_path / "undo", tmp_path / "run" / source)
    back = apply(sim, tmp_path / "undo")

    assert not back.failed, back.msg
    assert keys(sim) == before


def test_what_can_not_go_back_to_no_key_says_so(sim: Simulator, tmp_path: Path) -> None:
    fleet(sim, node_pool_key_empty="refused")
    plan(sim, tmp_path / "run")
    apply(sim, tmp_path / "run")

    plan_restore(sim, tmp_path / "undo", tmp_path / "run")
    back = apply(sim, tmp_path / "undo")

    assert back.failed
    (error,) = (row["error"] for row in back.resources if row["error"])
    assert "OCI does not document whether node pools accept" in error["hint"]
    assert keys(sim)["plain"] == "key-b"


def test_what_the_update_clears_besides_is_told_and_stops_the_run(sim: Simulator, tmp_path: Path) -> None:
    fleet(sim, node_pool_update_omitted="cleared")
    plan(sim, tmp_path / "run")

    done = apply(sim, tmp_path / "run", max_failures=0)

    assert done.failed
    errors = [row["error"] for row in done.resources if row["error"]]
    assert {error["code"] for error in errors} == {"NodePoolChanged"}
    assert "nsgIds" in errors[0]["message"]


def test_what_needs_attention_with_its_former_key_is_a_failure(sim: Simulator, tmp_path: Path) -> None:
    fleet(sim, node_pool_transition="needs_attention")
    plan(sim, tmp_path / "run")

    done = apply(sim, tmp_path / "run")

    assert done.failed
    assert {row["error"]["code"] for row in done.resources if row["error"]} == {"ChangeIgnored"}
    assert keys(sim)["old"] == "key-a"


@pytest.mark.parametrize("setting", ["conflict", "accepted"])
def test_pools_that_are_cycled_are_left_alone(sim: Simulator, tmp_path: Path, setting: str) -> None:
    fleet(sim, [{"name": "cycled", "key": "key-a", "cycling": True}], node_pool_key_with_cycling=setting)

    planned = plan(sim, tmp_path / "run")
    (blocked,) = read_plan(tmp_path / "run")["blocked"]
    assert (blocked["display_name"], "replace all of its nodes" in blocked["reason"]) == ("cycled", True)
    assert not planned.failed
    plan(sim, tmp_path / "insisting", include_locked=True)
    done = apply(sim, tmp_path / "insisting")

    (error,) = (row["error"] for row in done.resources if row["error"])
    assert error["code"] == "NodeCycling"
    assert keys(sim)["cycled"] == "key-a"


def test_a_pool_without_details_is_unknown_not_oracle_managed(sim: Simulator, tmp_path: Path) -> None:
    fleet(sim, [{"name": "ancient", "old_form": True}])
    scope = {"compartment_ids": [sim.id("prod")], "regions": [IAD], "resource_types": ["node_pool"]}

    found = run(key_assignment_info.main, sim, **scope)

    assert {row["display_name"] for row in found.resources} == set(POOLS)
    assert found.result["complete"] is False
    (place,) = found.result["unreadable"]
    assert "shows no nodeConfigDetails, so its key is unknown" in place["message"]


def test_who_may_not_list_them_is_told_what_to_grant(sim: Simulator, tmp_path: Path) -> None:
    fleet(sim)
    sim.fault("status", "ListNodePools", status=404, code="NotAuthorizedOrNotFound", message="No.")
    scope = {"compartment_ids": [sim.id("prod")], "regions": [IAD], "resource_types": ["node_pool"]}

    found = run(key_assignment_info.main, sim, **scope)

    assert found.result["complete"] is False
    assert "inspect cluster-family in" in found.result["unreadable"][0]["hint"]


def test_a_pool_that_is_being_updated_is_waited_for(sim: Simulator, tmp_path: Path) -> None:
    fleet(sim)
    plan(sim, tmp_path / "run")
    sim.fault("status", "UpdateNodePool", times=2, status=409, code="Conflict", message="It is being updated.")

    done = apply(sim, tmp_path / "run")

    assert not done.failed, done.msg
    assert done.writes == {"UpdateNodePool": 4}
    assert keys(sim) == dict.fromkeys(POOLS, "key-b")
