# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every auth_type against the simulator, which verifies each signature."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.support.pod_token import use_token_of
from unit.support.fake_cloud import FakeClock

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api import settings as _settings
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.client import Connection, ReadRetry, connect
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import (
    InputError,
    ServiceError,
    TransportError,
)
from simulator.client import Simulator

FLEET = Path(__file__).parents[2] / "simulator" / "fleets" / "small.yml"
CLOCK = FakeClock()


@pytest.fixture(scope="module")
def shared() -> Iterator[Simulator]:
    with Simulator.start(FLEET) as simulator:
        yield simulator


@pytest.fixture
def simulator(shared: Simulator) -> Simulator:
    shared.reset()
    CLOCK.naps.clear()
    return shared


def open_as(simulator: Simulator, auth_type: str, monkeypatch: pytest.MonkeyPatch, **changes: str) -> Connection:
    for name in list(os.environ):
        if name.startswith(("OCI_", "KUBERNETES_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    for name, value in {**simulator.environment(auth_type), **changes}.items():
        monkeypatch.setenv(name, value)
    settings = _settings.resolve_connection({}, os.environ)
    return connect(settings, retry=ReadRetry(attempts=3), timeout=(30.0, 30.0), clock=CLOCK)


@pytest.mark.parametrize("auth_type", _settings.AUTH_TYPES)
def test_every_auth_type_reads_and_writes(
    auth_type: str, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_token_of(simulator, monkeypatch)
    connection = open_as(simulator, auth_type, monkeypatch)
    assert connection.auth_type == auth_type
    assert connection.region == "us-ashburn-1"
    assert connection.tenancy is not None
    assert connection.tenancy.startswith("ocid1.tenancy.")
    regions = connection.identity(connection.region).read("list_region_subscriptions", connection.tenancy).data
    assert {region.region_name for region in regions} == {"us-ashburn-1", "eu-frankfurt-1", "ap-chuncheon-1"}
    query = {"type": "Structured", "query": "query volume resources"}
    found = connection.search("eu-frankfurt-1").read("search_resources", query).data
    volume = connection.block_volume("eu-frankfurt-1").read("get_volume", found[0].identifier)
    assert volume.data.id == found[0].identifier
    with pytest.raises(ServiceError) as caught:
        connection.block_volume("eu-frankfurt-1").write("update_volume_kms_key", volume.data.id, {"kmsKeyId": ""})
    assert caught.value.status == 400
    types = {call.principal_type for call in simulator.calls("GetVolume")}
    assert len(types) == 1
    secret = "\n".join(connection.secrets)
    for call in simulator.calls("GetVolume"):
        assert call.status == 200
    if auth_type in ("security_token", "instance_obo_user"):
        assert len(secret) > 100
        assert secret not in connection.describe_principal()


@pytest.mark.parametrize(
    ("profile", "words"),
    [("ENCRYPTED", None), ("NO_PASS_PHRASE", "is encrypted, but no pass phrase is set")],
)
def test_pass_phrases(profile: str, words: str | None, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    if words is not None:
        with pytest.raises(InputError, match=words):
            open_as(simulator, "api_key", monkeypatch, OCI_CONFIG_PROFILE=profile)
        return
    connection = open_as(simulator, "api_key", monkeypatch, OCI_CONFIG_PROFILE=profile)
    assert connection.tenancy is not None
    assert connection.identity("iad").read("get_tenancy", connection.tenancy).data.id == connection.tenancy


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "garbage", "throttle", "refuse"])
def test_faults_pass_or_are_told(kind: str, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = open_as(simulator, "api_key", monkeypatch)
    assert connection.tenancy is not None
    identity = connection.identity("us-ashburn-1")
    simulator.fault(kind, "*" if kind == "refuse" else "GetTenancy", times=2)
    assert identity.read("get_tenancy", connection.tenancy).data.id == connection.tenancy
    assert len(CLOCK.naps) == 2
    simulator.fault(kind, "*" if kind == "refuse" else "GetTenancy", times=None)
    with pytest.raises(ServiceError if kind == "throttle" else TransportError) as caught:
        identity.read_once("get_tenancy", connection.tenancy)
    if kind != "throttle":
        assert caught.value.was_sent
        assert "proxy" not in str(caught.value)
    if kind == "refuse":
        fresh = open_as(simulator, "api_key", monkeypatch)
        with pytest.raises(TransportError, match="could not connect to identity") as refused:
            fresh.identity("us-ashburn-1").read_once("get_tenancy", connection.tenancy)
        assert not refused.value.was_sent
