# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""RETURN documents what each module returns: every value that was returned, and no value that never was."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from integration.support.copy_helpers import KINDS, backups, copy, existing
from integration.support.copy_helpers import fleet as copy_fleet
from integration.support.fleets import tenancy, volumes
from integration.support.harness import Ran, furnish, run
from integration.support.policy_plans import apply_plan, furnish_assets, plan_policies
from integration.support.rekey_helpers import (
    FRA,
    IAD,
    PHX,
    TYPES,
    make_plan,
    mixed_fleet,
    plan_restore,
    rekey,
    wanted_keys,
)
from unit.support.terraform_states import TERRAFORM_1_5

from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules import key_plan
from ansible_collections.oci_keys.block_volume.plugins.modules import (
    backup_copy,
    backup_kms_key,
    backup_policy_crossregion_key,
    backup_policy_plan,
    instance_configuration_kms_key,
    key_assignment_info,
    key_assignment_plan,
    key_assignment_report,
    key_plan_apply,
    key_restore_plan,
    kms_key_info,
    replica_kms_key,
    volume_kms_key,
)
from simulator.client import Simulator

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "roles" / "encryption_report" / "templates" / "report.html.j2"
TYPES_IN_PYTHON = {"str": str, "int": int, "bool": bool, "dict": dict, "list": list}
MODES = ({"check": True}, {"check": False}, {"result": "changed"}, {"result": "summary"})

# What Ansible documents once for all modules.
COMMON = {"changed", "failed", "warnings", "diff", "invocation", "exception"}

# Its name is a method of dictionaries, so that ansible-core does not let it be documented; kms_keys is the same list.
UNDOCUMENTED = {"kms_key_info": {"keys"}}
# What modules that plan document alike, though only some change policies.
NEVER_RETURNED = {"key_assignment_plan": {"counts.from_policy_id", "counts.to_policy_id"}}

# Dictionaries whose keys are names of others: regions, types, tags, recommendations.
FREE = {"by_region", "by_type", "freeform_tags", "defined_tags", "violations", "kms_key_ids", "compartment_parents"}

YEARS = {"is_retention_lock_enabled": True, "retention_period": {"unit": "YEARS", "amount": 7}}
POLICY = {"region": IAD, "compartment": "prod"}
COPIED = {
    "instanceType": "compute",
    "launchDetails": {"sourceDetails": {"sourceType": "image"}},
    "blockVolumes": [{"createDetails": {"xrcKmsKeyId": "ocid1.key.oc1.phx.vault.exampleuniqueid"}}],
}


def _volume_kms_key(sim: Simulator, folder: Path) -> Iterator[Ran]:
    yield _recovering(volume_kms_key.main, sim, folder, volume_ids=[])
    furnish(sim, volumes=[volumes(2), volumes(key="key-b", name="old")], boot_volumes=[volumes(name="boot")])
    ids = [sim.id(name) for name in ("volume-1", "old-1", "boot-1")]
    for more in MODES:
        yield run(volume_kms_key.main, sim, volume_ids=ids, kms_key_id=sim.id("key-a"), **more)
    yield run(volume_kms_key.main, sim, volume_ids=ids[:1], kms_key_id=sim.id("key-a"), regenerate=True, wait=False)
    sim.fault("status", "UpdateVolumeKmsKey", times=None, status=404, code="NotAuthorizedOrNotFound", message="No.")
    yield run(volume_kms_key.main, sim, volume_ids=[sim.id("volume-2")], kms_key_id=sim.id("key-a"))
    yield run(volume_kms_key.main, sim, volume_ids=["wrong"], kms_key_id=sim.id("key-a"))


def _replica_kms_key(sim: Simulator, folder: Path) -> Iterator[Ran]:
    yield _recovering(replica_kms_key.main, sim, folder, volume_ids=[])
    there = [{"region": PHX, "name": "there", "key": "key-everywhere"}]
    group = {"name": "group", "region": IAD, "compartment": "prod", "volumes": ["member-1"], "replicas": there}
    furnish(
        sim,
        volumes=[volumes(2, replicas=there), volumes(name="member")],
        boot_volumes=[volumes(name="boot", replicas=there)],
        volume_groups=[group],
    )
    ids = [sim.id(name) for name in ("volume-1", "volume-2", "boot-1")]
    for more in MODES:
        groups = [sim.id("group")]
        yield run(
            replica_kms_key.main,
            sim,
            volume_ids=ids,
            volume_group_ids=groups,
            kms_key_id=sim.id("key-phx"),
            **more,
        )
    sim.fault("status", "UpdateVolume", times=None, status=404, code="NotAuthorizedOrNotFound", message="No.")
    yield run(replica_kms_key.main, sim, volume_ids=ids[:1], kms_key_id=sim.id("key-everywhere"))
    yield run(replica_kms_key.main, sim, volume_ids=["wrong"], kms_key_id=sim.id("key-phx"))


def _instance_configuration_kms_key(sim: Simulator, folder: Path) -> Iterator[Ran]:
    main = instance_configuration_kms_key.main
    yield _recovering(main, sim, folder, instance_pool_ids=[])
    base = {"region": IAD, "compartment": "prod"}
    furnish(
        sim,
        instance_configurations=[{"name": name, "key": "key-b", "volumes": [{}], **base} for name in ("used", "alone")],
        instance_pools=[{"name": f"pool-{number}", "configuration": "used", **base} for number in (1, 2)],
    )
    pools = [sim.id("pool-1"), sim.id("pool-2")]
    for more in MODES:
        configurations = [sim.id("alone")]
        yield run(
            main,
            sim,
            instance_pool_ids=pools,
            instance_configuration_ids=configurations,
            kms_key_id=sim.id("key-a"),
            **more,
        )
    sim.fault("status", "UpdateInstancePool", times=None, status=404, code="NotAuthorizedOrNotFound", message="No.")
    yield run(main, sim, instance_pool_ids=pools[:1], kms_key_id=sim.id("key-everywhere"))
    yield run(main, sim, instance_pool_ids=["wrong"], kms_key_id=sim.id("key-a"))


LOST = {
    "volumes": [volumes(2, name="lost")],
    "volume_backup_policies": [{"name": "to-phx", **POLICY, "destination_region": PHX}],
}


def _lose_policies(sim: Simulator, journal: Path) -> None:
    """A run that was killed had taken two policies away, of which only one can be assigned again."""
    line = {"event": "intent", "run": "r", "time": "2026-11-24T01:00:00Z", "type": "volume", "action": "assign"}
    former = {"previous_policy_id": sim.id("to-phx"), "previous_kms_key_id": sim.id("key-phx")}
    rows = [{**line, **former, "id": sim.id(name), "kms_key_id": None} for name in ("lost-1", "lost-2")]
    with journal.open("a") as file:
        file.write("".join(json.dumps(row) + "\n" for row in rows))
    denied = {"status": 404, "code": "NotAuthorizedOrNotFound", "message": "No."}
    sim.fault("status", "CreateVolumeBackupPolicyAssignment", times=None, resource=None, after=1, **denied)


def _recovering(main: Callable[[], None], sim: Simulator, folder: Path, **options: Any) -> Ran:
    furnish(sim, **LOST)
    _lose_policies(sim, folder / "lost.jsonl")
    return run(main, sim, journal=str(folder / "lost.jsonl"), kms_key_id=sim.id("key-a"), **options)


def _backup_kms_key(sim: Simulator, folder: Path) -> Iterator[Ran]:
    yield _recovering(backup_kms_key.main, sim, folder, backup_ids=[])
    furnish(
        sim,
        {"locked_backup_update": "accepted"},
        volumes=[volumes(2)],
        volume_groups=[{"name": "group", **POLICY, "volumes": ["volume-1"]}],
        volume_group_backups=[{"name": "grouped", "of": "group"}],
        volume_backups=[
            {"name": "member", "of": "volume-1", "group_backup": "grouped", "key": "key-b"},
            {"name": "kept", "of": "volume-1", **YEARS},
            {"name": "other", "of": "volume-2"},
        ],
    )
    ids = [sim.id(name) for name in ("grouped", "kept")]
    for more in MODES:
        yield run(backup_kms_key.main, sim, backup_ids=ids, kms_key_id=sim.id("key-a"), **more)
    sim.fault("status", "UpdateVolumeBackup", times=None, status=404, code="NotAuthorizedOrNotFound", message="No.")
    yield run(backup_kms_key.main, sim, backup_ids=[sim.id("other")], kms_key_id=sim.id("key-a"))


def _backup_copy(sim: Simulator, folder: Path) -> Iterator[Ran]:
    yield _recovering(backup_copy.main, sim, folder, backup_ids=[], destination_region=PHX)
    for kind in KINDS:
        kind.furnish(sim)
        for more in MODES:
            yield copy(sim, "backup-1", **more)
    copy_fleet(sim, backups(), existing(key="key-phx", **YEARS), switches={"locked_backup_update": "accepted"})
    yield copy(sim, "backup-1", key="key-everywhere")
    copy_fleet(sim, backups())
    sim.fault("status", "CopyVolumeBackup", times=None, status=404, code="NotAuthorizedOrNotFound", message="No.")
    yield copy(sim, "backup-1")


def _backup_policy(sim: Simulator, folder: Path) -> Iterator[Ran]:
    yield _recovering(backup_policy_crossregion_key.main, sim, folder, asset_ids=[])
    furnish(
        sim,
        volumes=[volumes(3)],
        volume_backup_policies=[
            {"name": "to-phx", **POLICY, "destination_region": PHX},
            {"name": "to-fra", **POLICY, "destination_region": FRA},
        ],
        policy_assignments=[{"asset": "volume-1", "policy": "to-fra", "key": "key-fra"}],
    )
    options = {"policy_id": sim.id("to-phx"), "kms_key_id": sim.id("key-phx")}
    ids = [sim.id("volume-1"), sim.id("volume-2")]
    for more in MODES:
        yield run(backup_policy_crossregion_key.main, sim, asset_ids=ids, **options, **more)
    denied = {"status": 404, "code": "NotAuthorizedOrNotFound", "message": "No."}
    sim.fault("status", "CreateVolumeBackupPolicyAssignment", times=None, **denied)
    yield run(backup_policy_crossregion_key.main, sim, asset_ids=[sim.id("volume-3")], **options)


def _key_assignment_info(sim: Simulator, folder: Path) -> Iterator[Ran]:
    closed = [{"name": "closed", "accessible": False}, {"name": "old", "state": "DELETED"}]
    tags = {"freeform_tags": {"tier": "gold"}, "defined_tags": {"ops": {"center": "42"}}}
    mixed_fleet(
        sim,
        regions=[IAD, PHX, FRA, {"name": "eu-zurich-1", "status": "IN_PROGRESS"}],
        compartments=[*tenancy()["compartments"], *closed],
        volume_groups=[{"name": "group", **POLICY, "volumes": ["volume-1"]}],
        volumes=[volumes(4), volumes(name="copied", replicas=[{"region": FRA, "key": "key-fra"}])],
        volume_backups=[{"name": "backup", "of": "volume-1", "key": "key-b", **YEARS}],
        boot_volumes=[volumes(2, name="boot", **tags)],
        instances=[{"name": "host", **POLICY, "volumes": ["volume-1"]}],
        instance_configurations=[
            {"name": "web", **POLICY, "key": "key-a", "volumes": [{"key": "key-b"}]},
            {"name": "copied", **POLICY, "details": COPIED},
            {"name": "cluster", **POLICY, "source": "GMC"},
        ],
        instance_pools=[{"name": "web-pool", **POLICY, "configuration": "web"}],
        node_pools=[{"name": "workers", **POLICY, "key": "key-a"}],
    )
    types = {"resource_types": [*TYPES, "replica"]}
    for more in (
        *MODES,
        tags,
        {"attachments": True},
        {"new_volumes": True},
        {"kms_key_ids": [sim.id("key-b")]},
        {"discovery_file": str(folder / "found.json")},
    ):
        yield run(key_assignment_info.main, sim, regions=["all"], **types, **more)
    sim.fault("status", "ListVolumeBackups", times=None, status=404, code="NotAuthorizedOrNotFound", message="No.")
    sim.fault("status", "ListInstances", times=None, status=404, code="NotAuthorizedOrNotFound", message="No.")
    sim.fault("status", "ListInstancePools", times=None, status=404, code="NotAuthorizedOrNotFound", message="No.")
    yield run(key_assignment_info.main, sim, regions=[IAD], attachments=True, new_volumes=True)
    yield run(key_assignment_info.main, sim, regions=["nowhere"])


def _kms_key_info(sim: Simulator, _folder: Path) -> Iterator[Ran]:
    names = [key["name"] for key in tenancy()["keys"]]
    for more in MODES:
        yield run(kms_key_info.main, sim, kms_key_ids=[sim.id(name) for name in names], **more)
    yield run(kms_key_info.main, sim, kms_key_ids=["ocid1.wrong"])
    yield run(kms_key_info.main, sim, kms_key_ids=["key-a"], regions=[IAD])


def _key_assignment_plan(sim: Simulator, folder: Path) -> Iterator[Ran]:
    mixed_fleet(sim)
    yield make_plan(sim, folder / "one")
    yield make_plan(sim, folder / "one", check=True, from_kms_key_ids=[sim.id("key-b")])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(key_plan, "_MOST_INLINE", 10)
        yield make_plan(sim, folder / "one", check=True)
    files = {"plan_file": str(folder / "plan.json"), "new_discovery_file": str(folder / "before.json")}
    where = {"compartment_ids": [sim.id("prod")], "regions": [IAD]}
    yield run(key_assignment_plan.main, sim, **files, **where, kms_key_ids={IAD: sim.id("key-a")})
    yield run(key_assignment_plan.main, sim, **files, **where, kms_key_ids={IAD: sim.id("key-rsa")})
    names = {"compartment_ids": ["prod"], "kms_key_ids": {IAD: "key-a"}, "from_kms_key_ids": ["key-b"]}
    yield run(key_assignment_plan.main, sim, **files, **{**where, **names})


def _key_restore_plan(sim: Simulator, folder: Path) -> Iterator[Ran]:
    mixed_fleet(sim)
    run_folder = folder / "run"
    rekey(sim, run_folder)
    for check in (False, True):
        yield plan_restore(sim, folder / "undo", run_folder, check=check)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(key_plan, "_MOST_INLINE", 10)
        yield plan_restore(sim, folder / "undo", run_folder, check=True)
    furnish_assets(sim)
    plan_policies(sim, folder / "policies", replace=True)
    assert not apply_plan(sim, folder / "policies").failed
    yield plan_restore(sim, folder / "undo", folder / "policies", remove_policies=True, check=True)


def _backup_policy_plan(sim: Simulator, folder: Path) -> Iterator[Ran]:
    keyed = {"asset": "has-1", "policy": "to-phx", "key": "key-everywhere"}
    assigned = [keyed, {"asset": "keyless-1", "policy": "daily"}]
    furnish_assets(sim, policy_assignments=assigned)
    names = {"compartment_ids": ["prod"], "kms_key_id": "vault-phx/key-phx", "replace": True}
    for check in (False, True):
        yield plan_policies(sim, folder / "policies", check=check, **names)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(key_plan, "_MOST_INLINE", 10)
        yield plan_policies(sim, folder / "policies", check=True)
    yield plan_policies(sim, folder / "policies", fails=True, kms_key_id=sim.id("key-a"))


def _key_plan_apply(sim: Simulator, folder: Path) -> Iterator[Ran]:
    for name, which in (("lost", {"batch": 1}), ("all-lost", {})):
        (folder / name).mkdir()
        furnish(sim, **{**LOST, "volumes": [*LOST["volumes"], volumes(1)]})
        make_plan(sim, folder / name)
        _lose_policies(sim, folder / name / "journal.jsonl")
        yield run(key_plan_apply.main, sim, plan_file=str(folder / name / "plan.json"), **which)
    mixed_fleet(sim)
    make_plan(sim, folder)
    plan = {"plan_file": str(folder / "plan.json"), "batch": 1}
    yield run(key_plan_apply.main, sim, check=True, **plan)
    sim.fault("status", "UpdateVolumeKmsKey", times=None, status=404, code="NotAuthorizedOrNotFound", message="No.")
    yield run(key_plan_apply.main, sim, **plan)
    yield run(key_plan_apply.main, sim, **{**plan, "batch": 99})
    yield from _whole_plans(sim, folder)


def _whole_plans(sim: Simulator, folder: Path) -> Iterator[Ran]:
    files = {"plan_file": str(folder / "whole" / "plan.json"), "new_discovery_file": str(folder / "whole" / "all.json")}
    scope = {"compartment_ids": [sim.id("prod")], "regions": ["us-ashburn-1"], "kms_key_ids": wanted_keys(sim)}
    run(key_assignment_plan.main, sim, create_folder=True, **files, **scope)
    whole = {"plan_file": files["plan_file"], "rounds": 2, "max_failures": 0}
    yield run(key_plan_apply.main, sim, check=True, **whole)
    yield run(key_plan_apply.main, sim, **whole)
    sim.clear_faults()
    sim.fault("status", "ListCompartments", status=401, code="NotAuthenticated", message="Expired.", times=None)
    yield run(key_plan_apply.main, sim, **whole)
    sim.clear_faults()
    yield run(key_plan_apply.main, sim, **whole)


def _key_assignment_report(sim: Simulator, folder: Path) -> Iterator[Ran]:
    mixed_fleet(sim)
    rekey(sim, folder)
    (folder / "runs").mkdir()
    files = {"report_dir": str(folder), "initial_discovery_file": str(folder / "before.json")}
    found = {"discovery_file": str(folder / "before.json"), "change_files": [str(folder)]}
    keys_file = str(folder / "keys.json")
    keys = {"kms_key_ids": [sim.id("key-b")], "keys_file": keys_file, "template": str(TEMPLATE)}
    for check in (False, True):
        yield run(key_assignment_report.main, sim, check=check, **files, **found, **keys)
    yield run(key_assignment_report.main, sim, **files, discovery_error="401 NotAuthenticated")
    state = {"terraform_state": [str(TERRAFORM_1_5)]}
    yield run(key_assignment_report.main, sim, **{**files, "report_dir": str(folder / "terraform")}, **found, **state)
    yield run(key_assignment_report.main, sim, **files)
    # Two runs beside each other, of which the second is compared with the first.
    again = {"discovery_file": str(folder / "before.json"), "history": True, "baseline": "latest"}
    for name in ("one", "two"):
        more = {"metrics_file": str(folder / "metrics"), "evidence": {"run_id": name}}
        yield run(key_assignment_report.main, sim, report_dir=str(folder / "runs" / name), **again, **more)


SCENARIOS: dict[ModuleType, Callable[[Simulator, Path], Iterator[Ran]]] = {
    volume_kms_key: _volume_kms_key,
    backup_kms_key: _backup_kms_key,
    backup_copy: _backup_copy,
    backup_policy_crossregion_key: _backup_policy,
    replica_kms_key: _replica_kms_key,
    instance_configuration_kms_key: _instance_configuration_kms_key,
    key_assignment_info: _key_assignment_info,
    kms_key_info: _kms_key_info,
    key_assignment_plan: _key_assignment_plan,
    key_restore_plan: _key_restore_plan,
    backup_policy_plan: _backup_policy_plan,
    key_plan_apply: _key_plan_apply,
    key_assignment_report: _key_assignment_report,
}


def _name(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2]


def test_every_module_is_here() -> None:
    modules = {path.stem for path in (ROOT / "plugins" / "modules").glob("*.py")}
    assert {_name(module) for module in SCENARIOS} == modules


@pytest.mark.parametrize("module", SCENARIOS, ids=_name)
def test_what_is_returned_is_documented_and_the_other_way_round(
    sim: Simulator, tmp_path: Path, module: ModuleType
) -> None:
    documented = yaml.safe_load(module.RETURN)
    seen: set[str] = set()
    faults: set[str] = set()
    ends = set()
    for ran in SCENARIOS[module](sim, tmp_path):
        ends.add(ran.failed)
        apart = COMMON | UNDOCUMENTED.get(_name(module), set())
        result = {name: value for name, value in ran.result.items() if name not in apart}
        faults.update(_faults(documented, result, "", seen))
    assert ends == {True, False} or module is key_restore_plan
    assert not faults
    never = NEVER_RETURNED.get(_name(module), set())
    assert set(_paths(documented, "")) - seen == never, "documented, but never returned"


def _faults(documented: Mapping[str, Any], returned: Mapping[str, Any], place: str, seen: set[str]) -> Iterator[str]:
    """What is wrong with what was returned, and into ``seen`` each place with a value that is not null."""
    for name, value in returned.items():
        here = f"{place}.{name}" if place else name
        entry = documented.get(name)
        if entry is None:
            yield f"{here} is not documented"
        elif value is not None:
            seen.add(here)
            yield from _faults_of_value(entry, value, here, seen)


def _faults_of_value(entry: Mapping[str, Any], value: Any, here: str, seen: set[str]) -> Iterator[str]:
    if type(value) is not TYPES_IN_PYTHON[entry["type"]]:
        yield f"{here} is {type(value).__name__}, but documented as {entry['type']}"
        return
    items = value if isinstance(value, list) else [value]
    kind = entry.get("elements", entry["type"])
    for item in items:
        if type(item) is not TYPES_IN_PYTHON[kind]:
            yield f"{here} has {type(item).__name__}, but is documented with {kind}"
        elif isinstance(item, dict) and "contains" in entry:
            yield from _faults(entry["contains"], item, here, seen)
        elif isinstance(item, dict) and here.rpartition(".")[2] not in FREE:
            yield f"{here} has names that are not documented: {sorted(item)}"


def _paths(documented: Mapping[str, Any], place: str) -> Iterator[str]:
    for name, entry in documented.items():
        here = f"{place}.{name}" if place else name
        yield here
        yield from _paths(entry.get("contains", {}), here)
