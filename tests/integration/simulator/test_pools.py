# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Instance configurations, instance pools and node pools: what new volumes are born with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import oci
import pytest
import yaml

from simulator.client import Simulator

IAD = "us-ashburn-1"
CORE, OKE = oci.core.models, oci.container_engine.models


@pytest.fixture
def born(sim: Simulator) -> Simulator:
    fleet = yaml.safe_load((Path(__file__).resolve().parents[2] / "simulator/fleets/small.yml").read_text())
    here = {"region": IAD, "compartment": "prod"}
    fleet["instance_configurations"] = [
        here | {"name": "web", "key": "key-a", "volumes": [{"key": "key-b"}, {}, {"volume": "db-1"}]},
        here | {"name": "other"},
        here | {"name": "not-seen", "may_inspect": False},
    ]
    fleet["instance_pools"] = [
        here | {"name": "pool", "configuration": "web"},
        here | {"name": "scaling", "configuration": "web", "state": "SCALING"},
    ]
    fleet["node_pools"] = [
        here | {"name": "workers", "key": "key-a"},
        here | {"name": "cycled", "cycling": True},
        here | {"name": "nodes-not-seen", "may_inspect": False},
    ]
    sim.reset(fleet)
    sim.set(kms_rate=0)
    return sim


@pytest.fixture
def management(born: Simulator, sdk: Callable[..., Any]) -> Any:
    return sdk(oci.core.ComputeManagementClient)


@pytest.fixture
def engine(born: Simulator, sdk: Callable[..., Any]) -> Any:
    return sdk(oci.container_engine.ContainerEngineClient)


def _create(client: Any, compartment: str, details: Any, token: str | None = None) -> Any:
    body = CORE.CreateInstanceConfigurationDetails(
        compartment_id=compartment, display_name="copy", freeform_tags={"of": "web"}, instance_details=details
    )
    return client.create_instance_configuration(body, **({"opc_retry_token": token} if token else {}))


def _key(key: str | None, **more: Any) -> Any:
    return OKE.UpdateNodePoolDetails(node_config_details=OKE.UpdateNodePoolNodeConfigDetails(kms_key_id=key, **more))


def test_rows_of_configurations_have_no_details(born: Simulator, management: Any, refused: Callable[..., Any]) -> None:
    listed = management.list_instance_configurations(born.id("prod")).data
    assert {row.display_name for row in listed} == {"web", "other"}
    assert not hasattr(listed[0], "instance_details")
    details = management.get_instance_configuration(born.id("web")).data.instance_details
    assert details.launch_details.source_details.kms_key_id == born.id("key-a")
    assert [row.create_details and row.create_details.kms_key_id for row in details.block_volumes] == [
        born.id("key-b"),
        None,
        None,
    ]
    assert details.block_volumes[2].volume_id == born.id("db-1")
    refused(404, "NotAuthorizedOrNotFound", management.get_instance_configuration, born.id("not-seen"))
    refused(404, "NotAuthorizedOrNotFound", management.list_instance_configurations, born.id("closed"))
    pages = oci.pagination.list_call_get_all_results(management.list_instance_configurations, born.id("prod"), limit=1)
    assert len(pages.data) == 2


def test_a_retry_token_makes_one_configuration(born: Simulator, management: Any, refused: Callable[..., Any]) -> None:
    prod, details = born.id("prod"), management.get_instance_configuration(born.id("web")).data.instance_details
    made = _create(management, prod, details, "a").data
    assert _create(management, prod, details, "a").data.id == made.id
    assert made.freeform_tags == {"of": "web"}
    assert oci.util.to_dict(made.instance_details) == oci.util.to_dict(details)
    assert _create(management, prod, details, "b").data.id != made.id
    other = management.get_instance_configuration(born.id("other")).data.instance_details
    refused(409, "InvalidatedRetryToken", _create, management, prod, other, "a")


def test_keys_of_a_configuration_may_be_judged(born: Simulator, management: Any, refused: Callable[..., Any]) -> None:
    details = management.get_instance_configuration(born.id("web")).data.instance_details
    details.launch_details.source_details.kms_key_id = born.id("disabled")
    assert _create(management, born.id("prod"), details).status == 200
    born.set(configuration_key_checked="on")
    refused(404, "NotAuthorizedOrNotFound", _create, management, born.id("prod"), details)


def test_a_pool_is_pointed_to_another_configuration(
    born: Simulator, management: Any, refused: Callable[..., Any]
) -> None:
    pool, to = born.id("pool"), CORE.UpdateInstancePoolDetails(instance_configuration_id=born.id("other"))
    etag = management.get_instance_pool(pool).headers["etag"]
    assert len(etag) == 64
    assert management.update_instance_pool(pool, to, if_match=etag).data.instance_configuration_id == born.id("other")
    refused(412, "NoEtagMatch", management.update_instance_pool, pool, to, if_match=etag)
    nowhere = CORE.UpdateInstancePoolDetails(instance_configuration_id="ocid1.instanceconfiguration.oc1.iad.none")
    refused(404, "NotAuthorizedOrNotFound", management.update_instance_pool, pool, nowhere)
    refused(409, "IncorrectState", management.update_instance_pool, born.id("scaling"), to)
    born.set(busy_pool_update="accepted")
    assert management.update_instance_pool(born.id("scaling"), to).status == 200
    listed = management.list_instance_pools(born.id("prod"), lifecycle_state="RUNNING").data
    assert [row.display_name for row in listed] == ["pool"]


def test_rows_of_node_pools_may_lack_details(born: Simulator, engine: Any) -> None:
    def shown() -> Any:
        rows = engine.list_node_pools(born.id("prod")).data
        assert {row.name for row in rows} == {"workers", "cycled"}
        return next(row.node_config_details for row in rows if row.name == "workers")

    assert shown().kms_key_id == born.id("key-a")
    born.set(node_pool_list_details="no_key")
    assert (shown().size, shown().kms_key_id) == (3, None)
    born.set(node_pool_list_details="absent")
    assert shown() is None
    assert engine.get_node_pool(born.id("workers")).data.node_config_details.kms_key_id == born.id("key-a")


def test_a_node_pool_is_updated_for_a_while(born: Simulator, engine: Any, refused: Callable[..., Any]) -> None:
    pool = born.id("workers")
    born.set(settle=30)
    answer = engine.update_node_pool(pool, _key(born.id("key-b")))
    assert (answer.status, answer.headers["opc-work-request-id"].split(".")[1]) == (202, "clustersworkrequest")
    seen = engine.get_node_pool(pool).data
    assert (seen.lifecycle_state, seen.node_config_details.kms_key_id) == ("UPDATING", born.id("key-a"))
    refused(409, "Conflict", engine.update_node_pool, pool, _key(born.id("key-a")))


@pytest.mark.parametrize(
    ("transition", "visible", "then"),
    [
        ("immediate", "at_active", ("ACTIVE", "key-b")),
        ("updating", "at_active", ("ACTIVE", "key-b")),
        ("updating", "at_once", ("ACTIVE", "key-b")),
        ("needs_attention", "at_once", ("NEEDS_ATTENTION", "key-a")),
        ("needs_attention", "at_active", ("NEEDS_ATTENTION", "key-a")),
    ],
)
def test_ways_of_an_update(born: Simulator, engine: Any, transition: str, visible: str, then: tuple[str, str]) -> None:
    pool = born.id("workers")
    born.set(settle=0, node_pool_transition=transition, node_pool_key_visible=visible)
    engine.update_node_pool(pool, _key(born.id("key-b")))
    seen = engine.get_node_pool(pool).data
    assert (seen.lifecycle_state, seen.node_config_details.kms_key_id) == (then[0], born.id(then[1]))


def test_a_new_key_of_a_node_pool_may_show_at_once(born: Simulator, engine: Any) -> None:
    born.set(settle=30, node_pool_key_visible="at_once")
    engine.update_node_pool(born.id("workers"), _key(born.id("key-b")))
    seen = engine.get_node_pool(born.id("workers")).data
    assert (seen.lifecycle_state, seen.node_config_details.kms_key_id) == ("UPDATING", born.id("key-b"))


def test_what_an_update_of_a_node_pool_leaves_out(born: Simulator, engine: Any) -> None:
    pool = born.id("workers")
    born.set(node_pool_transition="immediate")
    before = oci.util.to_dict(engine.get_node_pool(pool).data.node_config_details)
    engine.update_node_pool(pool, _key(born.id("key-b")))
    kept = oci.util.to_dict(engine.get_node_pool(pool).data.node_config_details)
    assert kept == before | {"kms_key_id": born.id("key-b")}
    born.set(node_pool_update_omitted="cleared")
    engine.update_node_pool(pool, _key(born.id("key-a")))
    cleared = engine.get_node_pool(pool).data.node_config_details
    assert (cleared.kms_key_id, cleared.size, cleared.nsg_ids) == (born.id("key-a"), 3, None)


def test_no_key_for_a_node_pool(born: Simulator, engine: Any, refused: Callable[..., Any]) -> None:
    pool = born.id("workers")
    born.set(node_pool_transition="immediate", node_pool_key_empty="refused")
    refused(400, "InvalidParameter", engine.update_node_pool, pool, _key(""))
    born.set(node_pool_key_empty="accepted")
    engine.update_node_pool(pool, _key(""))
    assert engine.get_node_pool(pool).data.node_config_details.kms_key_id is None
    refused(404, "NotAuthorizedOrNotFound", engine.update_node_pool, pool, _key(born.id("disabled")))


def test_a_key_together_with_cycling(born: Simulator, engine: Any, refused: Callable[..., Any]) -> None:
    pool, details = born.id("cycled"), _key(born.id("key-b"))
    error = refused(409, "Conflict", engine.update_node_pool, pool, details)
    assert "simultaneously" in error.message
    born.set(node_pool_key_with_cycling="accepted")
    etag = engine.get_node_pool(pool).headers["etag"]
    assert engine.update_node_pool(pool, details, if_match=etag).status == 202
    refused(412, "NoEtagMatch", engine.update_node_pool, pool, details, if_match=etag)
    refused(404, "NotAuthorizedOrNotFound", engine.get_node_pool, born.id("nodes-not-seen"))
