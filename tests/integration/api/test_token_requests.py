# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nobody who answers with a redirect, or names a foreign host, is given a token or a signed request by it."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from integration.support.pod_token import use_token_of

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.client import Connection, ReadRetry, connect
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.settings import AUTH_TYPES, resolve_connection
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError, TransportError
from simulator.client import Simulator

IAD = "us-ashburn-1"


def open_as(sim: Simulator, auth_type: str, monkeypatch: pytest.MonkeyPatch, **changes: str) -> Connection:
    for name in list(os.environ):
        if name.startswith(("OCI_", "KUBERNETES_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    for name, value in {**sim.environment(auth_type), **changes}.items():
        monkeypatch.setenv(name, value)
    return connect(resolve_connection({}, os.environ), retry=ReadRetry(attempts=1), timeout=(30.0, 30.0))


def arrivals(sim: Simulator) -> int:
    return len(sim.calls("Elsewhere"))


@pytest.mark.parametrize(
    ("auth_type", "operation"),
    [
        ("instance_principal", "Federate"),
        ("instance_obo_user", "Federate"),
        ("oke_workload_identity", "Proxymux"),
    ],
)
def test_a_redirected_request_for_a_token_is_not_followed(
    auth_type: str, operation: str, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_token_of(sim, monkeypatch)
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)  # the SDK tries again
    sim.fault("redirect", operation, times=None)
    with pytest.raises(InputError, match=r"answered 307, a redirect to elsewhere\.example, which is not followed"):
        open_as(sim, auth_type, monkeypatch)
    assert arrivals(sim) == 0


@pytest.mark.parametrize("auth_type", ["instance_principal", "oke_workload_identity"])
def test_nor_when_the_token_is_renewed(auth_type: str, sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    use_token_of(sim, monkeypatch)
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    connection = open_as(sim, auth_type, monkeypatch)
    sim.fault("redirect", "Federate" if auth_type == "instance_principal" else "Proxymux", times=None)
    sim.fault("token_expired", "GetTenancy", times=1)
    with pytest.raises(TransportError) as caught:
        connection.identity(IAD).read_once("get_tenancy", sim.id("root"))
    assert not caught.value.was_sent
    assert arrivals(sim) == 0


@pytest.mark.parametrize("auth_type", AUTH_TYPES)
def test_a_redirected_call_is_not_followed(auth_type: str, sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    use_token_of(sim, monkeypatch)
    connection = open_as(sim, auth_type, monkeypatch)
    sim.fault("redirect", "GetTenancy", times=None)
    with pytest.raises(TransportError, match=r"answered 307, a redirect to elsewhere\.example, which is not followed"):
        connection.identity(IAD).read_once("get_tenancy", sim.id("root"))
    assert arrivals(sim) == 0


@pytest.mark.parametrize("auth_type", ["instance_principal", "instance_obo_user", "oke_workload_identity"])
def test_a_token_that_is_rejected_is_renewed(auth_type: str, sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    use_token_of(sim, monkeypatch)
    connection = open_as(sim, auth_type, monkeypatch)
    sim.fault("token_expired", "GetTenancy", times=1)
    assert connection.identity(IAD).read_once("get_tenancy", sim.id("root")).data.id == sim.id("root")
    assert [call.status for call in sim.calls("GetTenancy")] == [401, 200]


class Redirecting(BaseHTTPRequestHandler):
    """Redirects to another path of the same server, and notes who follows."""

    followed: list[str]

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", "0")))
        if self.path.startswith("/followed"):
            self.followed.append(self.path)
            content = json.dumps({"resourcePrincipalToken": "x", "servicePrincipalSessionToken": "y"}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            return
        self.send_response(307)
        self.send_header("location", "/followed")
        self.send_header("content-length", "0")
        self.end_headers()

    do_POST = do_GET

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def redirecting() -> Iterator[tuple[str, list[str]]]:
    followed: list[str] = []
    handler = type("Handler", (Redirecting,), {"followed": followed})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", followed
        server.shutdown()


@pytest.mark.parametrize("version", ["1.1", "2.1", "2.1.1"])
def test_resource_principals_that_ask_for_tokens_do_not_follow_either(
    version: str,
    redirecting: tuple[str, list[str]],
    api_key: dict[str, str],
    sim: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url, followed = redirecting
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    changes = {
        "OCI_RESOURCE_PRINCIPAL_VERSION": version,
        "OCI_RESOURCE_PRINCIPAL_RPT_ENDPOINT": url,
        "OCI_RESOURCE_PRINCIPAL_RPST_ENDPOINT": url,
        "OCI_RESOURCE_PRINCIPAL_RESOURCE_ID": "ocid1.thing.oc1..x",
        "OCI_RESOURCE_PRINCIPAL_TENANCY_ID": "ocid1.tenancy.oc1..x",
        "OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM": api_key["api_user_key_content"],
        "OCI_RESOURCE_PRINCIPAL_RPT_PATH": "/rpt",
        "OCI_RESOURCE_PRINCIPAL_RPT_ID": "x",
        "OCI_METADATA_BASE_URL": url if version == "1.1" else "",
    }
    with pytest.raises(InputError, match="resource_principal failed"):
        open_as(sim, "resource_principal", monkeypatch, **changes)
    assert followed == []
