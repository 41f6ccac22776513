# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is told of a tenancy's resources and their keys, and what it costs."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from integration.support.assignment_info import FRA, IAD, PHX, by_name, look
from integration.support.fleets import volumes
from integration.support.harness import furnish, run

from ansible_collections.oci_keys.block_volume.plugins.modules import key_assignment_info
from simulator.client import Simulator

BACKUP = {"region": IAD, "compartment": "prod"}

NO_FILTERS = {
    "kms_key_ids": None,
    "encryption": "any",
    "freeform_tags": None,
    "defined_tags": None,
    "only_named": False,
}


def test_a_volume_as_it_is(sim: Simulator) -> None:
    replica = {"region": PHX, "key": "key-phx", "name": "copy"}
    furnish(
        sim,
        volumes=[
            volumes(
                key="key-a",
                replicas=[replica],
                freeform_tags={"team": "payments"},
                defined_tags={"operations": {"cost_center": "42"}},
            )
        ],
        volume_groups=[{"name": "group", "region": IAD, "compartment": "prod", "volumes": ["volume-1"]}],
    )

    ran = look(sim)

    true = sim.resource(sim.id("volume-1"))
    (copy,) = true["blockVolumeReplicas"]
    assert ran.only == {
        "id": true["id"],
        "type": "volume",
        "region": IAD,
        "compartment_id": sim.id("prod"),
        "display_name": "volume-1",
        "lifecycle_state": "AVAILABLE",
        "encryption": "customer",
        "kms_key_id": sim.id("key-a"),
        "time_created": true["timeCreated"],
        "size_in_gbs": 50,
        "freeform_tags": {"team": "payments"},
        "defined_tags": {"operations": {"cost_center": "42"}},
        "group_id": sim.id("group"),
        "locked": None,
        "replicas": [
            {
                "id": copy["blockVolumeReplicaId"],
                "availability_domain": copy["availabilityDomain"],
                "kms_key_id": sim.id("key-phx"),
                "in_other_region": True,
            }
        ],
        "managed_by_paas": False,
        "read_by": "get",
    }
    assert ran.result["complete"]
    assert ran.result["unreadable"] == []
    assert not ran.result["warnings"]
    assert (
        ran.msg == "1 resource in 3 compartments of 1 region: 1 on customer-managed keys, 0 on the Oracle-managed key"
    )
    scanned = ran.result["scanned"]
    assert {name: scanned[name] for name in ("tenancy", "regions", "skipped_regions", "skipped_compartments")} == {
        "tenancy": sim.id("root"),
        "regions": [IAD],
        "skipped_regions": [],
        "skipped_compartments": [],
    }
    assert scanned["compartments"] == [
        {"id": sim.id(name), "name": shown, "path": shown, "lifecycle_state": "ACTIVE"}
        for name, shown in (("root", "acme"), ("security", "security"), ("prod", "prod"))
    ]
    assert {name: scanned[name] for name in ("all_regions", "whole_tenancy", "filters")} == {
        "all_regions": False,
        "whole_tenancy": True,
        "filters": {**NO_FILTERS},
    }
    assert scanned["time_started"] <= scanned["time_finished"]
    caller = ran.result["caller"]
    assert caller["tenancy"] == sim.id("root")
    assert "with the API key" in caller["principal"]
    assert caller["auth_type"] == "api_key"
    assert caller["collection_version"] == "0.1.0"
    assert caller["sdk_version"].startswith("2.")


def test_every_kind_in_every_region(sim: Simulator) -> None:
    furnish(
        sim,
        volumes=[volumes(2, key="key-a"), volumes(name="far", region=PHX), volumes(name="root", compartment="root")],
        boot_volumes=[volumes(name="boot", region=FRA, key="key-fra")],
        volume_backups=[
            {"name": "backup", "of": "volume-1", "key": "key-b"},
            {
                "name": "locked",
                "of": "volume-1",
                "retention_period": {"unit": "DAYS", "amount": 30},
                "is_retention_lock_enabled": True,
            },
            {"name": "held", "of": "volume-1", "is_indefinite_retention_enabled": True},
        ],
        boot_volume_backups=[{"name": "boot-backup", "of": "boot-1", "region": FRA, "key": "key-fra"}],
    )

    ran = look(sim, regions=["all"])

    found = by_name(ran)
    assert {name: (one["type"], one["region"], one["kms_key_id"]) for name, one in found.items()} == {
        "volume-1": ("volume", IAD, sim.id("key-a")),
        "volume-2": ("volume", IAD, sim.id("key-a")),
        "root-1": ("volume", IAD, None),
        "far-1": ("volume", PHX, None),
        "boot-1": ("boot_volume", FRA, sim.id("key-fra")),
        "backup": ("volume_backup", IAD, sim.id("key-b")),
        "locked": ("volume_backup", IAD, None),
        "held": ("volume_backup", IAD, None),
        "boot-backup": ("boot_volume_backup", FRA, sim.id("key-fra")),
    }
    assert found["locked"]["locked"] == "it is under retention lock"
    assert found["held"]["locked"] == "it is under legal hold"
    assert found["root-1"]["compartment_id"] == sim.id("root")
    assert ran.result["scanned"]["regions"] == [IAD, PHX, FRA]
    summary = ran.result["summary"]
    assert {name: summary[name] for name in ("total", "customer", "oracle", "unreadable", "kms_keys")} == {
        "total": 9,
        "customer": 5,
        "oracle": 4,
        "unreadable": 0,
        "kms_keys": 3,
    }
    assert summary["by_region"][FRA] == {
        "total": 2,
        "customer": 2,
        "oracle": 0,
        "by_type": {
            "boot_volume": {"total": 1, "customer": 1, "oracle": 0},
            "boot_volume_backup": {"total": 1, "customer": 1, "oracle": 0},
        },
    }
    assert summary["by_type"]["volume_backup"] == {"total": 3, "customer": 1, "oracle": 2}
    assert {one["kms_key_id"]: one["total"] for one in summary["by_key"]} == {
        sim.id("key-a"): 2,
        sim.id("key-fra"): 2,
        sim.id("key-b"): 1,
    }


class TestWhere:
    @pytest.fixture(autouse=True)
    def tree(self, sim: Simulator) -> None:
        furnish(
            sim,
            compartments=[
                {"name": "prod", "children": [{"name": "db", "children": ["logs"]}]},
                "security",
                {"name": "old", "state": "DELETED"},
                {"name": "ManagedCompartmentForPaaS", "children": ["paas"]},
            ],
            volumes=[
                volumes(name=f"in-{name}", compartment=name)
                for name in ("root", "prod", "db", "logs", "security", "old", "paas")
            ],
        )

    @pytest.mark.parametrize(
        ("given", "recursive", "found"),
        [
            (None, True, {"root", "prod", "db", "logs", "security", "paas"}),
            (None, False, {"root"}),
            (["root"], True, {"root", "prod", "db", "logs", "security", "paas"}),
            (["prod"], True, {"prod", "db", "logs"}),
            (["prod"], False, {"prod"}),
            (["db", "prod", "security"], True, {"prod", "db", "logs", "security"}),
            (["db", "security"], False, {"db", "security"}),
            (["old"], True, set()),
        ],
    )
    def test_compartments(self, sim: Simulator, given: list[str] | None, recursive: bool, found: set[str]) -> None:
        ids = None if given is None else [sim.id(name) for name in given]

        ran = look(sim, compartment_ids=ids, recursive=recursive, resource_types=["volume"])

        assert set(by_name(ran)) == {f"in-{name}-1" for name in found}
        assert ran.result["complete"]
        assert ran.calls["ListCompartments"] == 1
        assert ran.calls.get("ListVolumes", 0) == len(ran.result["scanned"]["compartments"])

    def test_a_deleted_compartment_is_skipped_and_told(self, sim: Simulator) -> None:
        ran = look(sim)
        assert ran.result["scanned"]["skipped_compartments"] == [
            {"id": sim.id("old"), "name": "old", "path": "old", "reason": "it is DELETED"}
        ]

    def test_a_compartment_in_another_state_leaves_it_incomplete(self, sim: Simulator) -> None:
        sim.change(sim.id("security"), state="INACTIVE")

        ran = look(sim)

        assert "in-security-1" not in by_name(ran)
        assert not ran.result["complete"]
        assert "1 compartment skipped" in ran.msg

    def test_what_platform_services_manage(self, sim: Simulator) -> None:
        assert [name for name, one in by_name(look(sim)).items() if one["managed_by_paas"]] == ["in-paas-1"]
        ran = look(sim, compartment_ids=[sim.id("paas")], recursive=False)
        assert ran.only["managed_by_paas"]

    def test_the_region_of_the_connection_options_is_the_default(self, sim: Simulator) -> None:
        assert look(sim, region="phx").result["scanned"]["regions"] == [PHX]

    def test_all_regions_are_those_that_are_ready(self, sim: Simulator) -> None:
        furnish(sim, regions=[IAD, PHX, {"name": FRA, "status": "IN_PROGRESS"}])

        scanned = look(sim, regions=["ALL"]).result["scanned"]

        assert scanned["regions"] == [IAD, PHX]
        assert scanned["skipped_regions"] == [{"name": FRA, "reason": "it is IN_PROGRESS"}]

    def test_where_only_a_part_of_the_tree_may_be_read(self, sim: Simulator) -> None:
        denied = {"status": 404, "code": "NotAuthorizedOrNotFound", "message": "No."}
        for check in (True, False):
            sim.fault("status", "ListCompartments", **denied)

            ran = run(key_assignment_info.main, sim, check=check, compartment_ids=[sim.id("prod")])

            assert set(by_name(ran)) == {"in-prod-1", "in-db-1", "in-logs-1"}
            assert ran.result["complete"]
            assert ran.calls["ListCompartments"] == 4
            assert ran.calls["GetCompartment"] == 1


class TestFilters:
    @pytest.fixture(autouse=True)
    def fleet(self, sim: Simulator) -> None:
        furnish(
            sim,
            volumes=[
                volumes(name="on-a", key="key-a", freeform_tags={"Team": "payments"}),
                volumes(name="on-b", key="key-b", defined_tags={"Operations": {"Stage": "prod"}}),
                volumes(name="plain"),
            ],
            boot_volumes=[volumes(name="boot", key="key-a")],
        )

    @pytest.mark.parametrize(
        ("options", "found"),
        [
            ({"encryption": "customer"}, {"on-a-1", "on-b-1", "boot-1"}),
            ({"encryption": "oracle"}, {"plain-1"}),
            ({"keys": ["key-a"]}, {"on-a-1", "boot-1"}),
            ({"keys": ["key-a", "key-b"], "resource_types": ["volume"]}, {"on-a-1", "on-b-1"}),
            ({"keys": ["key-rsa"]}, set()),
            ({"freeform_tags": {"Team": "payments"}}, {"on-a-1"}),
            ({"freeform_tags": {"team": "payments"}}, set()),
            ({"defined_tags": {"operations": {"stage": "prod"}}}, {"on-b-1"}),
            ({"freeform_tags": {"Team": "payments"}, "encryption": "oracle"}, set()),
            ({"resource_types": ["boot_volume", ""]}, {"boot-1"}),
            ({"resource_types": "", "compartment_ids": "", "regions": "", "kms_key_ids": ""}, 4),
        ],
    )
    def test_only_what_is_asked_for(self, sim: Simulator, options: dict[str, Any], found: Any) -> None:
        given = dict(options)
        if "keys" in given:
            given["kms_key_ids"] = [sim.id(name) for name in given.pop("keys")]

        ran = look(sim, **given)

        names = set(by_name(ran))
        assert (len(names) if isinstance(found, int) else names) == found
        assert ran.result["summary"]["total"] == len(names)

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"kms_key_ids": []}, "'kms_key_ids' is an empty list. Name keys"),
            ({"kms_key_ids": ["", None]}, "'kms_key_ids' is an empty list"),
            ({"compartment_ids": []}, "'compartment_ids' is an empty list"),
            ({"regions": []}, "'regions' is an empty list"),
            ({"resource_types": []}, "'resource_types' is an empty list"),
            ({"resource_types": ["volumes"]}, "in 'resource_types' is not a resource type (did you mean 'volume'?)"),
            ({"regions": ["all", IAD]}, "names all and others"),
            ({"regions": ["us-ashburm-1"]}, "is not a known region (did you mean"),
            ({"regions": ["us-langley-1"]}, "belongs to realm oc1, us-langley-1 to oc2"),
            ({"kms_key_ids": ["ocid1.mine"]}, "'ocid1.mine' is not an OCID"),
            ({"compartment_ids": ["ocid1.volume.oc1.iad.x"]}, "but a compartment or a tenancy is expected"),
            ({"compartment_ids": ["ocid1.tenancy.oc1..other"]}, "but the credentials are for"),
            ({"compartment_ids": ["ocid1.compartment.oc2..other"]}, "belongs to realm oc2"),
            ({"encryption": "oracle", "kms_key_ids": ["ocid1.key.oc1.iad.v.k"]}, "no resource can match both"),
            ({"encryption": ""}, "value of encryption must be one of"),
            ({"result_file": "/nowhere/x.json"}, "there is no folder '/nowhere'"),
        ],
    )
    def test_mistakes_are_told_before_anything_is_asked(
        self, sim: Simulator, options: dict[str, Any], words: str
    ) -> None:
        ran = run(key_assignment_info.main, sim, **options)
        assert ran.failed
        assert words in ran.msg
        assert "Traceback" not in ran.printed
        assert ran.calls == {}


@pytest.mark.parametrize("state", ["TERMINATING", "TERMINATED"])
def test_what_is_gone_is_left_out(sim: Simulator, state: str) -> None:
    furnish(sim, volumes=[volumes(), volumes(name="gone", state=state)])
    assert list(by_name(look(sim))) == ["volume-1"]


def test_the_file_has_all_whatever_the_result_lists(sim: Simulator, tmp_path: Path) -> None:
    furnish(sim, volumes=[volumes(3)])
    file = tmp_path / "assignments.json"

    for which, listed in (("all", 3), ("changed", 0), ("summary", 0)):
        ran = look(sim, result=which, result_file=str(file))
        assert len(ran.resources) == listed
        content = json.loads(file.read_text())
        assert len(content["resources"]) == 3
        assert content["complete"] is True
        assert {*content} == {"format", "version", *ran.result} - {"warnings", "invocation"}
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("options", "whole"),
    [
        ({"regions": ["all"]}, (True, True)),
        ({"regions": ["iad", "phx", "fra"]}, (False, True)),
        ({"regions": ["all"], "compartment_ids": ["root"]}, (True, True)),
        ({"regions": ["all"], "compartment_ids": ["prod"]}, (True, False)),
        ({"regions": ["all"], "recursive": False}, (True, False)),
    ],
)
def test_whether_everything_was_looked_at(sim: Simulator, options: dict[str, Any], whole: tuple[bool, bool]) -> None:
    if "compartment_ids" in options:
        options = {**options, "compartment_ids": [sim.id(name) for name in options["compartment_ids"]]}
    filters = {"kms_key_ids": [sim.id("key-a")], "encryption": "customer"}
    scanned = look(sim, **options, **filters).result["scanned"]
    assert (scanned["all_regions"], scanned["whole_tenancy"]) == whole
    assert scanned["filters"] == {**NO_FILTERS, **filters}
