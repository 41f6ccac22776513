# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each operation of the table compared with the SDK's own client: what both send is the same on the wire.

Runs with any SDK, so that the oldest and the newest one can be compared too.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import json
import tempfile
from typing import Any
from urllib.parse import unquote

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.operations import OPERATIONS, Request, request
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import TransportError

oci = pytest.importorskip("oci")

CLIENTS = {
    "block_volume": "core.BlockstorageClient",
    "compute": "core.ComputeClient",
    "compute_management": "core.ComputeManagementClient",
    "container_engine": "container_engine.ContainerEngineClient",
    "identity": "identity.IdentityClient",
    "vaults": "key_management.KmsVaultClient",
    "vault_management": "key_management.KmsManagementClient",
    "search": "resource_search.ResourceSearchClient",
}
# What every request has, whatever the operation: test_client.py looks at these.
OF_EVERY_REQUEST = frozenset(
    [
        "accept",
        "accept-encoding",
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "date",
        "host",
        "opc-client-info",
        "opc-request-id",
        "user-agent",
        "x-content-sha256",
    ]
)
IDS = {
    "volume_id": "ocid1.volume.oc1.phx.abyh",
    "tenancy_id": "ocidv1:tenancy:oc1:phx:1460000000000:aaaa",
    "asset_id": "ocid1.bootvolume.oc1.eu-frankfurt-1.abth",
}
# Names of query parameters and headers on the wire, and what is asked for by each.
VALUES: dict[str, Any] = {
    "availabilityDomain": "AbCd:PHX-AD-1",
    "compartmentId": "ocid1.compartment.oc1..aaaa",
    "limit": 100,
    "page": "eyJh+/=&b ~c",
    "displayName": "two words, ümläut & 100%",
    "sortBy": "TIMECREATED",
    "sortOrder": "ASC",
    "lifecycleState": "AVAILABLE",
    "accessLevel": "ANY",
    "compartmentIdInSubtree": True,
    "name": "prod",
    "if-match": "-1620120494",
    "opc-retry-token": "token",
}
_REPLICA = {"availabilityDomain": "AbCd:IAD-AD-1", "xrrKmsKeyId": "ocid1.key.oc1.iad.vault.abuw"}
BODIES = {
    "update_volume_kms_key": {"kmsKeyId": "ocid1.key.oc1.phx.vault.abyh"},
    "update_boot_volume_kms_key": {"kmsKeyId": "ocid1.key.oc1.phx.vault.abyh"},
    "update_volume_backup": {
        "kmsKeyId": "",
        "retentionPeriod": {"retentionTimeUnit": "DAYS", "retentionTimeAmount": 3},
        "isPreventDeletionEnabled": False,
    },
    "update_boot_volume_backup": {"kmsKeyId": "ocid1.key.oc1.phx.vault.abyh", "isRetentionLockEnabled": True},
    "update_volume": {"blockVolumeReplicas": [_REPLICA]},
    "update_boot_volume": {"bootVolumeReplicas": []},
    "update_volume_group": {"volumeGroupReplicas": [_REPLICA]},
    "create_volume_backup_policy_assignment": {
        "assetId": "ocid1.volume.oc1.phx.abyh",
        "policyId": "ocid1.volumebackuppolicy.oc1..aaaa",
        "xrcKmsKeyId": "ocid1.key.oc1.iad.vault.abuw",
    },
    "copy_volume_backup": {"destinationRegion": "us-ashburn-1", "displayName": "Kopie für 東京"},
    "copy_boot_volume_backup": {"destinationRegion": "us-ashburn-1", "kmsKeyId": "ocid1.key.oc1.iad.vault.abuw"},
    "copy_volume_group_backup": {"destinationRegion": "us-ashburn-1"},
    "create_instance_configuration": {
        "compartmentId": "ocid1.compartment.oc1..aaaa",
        "displayName": "web on bank-key",
        "source": "NONE",
        "instanceDetails": {"instanceType": "compute", "blockVolumes": [{"createDetails": {"sizeInGBs": 50}}]},
    },
    "update_instance_pool": {"instanceConfigurationId": "ocid1.instanceconfiguration.oc1.phx.abyh"},
    "update_node_pool": {"nodeConfigDetails": {"kmsKeyId": "ocid1.key.oc1.phx.vault.abyh"}},
    "search_resources": {"type": "Structured", "query": "query volume resources", "matchingContextType": "NONE"},
}


class _Sent(Exception):
    """Takes the place of an answer: the request that the SDK was about to send."""


class _Recorder(oci.base_client.requests.adapters.BaseAdapter):  # type: ignore[misc, name-defined, unused-ignore]
    def send(self, request: Any, **kwargs: Any) -> Any:
        raise _Sent(request)

    def close(self) -> None:
        pass


@functools.cache
def key() -> bytes:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )


@functools.cache
def client(service: str) -> Any:
    module, name = CLIENTS[service].split(".")
    arguments = {} if service != "vault_management" else {"service_endpoint": "https://v-management.kms.example.com"}
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(key())
        file.flush()
        config = {
            "tenancy": "ocid1.tenancy.oc1..aaaa",
            "user": "ocid1.user.oc1..aaaa",
            "fingerprint": ":".join(["aa"] * 16),
            "key_file": file.name,
            "region": "us-phoenix-1",
        }
        made = getattr(importlib.import_module(f"oci.{module}"), name)(config, **arguments)
    made.base_client.session.mount("https://", _Recorder())
    return made


def sdk_sends(name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """The request that the SDK's client prepares for an operation."""
    method = getattr(client(OPERATIONS[name].service), name)
    with pytest.raises(_Sent) as caught:
        method(*args, retry_strategy=oci.retry.NoneRetryStrategy(), **kwargs)
    return caught.value.args[0]


def required(name: str) -> list[str]:
    """The arguments that the SDK's method insists on. Older versions want some that newer ones do not."""
    parameters = inspect.signature(getattr(client(OPERATIONS[name].service), name)).parameters.values()
    return [each.name for each in parameters if each.default is each.empty and each.kind is not each.VAR_KEYWORD]


def positional(name: str) -> list[Any]:
    given = {**IDS, "availability_domain": VALUES["availabilityDomain"], "details": BODIES.get(name)}
    return [
        given.get(each, f"ocid1.{each.removesuffix('_id').replace('_', '')}.oc1.phx.abyh") for each in arguments(name)
    ]


def arguments(name: str) -> tuple[str, ...]:
    return OPERATIONS[name].arguments


def is_known(name: str, argument: str) -> bool:
    """Whether the SDK's method takes an argument; older versions lack some, and newer ones have to have all."""
    method = getattr(client(OPERATIONS[name].service), name)
    is_there = f" {argument}:" in (method.__doc__ or "")
    assert is_there or tuple(map(int, oci.__version__.split(".")[:2])) < (2, 189)
    return is_there


def optional(name: str) -> dict[str, Any]:
    """Every argument that is not positional, by its name in Python."""
    named = {}
    for wire in (*OPERATIONS[name].query, *OPERATIONS[name].headers):
        python = "".join(f"_{c.lower()}" if c.isupper() else c for c in wire).replace("-", "_")
        if python not in arguments(name) and is_known(name, python):
            named[python] = VALUES.get(wire, f"ocid1.x.oc1.phx.{python}")
    if OPERATIONS[name].service.startswith("compute") and "lifecycle_state" in named:
        named["lifecycle_state"] = "RUNNING"
    if OPERATIONS[name].service == "identity" and "lifecycle_state" in named:
        named["lifecycle_state"] = "ACTIVE"
    return named


def assert_same(mine: Request, sdk: Any) -> None:
    assert (mine.operation.method, mine.target) == (sdk.method, sdk.path_url)
    body = sdk.body.encode() if isinstance(sdk.body, str) else sdk.body
    assert (mine.body or None) == (body or None)
    theirs = {each.lower(): value for each, value in sdk.headers.items() if each.lower() not in OF_EVERY_REQUEST}
    assert mine.headers == {each: v.decode() if isinstance(v, bytes) else v for each, v in theirs.items()}


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_is_on_the_wire_what_the_sdk_makes_of_it(name: str) -> None:
    args = positional(name)
    more = optional(name)
    needed = {argument: more[argument] for argument in required(name) if argument in more}

    assert_same(request(name, *args, **needed), sdk_sends(name, args, needed))
    assert_same(request(name, *args, **more), sdk_sends(name, args, more))
    for argument, value in more.items():
        given = {**needed, argument: value}
        assert_same(request(name, *args, **given), sdk_sends(name, args, given))


def test_an_argument_that_is_none_is_not_asked_for() -> None:
    args = {"compartment_id": "ocid1.compartment.oc1..aaaa", "page": None, "limit": None}

    assert_same(request("list_volumes", **args), sdk_sends("list_volumes", [], args))
    assert request("update_volume_kms_key", "ocid1.volume.oc1.phx.a", {}, if_match=None).headers == {}


def test_an_argument_by_position_may_be_given_by_its_name() -> None:
    by_name = request("list_volume_backups", compartment_id="ocid1.compartment.oc1..aaaa", limit=5)

    assert by_name == request("list_volume_backups", "ocid1.compartment.oc1..aaaa", limit=5)


@pytest.mark.parametrize(
    ("ocid", "segment"),
    [
        ("../bootVolumes/x", "..%2FbootVolumes%2Fx"),
        ("a?b=c#d", "a%3Fb%3Dc%23d"),
        ("..", "%2E%2E"),
        (".", "%2E"),
        ("%2e%2e%2fx", "%252e%252e%252fx"),
        ("a\r\nhost: b", "a%0D%0Ahost%3A%20b"),
    ],
)
def test_an_id_is_one_segment_of_the_path_whatever_it_contains(ocid: str, segment: str) -> None:
    assert request("get_volume", ocid).target == f"/20160918/volumes/{segment}"
    assert request("update_volume_kms_key", ocid, {}).target == f"/20160918/volumes/{segment}/kmsKey"
    assert request("list_key_versions", ocid).target == f"/20180608/keys/{segment}/keyVersions"


@pytest.mark.parametrize("ocid", ["", "  ", None])
def test_no_request_is_made_of_an_id_that_is_empty(ocid: Any) -> None:
    with pytest.raises(TransportError, match="GetVolume got no valid response: the OCID to ask for is empty") as caught:
        request("get_volume", ocid)
    assert not caught.value.was_sent


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [((), {}), (("a", "b"), {}), (("a",), {"limit": 5}), (("a",), {"volume_id": "b"})],
)
def test_a_call_that_the_sdk_would_not_take_is_refused(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        request("get_volume", *args, **kwargs)


def test_what_an_answer_is_compared_with_comes_from_the_question() -> None:
    asked = request("copy_volume_backup", "ocid1.volumebackup.oc1.phx.a", {"destinationRegion": "us-ashburn-1"}).asked

    assert asked == {"volume_backup_id": "ocid1.volumebackup.oc1.phx.a", "destinationRegion": "us-ashburn-1"}


def test_relations_name_fields_of_the_record_and_arguments_of_the_operation() -> None:
    for name, operation in OPERATIONS.items():
        known = {*operation.arguments, *optional(name), *(BODIES.get(name) or {})}
        for relation in operation.relations:
            assert operation.record is not None
            assert relation.field in operation.record.fields.values(), name
            assert relation.argument in known, name


def test_a_body_is_json_that_only_has_ascii() -> None:
    body = request("copy_volume_backup", "ocid1.volumebackup.oc1.phx.a", BODIES["copy_volume_backup"]).body

    assert body is not None
    assert json.loads(body) == BODIES["copy_volume_backup"]
    assert body.isascii()
    assert "ü" not in unquote(body.decode())
