# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TLS is verified, by every client and for every way to authenticate, and nothing can switch that off."""

from __future__ import annotations

import ast
import os
import time
from pathlib import Path

import pytest
import trustme
from integration.support.fleets import volumes
from integration.support.harness import furnish
from integration.support.pod_token import use_token_of

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.client import Connection, ReadRetry, connect
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.settings import AUTH_TYPES, resolve_connection
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import ApiError, InputError
from simulator.client import Simulator

ROOT = Path(__file__).parents[2]
IAD = "us-ashburn-1"


@pytest.fixture
def other_authority(tmp_path: Path) -> Path:
    """A certificate authority that has signed nothing of what answers here."""
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
    return tmp_path / "other.pem"


@pytest.fixture(autouse=True)
def _pod_token(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    use_token_of(sim, monkeypatch)


def _open(sim: Simulator, auth_type: str, **changes: str) -> Connection:
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("OCI_", "KUBERNETES_"))]:
            patch.delenv(name)
        for name, value in {**sim.environment(auth_type), **changes}.items():
            patch.setenv(name, value)
        settings = resolve_connection({}, os.environ)
        return connect(settings, retry=ReadRetry(attempts=1), timeout=(30.0, 30.0))


def _read(sim: Simulator, connection: Connection) -> None:
    connection.block_volume(IAD).read_once("get_volume", sim.id("volume-1"))


@pytest.mark.parametrize("auth_type", AUTH_TYPES)
@pytest.mark.parametrize("where", ["REQUESTS_CA_BUNDLE", "OCI_ANSIBLE_CERT_BUNDLE"])
def test_an_authority_that_is_not_trusted_is_asked_nothing(
    sim: Simulator, other_authority: Path, auth_type: str, where: str
) -> None:
    """No request, with whatever it would tell of the caller, is sent, be it for a token or to the service."""
    furnish(sim, volumes=[volumes(1)])
    _read(sim, _open(sim, auth_type))
    sim.reset_counts()

    with pytest.raises((ApiError, InputError), match=r"(?i)certificate"):
        _read(sim, _open(sim, auth_type, **{where: str(other_authority)}))

    assert [call.operation for call in sim.calls() if call.operation != "Proxymux"] == []


def test_a_cluster_that_is_not_trusted_is_given_no_token(
    sim: Simulator, other_authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it is asked for a token there is an authority of its own."""
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)  # the SDK tries again for a minute and a half
    wrong = {"OCI_KUBERNETES_SERVICE_ACCOUNT_CERT_PATH": str(other_authority)}
    sim.reset_counts()

    with pytest.raises(InputError):
        _open(sim, "oke_workload_identity", **wrong)

    assert sim.calls() == []


@pytest.mark.parametrize("service", ["block_volume", "vaults", "search", "identity", "vault_management"])
def test_every_service_has_to_show_a_certificate_that_is_trusted(
    sim: Simulator, other_authority: Path, service: str
) -> None:
    connection = _open(sim, "api_key", REQUESTS_CA_BUNDLE=str(other_authority))
    (vault,) = [row for row in sim.resources("vault") if row["name"] == "vault-iad"]
    asked = {
        "block_volume": lambda: connection.block_volume(IAD).read_once("get_volume", "ocid1.volume.oc1.iad.x"),
        "vaults": lambda: connection.vaults(IAD).read_once("get_vault", vault["id"]),
        "search": lambda: connection.search(IAD).read_once("search_resources", {"type": "Structured", "query": "q"}),
        "identity": lambda: connection.identity(IAD).read_once("get_tenancy", sim.id("root")),
        "vault_management": lambda: connection.vault_management(
            connection.management_endpoints(vault["id"].split(".")[4], IAD)[0]
        ).read_once("get_key", sim.id("key-a")),
    }

    with pytest.raises(ApiError, match="is not trusted"):
        asked[service]()

    assert sim.calls() == []


def test_no_code_switches_verification_off() -> None:
    for path in (ROOT / "plugins").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
            assert name not in ("CERT_NONE", "_create_unverified_context", "disable_warnings"), path
            targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
            assigned = [target.attr for target in targets if isinstance(target, ast.Attribute)]
            given = [node.arg] if isinstance(node, ast.keyword) else assigned
            if {"verify", "check_hostname", "validate_certs"} & set(given):
                value = getattr(node, "value", None)
                assert not (isinstance(value, ast.Constant) and not value.value), f"{path}:{node.lineno}"


@pytest.mark.parametrize("folder", ["roles", "playbooks", "extensions"])
def test_no_task_does(folder: str) -> None:
    for path in [*(ROOT / folder).rglob("*.yml"), *(ROOT / folder).rglob("*.yaml")]:
        assert "validate_certs" not in path.read_text(), path
