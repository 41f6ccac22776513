# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.support import terraform_states as states
from unit.support.fake_cloud import KEY_A, KEY_B, volume_id

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents import terraform_state
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.json_reader import JsonNode
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.terraform_state import (
    parse_terraform_state,
    read_terraform_states,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.terraform import ManagedKey


def parsed(state: Any) -> list[ManagedKey]:
    return parse_terraform_state(JsonNode(state, "state.json"), "state.json")


def shown(path: Path) -> list[tuple[str, str, str, str, str | None]]:
    return [
        (one.address, one.attribute, one.resource_type, one.ocid, one.kms_key_id)
        for one in parsed(json.loads(path.read_text(encoding="utf-8")))
    ]


def test_a_state_of_terraform_1_5() -> None:
    boot_volume, boot_backup = volume_id(1, kind="bootvolume"), volume_id(1, kind="bootvolumebackup")
    inner = 'module.disks["eu west"].'
    backups = f"{inner}module.backups[0]."
    assert shown(states.TERRAFORM_1_5) == [
        ("oci_core_volume.by_count[0]", "kms_key_id", "volume", volume_id(1), KEY_B),
        ("oci_core_volume.by_count[1]", "kms_key_id", "volume", volume_id(2), KEY_B),
        (r'oci_core_volume.by_key["logs \"old\".a[1]"]', "kms_key_id", "volume", volume_id(3), None),
        ("oci_core_instance.web", "source_details.kms_key_id", "boot_volume", boot_volume, KEY_B),
        (f"{inner}oci_core_boot_volume.data", "kms_key_id", "boot_volume", volume_id(2, kind="bootvolume"), None),
        (
            f"{backups}oci_core_volume_backup.nightly",
            "kms_key_id",
            "volume_backup",
            volume_id(1, kind="volumebackup"),
            KEY_B,
        ),
        (
            f"{backups}oci_core_boot_volume_backup.copy",
            "source_details.kms_key_id",
            "boot_volume_backup",
            boot_backup,
            KEY_B,
        ),
    ]


def test_a_state_of_opentofu_1_8() -> None:
    kind, group = "policy_assignment", volume_id(1, kind="volumegroup")
    assert shown(states.OPENTOFU_1_8) == [
        (
            'oci_core_volume_backup_policy_assignment.gold["a/b"]',
            "xrc_kms_key_id",
            kind,
            volume_id(1),
            KEY_B,
        ),
        ("oci_core_volume_group.with_policy", "xrc_kms_key_id", kind, group, KEY_B),
        ("oci_core_volume.old", "kms_key_id", "volume", volume_id(4), KEY_B),
        ("module.disks[0].oci_core_volume.data", "kms_key_id", "volume", volume_id(5), KEY_A),
        ("module.disks[0].oci_core_volume.data", "xrc_kms_key_id", kind, volume_id(5), None),
    ]


PHX_KEY = KEY_A.replace(".iad.", ".phx.")


@pytest.mark.parametrize(
    ("address", "kind", "list_name"),
    [
        ("oci_core_volume.data", "volume", "block_volume_replicas"),
        ("oci_core_boot_volume.web", "bootvolume", "boot_volume_replicas"),
        ("oci_core_volume_group.all", "volumegroup", "volume_group_replicas"),
    ],
)
def test_keys_of_replicas(address: str, kind: str, list_name: str) -> None:
    """That of the code, or what the provider has read. A replica that is not made yet is none."""
    replica = {"volume": "blockvolumereplica"}.get(kind, f"{kind}replica")
    first, second = volume_id(1, kind=replica), volume_id(2, kind=replica)
    rows = ((first, "", KEY_A), (second, PHX_KEY, KEY_A), ("", KEY_A, None))
    found = parsed(states.state(states.replicated(address, volume_id(1, kind=kind), list_name, *rows)))
    assert [(one.path, one.attribute, one.ocid, one.kms_key_id) for one in found if one.resource_type == "replica"] == [
        (f"{list_name}[0].xrr_kms_key_id", f"{list_name}.xrr_kms_key_id", first, KEY_A),
        (f"{list_name}[1].xrr_kms_key_id", f"{list_name}.xrr_kms_key_id", second, PHX_KEY),
    ]
    assert {one.replaced for one in found} <= {None}


def test_keys_of_new_volumes() -> None:
    nodes, old = volume_id(1, kind="nodepool"), volume_id(2, kind="nodepool")
    pool, ocid = volume_id(1, kind="instancepool"), volume_id(1, kind="instanceconfiguration")
    state = states.state(
        states.node_pool("oci_containerengine_node_pool.workers", nodes, KEY_A),
        states.resource("oci_containerengine_node_pool.by_subnet", id=old),
        states.resource("oci_core_instance_pool.web", id=pool),
        states.configuration("oci_core_instance_configuration.web", ocid, None, KEY_A, KEY_B),
    )
    created, one = "instance_details.block_volumes.create_details.kms_key_id", "instance_details[0]"
    assert [(one.path, one.attribute, one.ocid, one.kms_key_id, one.replaced) for one in parsed(state)] == [
        ("node_config_details[0].kms_key_id", "node_config_details.kms_key_id", nodes, KEY_A, None),
        ("node_config_details[0].kms_key_id", "node_config_details.kms_key_id", old, None, None),
        ("instance_configuration_id", "instance_configuration_id", pool, None, None),
        *(
            (path, attribute, ocid, key, "instance configuration")
            for path, attribute, key in (
                (
                    f"{one}.launch_details[0].source_details[0].kms_key_id",
                    "instance_details.launch_details.source_details.kms_key_id",
                    None,
                ),
                (f"{one}.block_volumes[0].create_details[0].kms_key_id", created, KEY_A),
                (f"{one}.block_volumes[1].create_details[0].kms_key_id", created, KEY_B),
                (
                    f"{one}.options[0].block_volumes[0].create_details[0].kms_key_id",
                    "instance_details.options.block_volumes.create_details.kms_key_id",
                    KEY_A,
                ),
            )
        ),
    ]


def test_several_states_are_read_as_one() -> None:
    found = read_terraform_states([states.TERRAFORM_1_5, states.OPENTOFU_1_8])
    assert found.files == [str(states.TERRAFORM_1_5), str(states.OPENTOFU_1_8)]
    assert found.count == 12
    (assigned,) = found.of({"type": "policy_assignment", "id": "another", "asset_id": volume_id(1)})
    assert (assigned.file, assigned.replaced) == (str(states.OPENTOFU_1_8), "policy assignment")
    assert found.of({"type": "volume", "id": volume_id(9)}) == []  # a data source
    assert found.of({"type": "volume_backup", "id": volume_id(1)}) == []


def test_types_and_names_that_are_not_known_are_passed_over() -> None:
    other = {"address": 7, "type": "aws_ebs_volume", "mode": "future", "values": None}
    known = states.volume("oci_core_volume.data", volume_id(1), None, since_1_99=True)
    state = states.state(other, known)
    state["format_version"], state["later"] = "1.99", []
    assert [one.address for one in parsed(state)] == ["oci_core_volume.data"]


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({}, "required field 'format_version'"),
        ([], "is a list; expected an object"),
        ({"format_version": "2.0", "values": {}}, 'is "2.0"; expected 1.0, or a later 1.x'),
        ({"format_version": "0.2", "values": {}}, "Terraform 1.1 or OpenTofu 1.6"),
        ({"format_version": 1.0, "values": {}}, "expected 1.0"),
        ({"format_version": "1.0"}, "is an empty state"),
        ({"version": 4, "serial": 3, "lineage": "x", "resources": []}, "is a state file itself"),
        ({"format_version": "1.2", "planned_values": {}, "resource_changes": []}, "is the JSON of a plan"),
        ({"format_version": "1.0", "values": {"root_module": {"resources": {}}}}, "expected a list"),
        ({"format_version": "1.0", "values": {"root_module": []}}, "expected an object"),
    ],
)
def test_what_is_no_state_is_refused(state: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parsed(state)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"address": "oci_core_volume.data\n- evil"}, "expected the address of a resource of type oci_core_volume"),
        ({"address": "oci_core_boot_volume.data"}, "expected the address"),
        ({"address": "data.oci_core_volume.data"}, "expected the address"),
        ({"address": 'oci_core_volume.data["a]'}, "expected the address"),
        ({"address": f"module.{'m' * 1000}.oci_core_volume.data"}, "expected the address"),
        ({"mode": None}, "required field 'values.root_module.resources[0].mode'"),
        ({"values": {"id": volume_id(1, kind="bootvolume")}}, "values.root_module.resources[0].values.id"),
        ({"values": {"id": "x"}}, "values.root_module.resources[0].values.id"),
        ({"values": {"id": volume_id(1), "kms_key_id": volume_id(2)}}, "values.kms_key_id"),
        ({"values": None}, "expected an object|required field"),
    ],
)
def test_a_resource_that_is_not_as_expected_is_refused(more: dict[str, Any], message: str) -> None:
    resource = {**states.volume("oci_core_volume.data", volume_id(1), None), **more}
    with pytest.raises(InputError) as caught:
        parsed(states.state(resource))
    assert any(part in str(caught.value) for part in message.split("|"))


def test_modules_may_not_be_nested_for_ever() -> None:
    module: dict[str, Any] = {"resources": []}
    for _ in range(60):
        module = {"child_modules": [module]}
    with pytest.raises(InputError, match="in more than 50 modules"):
        parsed({"format_version": "1.0", "values": {"root_module": module}})


def test_a_large_file_is_not_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terraform_state, "MOST_STATE_BYTES", 100)
    with pytest.raises(InputError, match="is larger than"):
        read_terraform_states([states.TERRAFORM_1_5])
    monkeypatch.setattr(terraform_state, "MOST_STATES", 1)
    with pytest.raises(InputError, match="at most 1 are read"):
        read_terraform_states([tmp_path / "a", tmp_path / "b"])


def test_no_message_shows_a_secret_of_the_state() -> None:
    content = json.loads(states.TERRAFORM_1_5.read_text(encoding="utf-8"))
    for place in range(len(content["values"]["root_module"]["resources"])):
        broken = copy.deepcopy(content)
        broken["values"]["root_module"]["resources"][place].update(address=7, type="oci_core_volume", mode="managed")
        with pytest.raises(InputError) as caught:
            parsed(broken)
        assert "swordfish" not in str(caught.value)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["resources", "child_modules", "type", "mode", "values", "id"]), inner)
    ),
    max_leaves=15,
)


@given(_JSON)
def test_whatever_it_is_the_error_is_one_of_ours(value: Any) -> None:
    for state in (value, {"format_version": "1.0", "values": value}, states.state(value)):
        try:
            parsed(state)
        except InputError:
            continue
