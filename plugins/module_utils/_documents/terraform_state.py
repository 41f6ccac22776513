# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of Terraform or OpenTofu as ``terraform show -json`` prints it, read with distrust. Raises InputError.

The format is that of HashiCorp's page "JSON Output Format", "State Representation", of major version 1, which
Terraform writes since 1.1 and OpenTofu from the start. As that page asks, unknown names are passed over, and other
major versions are refused. Nothing but addresses, OCIDs and keys is kept, since a state has secrets in plain text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from .._common.errors import InputError
from .._model.resource_types import (
    ASSIGNMENT,
    INSTANCE_CONFIGURATION,
    INSTANCE_POOL,
    NODE_POOL,
    REPLICA,
    RESOURCE_TYPES,
)
from .._model.terraform import (
    CONFIGURATION,
    COPIES_KEY,
    INSTANCE,
    KEY,
    POLICY_ASSIGNMENT,
    POOLS_CONFIGURATION,
    REPLICA_KEY,
    ManagedKey,
    TerraformStates,
)
from .json_reader import JsonNode, parse_json, read_bytes

MOST_STATES = 500
MOST_STATE_BYTES = 64 * 1024 * 1024
"""The largest state that is read: some 10,000 resources, whatever they are."""

_MOST_MODULE_DEPTH = 50
_MOST_ADDRESS = 1000

_VERSION = re.compile(r"1\.[0-9]{1,6}", re.ASCII)
_NAME = r"[^\W\d][\w-]*"
_INDEX = r'(?:\[(?:[0-9]+|"(?:[^"\\]|\\.)*")\])?'
_ADDRESS = re.compile(rf"(?:module\.{_NAME}{_INDEX}\.)*(?P<type>{_NAME})\.{_NAME}{_INDEX}")

_SOURCE_PATH = f"source_details[0].{KEY}"

# The resources that have a key themselves, by the types of Terraform.
_OWN_KEY = {
    "oci_core_volume": "volume",
    "oci_core_boot_volume": "boot_volume",
    "oci_core_volume_backup": "volume_backup",
    "oci_core_boot_volume_backup": "boot_volume_backup",
}
# Those that may bring a backup policy with them.
_WITH_POLICY = ("oci_core_volume", "oci_core_boot_volume", "oci_core_volume_group")
# Those that may have replicas: their list of them, and the OCID in each of its rows.
_REPLICAS = {
    "oci_core_volume": ("block_volume_replicas", "block_volume_replica_id"),
    "oci_core_boot_volume": ("boot_volume_replicas", "boot_volume_replica_id"),
    "oci_core_volume_group": ("volume_group_replicas", "volume_group_replica_id"),
}
# What new volumes are born with.
_POOL, _NODE_POOL = "oci_core_instance_pool", "oci_containerengine_node_pool"
_KNOWN = {*_OWN_KEY, *_WITH_POLICY, INSTANCE, POLICY_ASSIGNMENT, CONFIGURATION, _POOL, _NODE_POOL}

_Key = tuple[str, str, str, "str | None"]
"""The path of an attribute, the type and the OCID of the resource here, and the key that the state has."""


def read_terraform_states(paths: Sequence[Path]) -> TerraformStates:
    """What the states in these files manage."""
    if len(paths) > MOST_STATES:
        raise InputError(
            f"{len(paths):,} states of Terraform are given, but at most {MOST_STATES:,} are read. Give those of the "
            "compartments in scope"
        )
    found: list[ManagedKey] = []
    for path in paths:
        content = read_bytes(path)
        if len(content) > MOST_STATE_BYTES:
            raise InputError(
                f"{str(path)!r} is larger than {MOST_STATE_BYTES // 1024**2} MiB, so it is not read. Leave out of it "
                "what is not of Block Volume"
            )
        found += parse_terraform_state(parse_json(content, str(path)), str(path))
    return TerraformStates([str(path) for path in paths], found)


def parse_terraform_state(root: JsonNode, file: str) -> list[ManagedKey]:
    """What one state manages, in the order of its file."""
    _expect_state(root)
    found = [one for node in _resources(root.get("values").get("root_module")) for one in _managed(node, file)]
    return list(dict.fromkeys(found))


def _expect_state(root: JsonNode) -> None:
    content = root.mapping()
    if "resource_changes" in content or "planned_values" in content:
        root.fail(
            "is the JSON of a plan of Terraform, not of its state. Run 'terraform show -json' without a plan file"
        )
    if "format_version" not in content and "serial" in content:
        root.fail("is a state file itself, whose format is Terraform's own. Give the output of 'terraform show -json'")
    version = root.get("format_version")
    if not isinstance(version.value, str) or not _VERSION.fullmatch(version.value):
        version.expected("1.0, or a later 1.x, as 'terraform show -json' of Terraform 1.1 or OpenTofu 1.6 writes it")
    if root.get("values").value is None:
        root.fail(
            "is an empty state. Run 'terraform show -json' where the state is, and in its workspace, or leave the file "
            "out"
        )


def _resources(root_module: JsonNode) -> Iterator[JsonNode]:
    """The resources of all modules. Those of a module come before those of its children."""
    waiting = [(root_module, 0)]
    while waiting:
        module, depth = waiting.pop()
        if depth > _MOST_MODULE_DEPTH:
            module.fail(f"is in more than {_MOST_MODULE_DEPTH} modules, so the file is not read. Check what wrote it")
        yield from module.get("resources").items()
        children = module.get("child_modules").items()
        waiting += [(child, depth + 1) for child in reversed(children)]


def _managed(node: JsonNode, file: str) -> Iterator[ManagedKey]:
    """What a resource sets keys of; nothing for data sources and for types that have none."""
    kind = node.get("type").text()
    if kind not in _KNOWN:
        return
    if node.get("mode").one_of("managed", "data") == "data":
        return
    address, values = _address(node.get("address"), kind), node.get("values")
    for path, resource_type, ocid, key in _keys_of(kind, values):
        yield ManagedKey(file, address, kind, path, resource_type, ocid, key)


def _keys_of(kind: str, values: JsonNode) -> Iterator[_Key]:
    if kind in _OWN_KEY:
        own = _OWN_KEY[kind]
        source = _source_key(values) if own in RESOURCE_TYPES.backups.names else None
        path, key = (KEY, values.get(KEY).key_or_none()) if source is None else (_SOURCE_PATH, source)
        yield path, own, values.get("id").ocid(*RESOURCE_TYPES[own].ocid_types).value, key
    if kind == INSTANCE and values.get("boot_volume_id").text_or_none() is not None:
        boot_volume = values.get("boot_volume_id").ocid(*RESOURCE_TYPES["boot_volume"].ocid_types).value
        yield _SOURCE_PATH, "boot_volume", boot_volume, _source_key(values)
    if kind == POLICY_ASSIGNMENT:
        asset = values.get("asset_id").ocid(*RESOURCE_TYPES.assets.ocid_types).value
        yield COPIES_KEY, ASSIGNMENT, asset, values.get(COPIES_KEY).key_or_none()
    if kind in _WITH_POLICY:
        policy, key = values.get("backup_policy_id").text_or_none(), values.get(COPIES_KEY).key_or_none()
        if policy is not None or key is not None:
            yield COPIES_KEY, ASSIGNMENT, values.get("id").ocid(*RESOURCE_TYPES.assets.ocid_types).value, key
    if kind in _REPLICAS:
        yield from _keys_of_replicas(values, *_REPLICAS[kind])
    if kind == CONFIGURATION:
        yield from _keys_of_configuration(values)
    if kind == _POOL:
        yield POOLS_CONFIGURATION, INSTANCE_POOL, _own_ocid(values, INSTANCE_POOL), None
    if kind == _NODE_POOL:
        nodes = values.get("node_config_details").items()
        key = nodes[0].get(KEY).key_or_none() if nodes else None
        yield f"node_config_details[0].{KEY}", NODE_POOL, _own_ocid(values, NODE_POOL), key


def _own_ocid(values: JsonNode, resource_type: str) -> str:
    return values.get("id").ocid(*RESOURCE_TYPES[resource_type].ocid_types).value


def _keys_of_replicas(values: JsonNode, list_name: str, id_name: str) -> Iterator[_Key]:
    """The API does not return ``xrr_kms_key_id``, so where the state has none, the key that the provider has read. A
    replica without an OCID does not exist yet."""
    for place, replica in enumerate(values.get(list_name).items()):
        if replica.get(id_name).text_or_none() is not None:
            ocid = replica.get(id_name).ocid(*RESOURCE_TYPES[REPLICA].ocid_types).value
            key = replica.get(REPLICA_KEY).key_or_none() or replica.get(KEY).key_or_none()
            yield f"{list_name}[{place}].{REPLICA_KEY}", REPLICA, ocid, key


def _keys_of_configuration(values: JsonNode) -> Iterator[_Key]:
    """Each place that has a key for new volumes, or may have one: an image that is booted, and volumes that are
    created. What is attached or booted as it is has its key already."""
    ocid = _own_ocid(values, INSTANCE_CONFIGURATION)
    for details, path in _blocks(values, "instance_details"):
        for option, base in ((details, path), *_blocks(details, "options", path)):
            for launch, in_launch in _blocks(option, "launch_details", base):
                for source, in_source in _blocks(launch, "source_details", in_launch):
                    if source.get("source_type").text_or_none() == "image":
                        yield f"{in_source}.{KEY}", INSTANCE_CONFIGURATION, ocid, source.get(KEY).key_or_none()
            for volume, in_volume in _blocks(option, "block_volumes", base):
                for created, in_created in _blocks(volume, "create_details", in_volume):
                    yield f"{in_created}.{KEY}", INSTANCE_CONFIGURATION, ocid, created.get(KEY).key_or_none()


def _blocks(node: JsonNode, name: str, path: str = "") -> Iterator[tuple[JsonNode, str]]:
    """The blocks of a name, which the provider keeps as a list, with their paths."""
    for place, block in enumerate(node.get(name).items()):
        yield block, f"{path}{'.' if path else ''}{name}[{place}]"


def _source_key(values: JsonNode) -> str | None:
    """The key in the block ``source_details``, which the provider keeps as a list of at most one."""
    blocks = values.get("source_details").items()
    return blocks[0].get(KEY).key_or_none() if blocks else None


def _address(node: JsonNode, kind: str) -> str:
    address = node.text()
    match = _ADDRESS.fullmatch(address) if len(address) <= _MOST_ADDRESS else None
    if match is None or match.group("type") != kind:
        node.expected(f'the address of a resource of type {kind}, such as module.disks["a"].{kind}.data[0]')
    return address
