# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signatures and principals: what is let in, and what is not."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from typing import Any

import oci
import pytest
from oci._vendor import requests

from simulator.client import Simulator

URL = "https://iaas.us-ashburn-1.oraclecloud.com/20160918/volumes/"
SIGNERS = oci.auth.signers


@pytest.fixture
def config(sim: Simulator) -> dict[str, str]:
    return dict(oci.config.from_file(str(sim.home / "config")))


def signer(config: dict[str, str], **other: str) -> Any:
    config = config | other
    return oci.signer.Signer(config["tenancy"], config["user"], config["fingerprint"], config["key_file"])


@pytest.mark.parametrize("name", ["tenancy", "user", "fingerprint"])
def test_unknown_callers(sim: Simulator, config: dict[str, str], name: str) -> None:
    other = config[name][:-1] + ("0" if config[name][-1] != "0" else "1")
    answer = requests.get(URL + sim.id("db-1"), auth=signer(config, **{name: other}))
    assert (answer.status_code, answer.json()["code"]) == (401, "NotAuthenticated")


def test_another_key(sim: Simulator, config: dict[str, str]) -> None:
    stranger = signer(config, key_file=str(sim.home / "session_key.pem"))
    assert requests.get(URL + sim.id("db-1"), auth=stranger).status_code == 401
    assert requests.get(URL + sim.id("db-1"), auth=signer(config)).status_code == 200
    assert requests.get(URL + sim.id("db-1")).status_code == 401
    assert [call.status for call in sim.calls()] == [401, 200, 401]


@pytest.mark.parametrize(("seconds", "status"), [(-400, 401), (400, 401), (-200, 200), (200, 200)])
def test_clock_skew(sim: Simulator, config: dict[str, str], seconds: int, status: int) -> None:
    headers = {"date": formatdate(time.time() + seconds, usegmt=True)}
    assert requests.get(URL + sim.id("db-1"), auth=signer(config), headers=headers).status_code == status


def test_body_and_path_are_covered(sim: Simulator, config: dict[str, str]) -> None:
    def send(spoil: Callable[[Any], None]) -> int:
        request = requests.Request("PUT", URL + sim.id("db-1") + "/kmsKey", data=b"{}", auth=signer(config)).prepare()
        spoil(request)
        with requests.Session() as session:
            settings = session.merge_environment_settings(request.url, {}, None, None, None)
            return int(session.send(request, **settings).status_code)

    def body(request: Any) -> None:
        request.body = b"[]"

    def path(request: Any) -> None:
        request.url = request.url.replace("/volumes/", "//volumes/")

    def unsigned(request: Any) -> None:
        request.headers["authorization"] = request.headers["authorization"].replace(" x-content-sha256", "")

    def later(request: Any) -> None:
        request.headers["x-date"] = formatdate(usegmt=True)

    def on_behalf(request: Any) -> None:
        request.headers["opc-obo-token"] = "somebody"

    assert send(lambda request: None) == 400
    for spoil in (body, path, unsigned, later, on_behalf):
        assert send(spoil) == 401, spoil.__name__


def test_unknown_operations(sim: Simulator, config: dict[str, str]) -> None:
    auth = signer(config)
    answer = requests.get("https://iaas.us-ashburn-1.oraclecloud.com/20160918/images", auth=auth)
    assert (answer.status_code, answer.json()["code"]) == (404, "NotFound")
    answer = requests.delete(URL[:-1], auth=auth)
    assert (answer.status_code, answer.json()["code"]) == (405, "MethodNotAllowed")
    answer = requests.get(URL[:-1] + "?nonsense=1", auth=auth)
    assert (answer.status_code, answer.json()["code"]) == (400, "InvalidParameter")
    for body in (b"{", b"[]"):
        answer = requests.put(URL + sim.id("db-1"), data=body, auth=auth)
        assert (answer.status_code, answer.json()["code"]) == (400, "CannotParseRequest")
    answer = requests.put(URL + sim.id("db-1"), data=b'{"kmsKeyId": ""}', auth=auth)
    assert (answer.status_code, answer.json()["code"]) == (400, "InvalidParameter")


def test_unknown_hosts_do_not_resolve(sim: Simulator, config: dict[str, str]) -> None:
    for host in ("iaas.us-phoenix-1.oraclecloud.com", "www.example.com", "iaas.us-ashburn-1.oraclecloud.com:8443"):
        with pytest.raises(requests.exceptions.ProxyError):
            requests.get(f"https://{host}/", auth=signer(config))


def test_encrypted_key(sim: Simulator) -> None:
    made = oci.signer.Signer.from_config(oci.config.from_file(str(sim.home / "config"), "ENCRYPTED"))
    assert requests.get(URL + sim.id("db-1"), auth=made).status_code == 200
    with pytest.raises(oci.exceptions.MissingPrivateKeyPassphrase):
        oci.signer.Signer.from_config(oci.config.from_file(str(sim.home / "config"), "NO_PASS_PHRASE"))


def call_as(sim: Simulator, made: Any) -> tuple[str, str]:
    client = oci.core.BlockstorageClient({"region": "eu-frankfurt-1"}, signer=made)
    assert client.get_volume(sim.id("fra-1")).status == 200
    last = sim.calls()[-1]
    return last.principal_type, last.principal


@pytest.fixture
def become(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def use(auth_type: str) -> None:
        for name, value in sim.environment(auth_type).items():
            monkeypatch.setenv(name, value)

    return use


def test_security_token(sim: Simulator, become: Callable[[str], None]) -> None:
    become("security_token")
    profile = oci.config.from_file(str(sim.home / "config"), "SESSION")
    key = oci.signer.load_private_key_from_file(profile["key_file"])
    token = Path(profile["security_token_file"]).read_text()
    assert call_as(sim, SIGNERS.SecurityTokenSigner(token, key))[0] == "security_token"
    head, claims, mac = token.split(".")
    with pytest.raises(oci.exceptions.ServiceError) as caught:
        call_as(sim, SIGNERS.SecurityTokenSigner(f"{head}.{claims}.{mac[:-4]}AAAA", key))
    assert caught.value.status == 401


def test_instance_principal(sim: Simulator, become: Callable[[str], None]) -> None:
    become("instance_principal")
    made = SIGNERS.InstancePrincipalsSecurityTokenSigner()
    assert made.region == "us-ashburn-1"
    assert made.tenancy_id == sim.id("root")
    kind, ident = call_as(sim, made)
    assert kind == "instance_principal"
    assert ident.startswith("ocid1.instance.oc1.iad.")


def test_a_token_that_expires_is_no_good_for_anything_more(sim: Simulator, become: Callable[[str], None]) -> None:
    become("security_token")
    profile = oci.config.from_file(str(sim.home / "config"), "SESSION")
    key = oci.signer.load_private_key_from_file(profile["key_file"])
    made = SIGNERS.SecurityTokenSigner(Path(profile["security_token_file"]).read_text(), key)
    sim.fault("token_expired", "GetVolume")
    for _call in range(2):
        with pytest.raises(oci.exceptions.ServiceError) as caught:
            call_as(sim, made)
        assert caught.value.status == 401
    sim.reset()
    become("instance_principal")
    principal = SIGNERS.InstancePrincipalsSecurityTokenSigner()
    sim.fault("token_expired", "GetVolume")
    assert call_as(sim, principal)[0] == "instance_principal"
    assert sim.counts() == {"Federate": 2, "GetVolume": 2}


def test_instance_on_behalf_of_a_user(sim: Simulator, become: Callable[[str], None]) -> None:
    become("instance_obo_user")
    token = (sim.home / "delegation_token").read_text()
    made = SIGNERS.InstancePrincipalsDelegationTokenSigner(delegation_token=token)
    assert call_as(sim, made)[0] == "instance_obo_user"
    assert sim.calls()[-1].headers["opc-obo-token"] == token


def test_resource_principal(sim: Simulator, become: Callable[[str], None]) -> None:
    become("resource_principal")
    made = SIGNERS.get_resource_principals_signer()
    assert made.region == "us-ashburn-1"
    assert call_as(sim, made)[0] == "resource_principal"


def test_workload_identity(sim: Simulator, become: Callable[[str], None]) -> None:
    become("oke_workload_identity")
    path = str(sim.home / "service_account_token")
    made = SIGNERS.get_oke_workload_identity_resource_principal_signer(service_account_token_path=path)
    kind, ident = call_as(sim, made)
    assert kind == "oke_workload_identity"
    assert ident.startswith("system:serviceaccount:")


def test_the_metadata_service_wants_its_header(sim: Simulator) -> None:
    assert requests.get(f"{sim.metadata_url}/instance/region").status_code == 401
    headers = {"Authorization": "Bearer Oracle"}
    for path, text in (("instance/region", "iad"), ("instance/regionInfo", "us-ashburn-1"), ("instance/id", "ocid1.")):
        assert text in requests.get(f"{sim.metadata_url}/{path}", headers=headers).text
    assert requests.get(f"{sim.metadata_url}/identity/nonsense", headers=headers).status_code == 404


SCRIPT = """
import oci, os, sys
config = oci.config.from_file(os.environ["OCI_CONFIG_FILE"])
for region, volume in zip(sys.argv[1::2], sys.argv[2::2]):
    print(oci.core.BlockstorageClient({**config, "region": region}).get_volume(volume).data.display_name)
"""


def test_a_plain_script(sim: Simulator) -> None:
    where = ["us-ashburn-1", sim.id("db-1"), "eu-frankfurt-1", sim.id("fra-1")]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *where], env=sim.environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["db-1", "fra-1"]
