# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every answer the simulator can give, held against the SDK's own models."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import oci
import pytest
import yaml

from simulator.client import Simulator
from simulator.kinds.backup_base import STATES as BACKUP_STATES
from simulator.kinds.groups import STATES as GROUP_STATES
from simulator.kinds.groups import GroupBackup
from simulator.kinds.instance_pools import POOL_STATES
from simulator.kinds.instances import STATES as INSTANCE_STATES
from simulator.kinds.keys import STATES as KEY_STATES
from simulator.kinds.node_pools import STATES as NODE_POOL_STATES
from simulator.kinds.vaults import STATES as VAULT_STATES
from simulator.kinds.volumes import STATES as VOLUME_STATES
from simulator.operations import ALL

IAD, FRA = "us-ashburn-1", "eu-frankfurt-1"
CORE, KMS = oci.core.models, oci.key_management.models


_LIST = re.compile(r"list\[(.+)\]")
_MAP = re.compile(r"dict\(str, (.+)\)")
_PLAIN: dict[str, type | tuple[type, ...]] = {
    "str": str,
    "int": int,
    "float": (int, float),
    "bool": bool,
    "object": object,
    "datetime": str,
}
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def check(value: Any, type_name: str, models: ModuleType, where: str = "") -> None:
    """Fails with the place and the fault."""
    where = where or type_name
    if listed := _LIST.fullmatch(type_name):
        assert isinstance(value, list), where
        for number, row in enumerate(value):
            check(row, listed[1], models, f"{where}[{number}]")
    elif mapped := _MAP.fullmatch(type_name):
        assert isinstance(value, dict), where
        for name, row in value.items():
            check(row, mapped[1], models, f"{where}.{name}")
    elif type_name in _PLAIN:
        assert isinstance(value, _PLAIN[type_name]), f"{where}: {value!r} is no {type_name}"
        if type_name == "datetime":
            assert _DATE.fullmatch(value), f"{where}: {value!r}"
    else:
        _check_model(value, getattr(models, type_name), models, where)


# What the service has been recorded to answer besides.
_RECORDED = {
    "Tenancy": frozenset({"compartmentId", "homeRegion", "lifecycleState", "oracleMyServicesIdentifier", "timeCreated"})
}


def _check_model(value: Any, model: Any, models: ModuleType, where: str) -> None:
    assert isinstance(value, dict), where
    if hasattr(model, "get_subtype"):
        model = getattr(models, model.get_subtype(value))
    empty = model()
    names = {wire: attribute for attribute, wire in empty.attribute_map.items()}
    unknown = value.keys() - names.keys() - _RECORDED.get(model.__name__, frozenset())
    assert not unknown, f"{where}: the SDK doesn't know {unknown}"
    for wire, attribute in names.items():
        if "**[Required]**" in (getattr(model, attribute).__doc__ or ""):
            assert value.get(wire) is not None, f"{where}: {wire} is required"
        if value.get(wire) is None:
            continue
        check(value[wire], empty.swagger_types[attribute], models, f"{where}.{wire}")
        known = _enum(model, attribute)
        assert not known or value[wire] in known, f"{where}.{wire}: {value[wire]!r} is none of {known}"


def _enum(model: Any, attribute: str) -> set[str]:
    if "Allowed values" not in (getattr(model, attribute).__doc__ or ""):
        return set()
    start = f"{attribute.upper()}_"
    return {text for name, text in vars(model).items() if name.startswith(start) and isinstance(text, str)}


@pytest.fixture
def rich(sim: Simulator) -> Simulator:
    """The small fleet with every state, kind of key and kind of volume that there is."""
    fleet = yaml.safe_load((Path(__file__).resolve().parents[2] / "simulator/fleets/small.yml").read_text())
    fleet["keys"] += [{"name": f"state-{state}", "vault": "global", "state": state} for state in KEY_STATES]
    fleet["keys"] += [
        {"name": "curve", "vault": "global", "algorithm": "ECDSA"},
        {"name": "soft", "vault": "global", "protection_mode": "SOFTWARE", "auto_rotation": True},
    ]
    fleet["vaults"] += [
        {"name": f"vault-{state}", "region": FRA, "compartment": "prod", "state": state, "type": "DEFAULT"}
        for state in VAULT_STATES
    ]
    replica = [{"region": FRA, "key": "fra-a"}]
    for section in ("volumes", "boot_volumes"):
        fleet[section] += [
            {
                "name": f"{section}-{state}",
                "region": IAD,
                "compartment": "prod",
                "state": state,
                "key": "key-a",
                "freeform_tags": {"a": "b"},
                "defined_tags": {"n": {"k": "v"}},
                "replicas": replica,
                "volume_group_id": "ocid1.volumegroup.oc1.iad.abc",
            }
            for state in VOLUME_STATES
        ]
    backup = {
        "region": IAD,
        "compartment": "prod",
        "key": "key-a",
        "retention_period": {"unit": "DAYS", "amount": 3},
        "is_prevent_deletion_enabled": True,
        "is_retention_lock_enabled": False,
        "is_indefinite_retention_enabled": True,
        "source": "ocid1.volumebackup.oc1.iad.abc",
        "of": "ocid1.volume.oc1.iad.abc",
    }
    for section in ("volume_backups", "boot_volume_backups"):
        fleet[section] += [backup | {"name": f"{section}-{state}", "state": state} for state in BACKUP_STATES]
    del backup["key"]
    fleet["volume_groups"] += [
        {"name": f"group-{state}", "region": IAD, "compartment": "prod", "state": state} for state in GROUP_STATES
    ]
    fleet["volume_group_backups"] += [
        backup | {"name": f"group-backup-{state}", "state": state} for state in GroupBackup.states
    ]
    fleet["instances"] = [
        {"name": f"host-{state}", "region": IAD, "compartment": "prod", "volumes": ["db-1", "boot-1"], "state": state}
        for state in INSTANCE_STATES
    ]
    _with_what_volumes_are_born_with(fleet)
    sim.reset(fleet)
    sim.set(kms_rate=0)
    return sim


def _with_what_volumes_are_born_with(fleet: dict[str, Any]) -> None:
    here: dict[str, Any] = {"region": IAD, "compartment": "prod"}
    fleet["instance_configurations"] = [
        here | {"name": "one", "key": "key-a", "volumes": [{"key": "key-b"}, {}, {"volume": "db-1"}]},
        here | {"name": "several", "instance_type": "instance_options"},
        here | {"name": "existing", "boot": "boot_volume", "freeform_tags": {"a": "b"}},
        here | {"name": "deferred", "boot": "none"},
        here | {"name": "of-clusters", "source": "GMC"},
    ]
    fleet["instance_pools"] = [
        here | {"name": f"pool-{state}", "configuration": "one", "state": state} for state in POOL_STATES
    ]
    fleet["node_pools"] = [
        *(here | {"name": f"nodes-{state}", "key": "key-a", "state": state} for state in NODE_POOL_STATES),
        here | {"name": "nodes-old", "old_form": True},
        here | {"name": "nodes-cycled", "cycling": True},
    ]


class Recorder:
    """Keeps the raw answers of SDK clients, which themselves go on as always."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.headers: list[Any] = []

    def watch(self, client: Any) -> Any:
        client.base_client.session.hooks["response"].append(self._keep)
        return client

    def _keep(self, response: Any, *args: Any, **more: Any) -> None:
        self.bodies.append(response.content)
        self.headers.append(response.headers)

    def last(self) -> Any:
        return json.loads(self.bodies[-1])


def _known(value: Any) -> Iterator[str]:
    """All texts in what the SDK has made of an answer."""
    if isinstance(value, dict):
        for row in value.values():
            yield from _known(row)
    elif isinstance(value, (list, tuple)):
        for row in value:
            yield from _known(row)
    elif isinstance(value, str):
        yield value


def test_every_answer_fits_its_model(rich: Simulator, sdk: Callable[..., Any]) -> None:
    raw = Recorder()
    seen: set[str] = set()

    def verify(answer: Any, type_name: str, models: Any) -> Any:
        seen.add(rich.calls()[-1].operation)
        assert answer.status in (200, 202, 204)
        headers = raw.headers[-1]
        assert len(headers["opc-request-id"]) > len(answer.request.header_params["opc-request-id"])
        if type_name:
            check(raw.last(), type_name, models)
            assert "UNKNOWN_ENUM_VALUE" not in set(_known(oci.util.to_dict(answer.data)))
        return answer

    prod, root = rich.id("prod"), rich.id("root")
    block = raw.watch(sdk(oci.core.BlockstorageClient))
    volume, boot = rich.id("db-1"), rich.id("boot-1")
    for kind, title, ident in (("volume", "Volume", volume), ("boot_volume", "BootVolume", boot)):
        verify(getattr(block, f"get_{kind}")(ident), title, CORE)
        listed = verify(getattr(block, f"list_{kind}s")(compartment_id=prod), f"list[{title}]", CORE)
        assert {row.lifecycle_state for row in listed.data} >= set(VOLUME_STATES)
        details = getattr(CORE, f"Update{title}Details")(display_name="new", vpus_per_gb=20, size_in_gbs=60)
        assert verify(getattr(block, f"update_{kind}")(ident, details), title, CORE).data.display_name == "new"
        details = getattr(CORE, f"Update{title}KmsKeyDetails")(kms_key_id=rich.id("key-a"))
        rich.set(transition="immediate")
        verify(getattr(block, f"update_{kind}_kms_key")(ident, details), f"{title}KmsKey", CORE)
        verify(getattr(block, f"get_{kind}_kms_key")(ident), f"{title}KmsKey", CORE)
        verify(getattr(block, f"delete_{kind}_kms_key")(ident), "", CORE)
        for answer in ("null", "absent", "empty"):
            rich.set(kms_key_get_oracle_managed=answer, oracle_managed_field=answer)
            verify(getattr(block, f"get_{kind}_kms_key")(ident), f"{title}KmsKey", CORE)
            verify(getattr(block, f"get_{kind}")(ident), title, CORE)

    work = raw.watch(sdk(oci.work_requests.WorkRequestClient))
    there = raw.watch(sdk(oci.core.BlockstorageClient, FRA))
    for kind, title, name in (
        ("volume_backup", "VolumeBackup", "backup-key-1"),
        ("boot_volume_backup", "BootVolumeBackup", "boot-backup-key"),
        ("volume_group_backup", "VolumeGroupBackup", "group-backup"),
    ):
        ident, states = rich.id(name), GroupBackup.states if "group" in kind else BACKUP_STATES
        for answer in ("null", "absent", "empty"):
            rich.set(oracle_managed_field=answer)
            verify(getattr(block, f"get_{kind}")(ident), title, CORE)
        listed = verify(getattr(block, f"list_{kind}s")(compartment_id=prod), f"list[{title}]", CORE)
        assert {row.lifecycle_state for row in listed.data} >= set(states)
        details = getattr(CORE, f"Copy{title}Details")(destination_region=FRA, kms_key_id=rich.id("fra-a"))
        for seconds in (30, 0):
            rich.set(copy_settle=seconds)
            copied = verify(getattr(block, f"copy_{kind}")(ident, details), title, CORE)
            verify(getattr(there, f"get_{kind}")(copied.data.id), title, CORE)
            if "group" not in kind:
                models = oci.work_requests.models
                verify(work.get_work_request(copied.headers["opc-work-request-id"]), "WorkRequest", models)
        if "group" not in kind:
            period = CORE.RetentionDuration(retention_time_unit="YEARS", retention_time_amount=1)
            details = getattr(CORE, f"Update{title}Details")(kms_key_id="", retention_period=period)
            verify(getattr(block, f"update_{kind}")(ident, details), title, CORE)
            verify(getattr(block, f"delete_{kind}")(ident), "", CORE)

    verify(block.get_volume_group(rich.id("db-group")), "VolumeGroup", CORE)
    listed = verify(block.list_volume_groups(prod), "list[VolumeGroup]", CORE)
    assert {row.lifecycle_state for row in listed.data} == set(GROUP_STATES)
    compute = raw.watch(sdk(oci.core.ComputeClient))
    listed = verify(compute.list_instances(prod), "list[Instance]", CORE)
    assert {row.lifecycle_state for row in listed.data} == set(INSTANCE_STATES)
    domain = listed.data[0].availability_domain
    assert verify(compute.list_volume_attachments(prod), "list[VolumeAttachment]", CORE).data
    assert verify(compute.list_boot_volume_attachments(domain, prod), "list[BootVolumeAttachment]", CORE).data
    for kind, title in (("block_volume_replica", "BlockVolumeReplica"), ("boot_volume_replica", "BootVolumeReplica")):
        for row in verify(getattr(there, f"list_{kind}s")(), f"list[{title}]", CORE).data:
            verify(getattr(there, f"get_{kind}")(row.id), title, CORE)
    for filters in ({}, {"compartment_id": prod}):
        for row in verify(block.list_volume_backup_policies(**filters), "list[VolumeBackupPolicy]", CORE).data:
            verify(block.get_volume_backup_policy(row.id), "VolumeBackupPolicy", CORE)
    for name, policy, key in (("db-2", "gold", None), ("db-group", "to-frankfurt", rich.id("fra-a"))):
        details = CORE.CreateVolumeBackupPolicyAssignmentDetails(
            asset_id=rich.id(name), policy_id=rich.id(policy), xrc_kms_key_id=key
        )
        title = "VolumeBackupPolicyAssignment"
        verify(block.create_volume_backup_policy_assignment(details), title, CORE)
        (row,) = verify(block.get_volume_backup_policy_asset_assignment(details.asset_id), f"list[{title}]", CORE).data
        assert row.xrc_kms_key_id == key
        verify(block.get_volume_backup_policy_assignment(row.id), title, CORE)
        verify(block.delete_volume_backup_policy_assignment(row.id), "", CORE)

    vaults = raw.watch(sdk(oci.key_management.KmsVaultClient, FRA))
    listed = verify(vaults.list_vaults(prod), "list[VaultSummary]", KMS)
    assert {row.lifecycle_state for row in listed.data} == set(VAULT_STATES)
    for row in listed.data:
        verify(vaults.get_vault(row.id), "Vault", KMS)
    glob = rich.id("vault:global")
    verify(vaults.list_vault_replicas(glob), "list[VaultReplicaSummary]", KMS)
    for region in (FRA, IAD):
        endpoint = sdk(oci.key_management.KmsVaultClient, region).get_vault(glob).data.management_endpoint
        keys = raw.watch(sdk(oci.key_management.KmsManagementClient, region, service_endpoint=endpoint))
        summaries = verify(keys.list_keys(prod), "list[KeySummary]", KMS)
        assert {row.lifecycle_state for row in summaries.data} == set(KEY_STATES)
        for row in summaries.data:
            assert verify(keys.get_key(row.id), "Key", KMS).data.is_primary is (region == FRA)
            verify(keys.list_key_versions(row.id), "list[KeyVersionSummary]", KMS)
    endpoint = rich.resource(rich.id("vault:main"))["managementEndpoint"]
    keys = raw.watch(sdk(oci.key_management.KmsManagementClient, service_endpoint=endpoint))
    for name in ("rsa", "outside", "rotated"):
        verify(keys.get_key(rich.id(name)), "Key", KMS)

    identity = raw.watch(sdk(oci.identity.IdentityClient))
    models = oci.identity.models
    verify(identity.get_tenancy(root), "Tenancy", models)
    verify(identity.list_region_subscriptions(root), "list[RegionSubscription]", models)
    verify(identity.list_availability_domains(root), "list[AvailabilityDomain]", models)
    listed = verify(identity.list_compartments(root, compartment_id_in_subtree=True), "list[Compartment]", models)
    for ident in [root, *(row.id for row in listed.data if row.is_accessible)]:
        verify(identity.get_compartment(ident), "Compartment", models)

    search = raw.watch(sdk(oci.resource_search.ResourceSearchClient))
    models = oci.resource_search.models
    query = models.StructuredSearchDetails(query="query all resources return allAdditionalFields")
    verify(search.search_resources(query), "ResourceSummaryCollection", models)

    block = raw.watch(sdk(oci.core.BlockstorageClient))
    rich.set(settle=0)
    place = {"availability_domain": block.get_volume(volume).data.availability_domain, "compartment_id": prod}
    made = verify(block.create_volume(CORE.CreateVolumeDetails(size_in_gbs=50, **place)), "Volume", CORE)
    backed_up = CORE.CreateVolumeBackupDetails(volume_id=made.data.id, type="FULL")
    verify(block.create_volume_backup(backed_up), "VolumeBackup", CORE)
    boot = next(
        row.id for row in block.list_boot_volumes(compartment_id=prod).data if row.lifecycle_state == "AVAILABLE"
    )
    backed_up = CORE.CreateBootVolumeBackupDetails(boot_volume_id=boot, type="FULL")
    verify(block.create_boot_volume_backup(backed_up), "BootVolumeBackup", CORE)
    source = CORE.VolumeGroupSourceFromVolumesDetails(volume_ids=[made.data.id])
    grouped = CORE.CreateVolumeGroupDetails(source_details=source, **place)
    group = verify(block.create_volume_group(grouped), "VolumeGroup", CORE)
    renamed = oci.core.models.UpdateVolumeGroupDetails(display_name="renamed", volume_group_replicas=[])
    verify(block.update_volume_group(group.data.id, renamed), "VolumeGroup", CORE)
    verify(block.delete_volume_group(group.data.id), "", CORE)
    verify(block.delete_volume(made.data.id), "", CORE)

    management = raw.watch(sdk(oci.core.ComputeManagementClient))
    for answer in ("null", "absent", "empty"):
        rich.set(oracle_managed_field=answer)
        listed = verify(management.list_instance_configurations(prod), "list[InstanceConfigurationSummary]", CORE)
        for row in listed.data:
            found = verify(management.get_instance_configuration(row.id), "InstanceConfiguration", CORE).data
            if found.source == "INSTANCE":
                details = CORE.CreateInstanceConfigurationDetails(
                    compartment_id=prod, display_name="copy", instance_details=found.instance_details
                )
                verify(management.create_instance_configuration(details), "InstanceConfiguration", CORE)
    listed = verify(management.list_instance_pools(prod), "list[InstancePoolSummary]", CORE)
    assert {row.lifecycle_state for row in listed.data} == set(POOL_STATES)
    pool = verify(management.get_instance_pool(rich.id("pool-RUNNING")), "InstancePool", CORE).data
    moved = CORE.UpdateInstancePoolDetails(instance_configuration_id=rich.id("several"))
    verify(management.update_instance_pool(pool.id, moved), "InstancePool", CORE)

    models = oci.container_engine.models
    engine = raw.watch(sdk(oci.container_engine.ContainerEngineClient))
    for shown in ("shown", "no_key", "absent"):
        rich.set(node_pool_list_details=shown)
        listed = verify(engine.list_node_pools(prod), "list[NodePoolSummary]", models)
        assert {row.lifecycle_state for row in listed.data} == set(NODE_POOL_STATES)
    for row in listed.data:
        verify(engine.get_node_pool(row.id), "NodePool", models)
    config = models.UpdateNodePoolNodeConfigDetails(kms_key_id=rich.id("key-b"))
    details = models.UpdateNodePoolDetails(node_config_details=config)
    verify(engine.update_node_pool(rich.id("nodes-ACTIVE"), details), "", models)

    assert seen == {operation.name for operation in ALL}


def test_errors_have_code_and_message(sim: Simulator, block: Any, refused: Callable[..., Any]) -> None:
    error = refused(404, "NotAuthorizedOrNotFound", block.get_volume, "ocid1.volume.oc1.iad.nothing")
    assert error.message == "Authorization failed or requested resource not found."
    assert error.request_id
