# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulator's answers beside recorded ones of the real service, field by field and header by header."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import oci
import pytest
from integration.support.recorded import HEADERS, SHIPPED, differences, recordings, shape, shape_of_exchange

from simulator.client import Simulator

EXCHANGES: list[dict[str, Any]] = json.loads(SHIPPED.read_text(encoding="utf-8"))
PHX = "us-phoenix-1"
FLEET = {
    "tenancy": "acme",
    "home_region": PHX,
    "regions": [PHX],
    "compartments": [f"team-{number:02}" for number in range(25)],
    "vaults": [{"name": "vault", "region": PHX, "compartment": "team-00"}],
    "keys": [{"name": "key-{n}", "count": 21, "vault": "vault"}],
    "volumes": [
        {"name": "volume", "region": PHX, "compartment": "team-00", "key": "key-1"},
        {"name": "bare", "region": PHX, "compartment": "team-00"},
        {"name": "gone", "region": PHX, "compartment": "team-00", "state": "TERMINATED"},
    ],
    "boot_volumes": [{"name": "boot", "region": PHX, "compartment": "team-00", "key": "key-1"}],
    "volume_backups": [{"name": "backup", "of": "volume", "key": "key-2"}],
    "policy_assignments": [{"asset": "volume", "policy": "bronze"}],
}
OF_TYPE = {
    "tenancy": "tenancy",
    "compartment": "team-00",
    "vault": "vault",
    "key": "key-1",
    "volume": "volume",
    "bootvolume": "boot",
    "volumebackup": "backup",
    "volumebackuppolicy": "bronze",
    "volumebackuppolicyassign": "volume-policy",
}
BODIES = {
    "/kmsKey": lambda sim: {"kmsKeyId": sim.id("key-2")},
    "/volumes/": lambda sim: {"sizeInGBs": 60, "displayName": "other"},
    "/volumeBackups/": lambda sim: {"displayName": "other"},
    "/volumeBackupPolicyAssignments": lambda sim: {"assetId": sim.id("bare"), "policyId": sim.id("silver")},
    "/resources": lambda sim: {"type": "Structured", "query": "query all resources"},
}
LIKE = {
    "POST iaas /20160918/volumes": "GET iaas /20160918/volumes/{volume}",
    "POST iaas /20160918/bootVolumes": "GET iaas /20160918/bootVolumes/{bootvolume}",
    "POST iaas /20160918/volumeBackups": "GET iaas /20160918/volumeBackups/{volumebackup}",
    "POST management /20180608/keys/{key}/actions/disable": "GET management /20180608/keys/{key}",
    "POST kms /20180608/vaults/{vault}/actions/scheduleDeletion": "GET kms /20180608/vaults/{vault}",
    "DELETE iaas /20160918/images/{image}": "GET iaas /20160918/volumes/{volume}",
    "PUT identity /20160918/policies/{policy}": "GET identity /20160918/compartments/{compartment}",
    "PUT identity /20160918/compartments/{compartment}": "GET identity /20160918/compartments/{compartment}",
}
"""Operations that the simulator does not have, and those that answer with the same sort of record."""


@pytest.fixture
def ask(sim: Simulator, sdk: Callable[..., Any]) -> Callable[..., Any]:
    """`ask("GET iaas /20160918/…")`: the answer to a signed request, as it came."""
    sim.reset(FLEET)
    sim.set(kms_rate=0)
    client = sdk(oci.core.BlockstorageClient, PHX)
    endpoint = sdk(oci.key_management.KmsVaultClient, PHX).get_vault(sim.id("vault")).data.management_endpoint
    hosts = {
        "iaas": f"iaas.{PHX}.oraclecloud.com",
        "identity": f"identity.{PHX}.oci.oraclecloud.com",
        "kms": f"kms.{PHX}.oraclecloud.com",
        "query": f"query.{PHX}.oci.oraclecloud.com",
        "management": endpoint.removeprefix("https://"),
    }

    def send(question: str, body: Any = None) -> Any:
        method, service, path = question.split(" ")
        data = None if method in ("GET", "DELETE") else json.dumps(body or {})
        headers = {"content-type": "application/json"} if data else {}
        return client.base_client.session.request(
            method, f"https://{hosts[service]}{path}", auth=client.base_client.signer, data=data, headers=headers
        )

    return send


def _filled(sim: Simulator, question: str, status: int) -> str:
    def name(match: re.Match[str]) -> str:
        ocid = sim.id(OF_TYPE[match.group(1)])
        return f"{ocid[:-4]}none" if status == 404 else ocid

    return re.sub(r"\{(\w+)\}", name, question.replace("compartmentIdInSubtree=True", "compartmentIdInSubtree=true"))


def _asked(sim: Simulator, ask: Callable[..., Any], exchange: dict[str, Any]) -> Any:
    question, status = exchange["ask"], exchange["status"]
    if question in LIKE and status not in (200, 404):
        name = "GetVolume" if " iaas " in LIKE[question] else "GetCompartment"
        sim.fault("status", name, status=status, code=exchange["code"], message="No.")
    question = LIKE.get(question, question)
    if question.endswith("assetId={volume}") and exchange["body"] == [""]:
        return ask(question.replace("{volume}", sim.id("bare")))
    if "{token}" in question:
        first = ask(_filled(sim, question.replace("page={token}", "").replace("&&", "&").rstrip("&"), 200))
        question = question.replace("{token}", first.headers.get("opc-next-page", ""))
    body = next((make(sim) for part, make in BODIES.items() if part in question), None)
    if status == 400 and "/resources" in question:
        body = ["no object"]
    return ask(_filled(sim, question, status), body)


@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda exchange: f"{exchange['ask']} {exchange['status']}")
def test_the_simulator_answers_like_the_recording(
    sim: Simulator, ask: Callable[..., Any], exchange: dict[str, Any]
) -> None:
    sim.set(trailing_empty_page="on")

    answer = _asked(sim, ask, exchange)

    assert answer.status_code == exchange["status"], answer.text
    assert sorted(name for name in HEADERS if name in answer.headers) == exchange["headers"]
    body = answer.json() if answer.content else None
    assert differences(exchange["body"], shape(body)) == []
    if "code" in exchange:
        assert body["code"] == exchange["code"]


def test_the_shapes_are_those_of_the_recordings() -> None:
    folder = recordings()
    if folder is None:
        pytest.skip("the recordings are not beside this checkout (../shared/field)")
    files = sorted(folder.glob("*.json"))
    made = [shape_of_exchange(exchange) for file in files for exchange in json.loads(file.read_text(encoding="utf-8"))]
    assert len(files) == 29
    assert all(one in EXCHANGES for one in made)
    assert all(one in made for one in EXCHANGES)


ETAGS = {
    "GET iaas /20160918/volumes/{volume}": r"[0-9a-f]{32}",
    "GET iaas /20160918/volumes/{volume}/kmsKey": r"[0-9a-f]{32}",
    "GET iaas /20160918/volumeBackups/{volumebackup}": r"[0-9a-f]{32}",
    "GET management /20180608/keys/{key}": r"[0-9a-f]{40}--gzip",
    "GET kms /20180608/vaults/{vault}": r"[0-9a-f]{40}--gzip",
}


@pytest.mark.parametrize("question", ETAGS)
def test_etags_have_the_form_of_recorded_ones(sim: Simulator, ask: Callable[..., Any], question: str) -> None:
    assert re.fullmatch(ETAGS[question], ask(_filled(sim, question, 200)).headers["etag"])


@pytest.mark.parametrize("value", ["off", "on"])
def test_trailing_empty_page(sim: Simulator, ask: Callable[..., Any], value: str) -> None:
    sim.set(trailing_empty_page=value)
    for question in (
        "GET iaas /20160918/volumes?compartmentId={compartment}",
        "GET management /20180608/keys/{key}/keyVersions?limit=10",
        "GET identity /20160918/compartments?compartmentId={tenancy}&limit=100",
    ):
        answer = ask(_filled(sim, question, 200))
        assert answer.json()
        token = answer.headers.get("opc-next-page")
        assert (token is not None) is (value == "on")
        if token:
            last = ask(f"{_filled(sim, question, 200)}&page={token}")
            assert (last.json(), "opc-next-page" in last.headers) == ([], False)


def test_what_differs_is_told() -> None:
    assert differences({"a": "text", "b": "null"}, {"a": "number"}) == ["a: number, not text", "b"]
    assert differences([{"a": "text"}], [{"a": "null|text", "b": "map"}]) == []
