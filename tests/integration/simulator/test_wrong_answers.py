# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults whose answers are well formed and wrong, and the listener that plays the part of OCI's services elsewhere."""

from __future__ import annotations

import json
import math
import time
import urllib.parse
from collections.abc import Callable
from typing import Any

import oci
import pytest

from simulator.client import Simulator, SimulatorError

CORE = oci.core.models
KMS = oci.key_management
HERE = "https://iaas.us-ashburn-1.oraclecloud.com/20160918"
Raw = Callable[..., Any]


@pytest.fixture
def raw(sdk: Callable[..., Any]) -> Raw:
    """`raw(client, path)`: the body of a GET as it came, with the client's signature."""

    def get(client: Any, path: str, **query: str) -> Any:
        base = client.base_client
        url = f"{HERE}{path}" + (f"?{urllib.parse.urlencode(query)}" if query else "")
        return base.session.request("GET", url, auth=base.signer, allow_redirects=False)

    return get


@pytest.fixture
def kms(sim: Simulator, sdk: Callable[..., Any]) -> Any:
    endpoint = sdk(KMS.KmsVaultClient).get_vault(sim.id("main")).data.management_endpoint
    return sdk(KMS.KmsManagementClient, service_endpoint=endpoint)


# --- about another resource


def test_a_volume_answered_with_another(sim: Simulator, block: Any) -> None:
    sim.fault("other_record", "GetVolume", other=sim.id("db-2"))
    assert block.get_volume(sim.id("db-1")).data.id == sim.id("db-2")
    assert block.get_volume(sim.id("db-1")).data.id == sim.id("db-1")


def test_a_key_answered_with_another(sim: Simulator, kms: Any) -> None:
    asked = sim.id("key-a")
    sim.fault("other_record", "GetKey")
    found = kms.get_key(asked).data
    assert (found.id != asked, found.vault_id) == (True, sim.id("main"))


def test_an_update_is_made_and_answered_with_another(sim: Simulator, sdk: Callable[..., Any]) -> None:
    (backup, other, *_more) = sim.resources("volume_backup")
    client = sdk(oci.core.BlockstorageClient, backup["region"])
    sim.fault("other_record", "UpdateVolumeBackup", other=other["id"])
    answer = client.update_volume_backup(backup["id"], CORE.UpdateVolumeBackupDetails(display_name="changed"))
    assert answer.data.id == other["id"]
    assert sim.resource(backup["id"])["displayName"] == "changed"


def test_a_record_without_a_like_gets_another_id(sim: Simulator, sdk: Callable[..., Any]) -> None:
    sim.fault("other_record", "GetTenancy")
    found = sdk(oci.identity.IdentityClient).get_tenancy(sim.id("tenancy")).data
    assert found.id.startswith("ocid1.tenancy.oc1..")
    assert found.id != sim.id("tenancy")


@pytest.mark.parametrize(
    ("of", "differing"), [("compartment", "compartmentId"), ("type", "ocid1.instance."), ("realm", ".oc2.")]
)
def test_a_list_with_a_foreign_row(sim: Simulator, block: Any, raw: Raw, of: str, differing: str) -> None:
    compartment = sim.id("databases")
    usual = raw(block, "/volumes", compartmentId=compartment).json()
    sim.fault("foreign_row", of=of)
    assert block.get_volume(sim.id("db-1")).data.id == sim.id("db-1"), "it waits for a list"
    foreign, *rest = raw(block, "/volumes", compartmentId=compartment).json()
    assert rest == usual
    assert foreign["id"] not in {row["id"] for row in usual}
    if of == "compartment":
        assert foreign[differing] != compartment
    else:
        assert differing in foreign["id"]


# --- records that can't be, or are too old


def test_a_single_lagging_row(sim: Simulator, block: Any, assign: Callable[..., Any]) -> None:
    sim.set(transition="immediate")
    for name in ("db-1", "db-2"):
        assign(sim.id(name), sim.id("key-a"))
    sim.fault("lagging_row", "ListVolumes", row=sim.id("db-2"))
    rows = {row.id: row.kms_key_id for row in block.list_volumes(compartment_id=sim.id("databases")).data}
    assert (rows[sim.id("db-1")], rows[sim.id("db-2")]) == (sim.id("key-a"), None)


def test_a_bare_row_and_a_bare_record(sim: Simulator, block: Any, raw: Raw) -> None:
    sim.fault("bare_record", "ListVolumes", row=sim.id("db-2"))
    rows = {row["id"]: row for row in raw(block, "/volumes", compartmentId=sim.id("databases")).json()}
    assert set(rows[sim.id("db-2")]) == {"id", "compartmentId"}
    assert all(len(row) > 2 for ocid, row in rows.items() if ocid != sim.id("db-2"))
    sim.fault("bare_record", "GetVolume")
    assert set(raw(block, f"/volumes/{sim.id('db-1')}").json()) == {"id", "compartmentId"}


@pytest.mark.parametrize("value", [False, 0, math.nan, ["ocid1.key.oc1..x"]], ids=str)
def test_an_odd_key(sim: Simulator, block: Any, raw: Raw, value: Any) -> None:
    sim.fault("odd_value", "GetVolume", value=value)
    found = json.loads(raw(block, f"/volumes/{sim.id('db-1')}").text)["kmsKeyId"]
    assert found == value or (math.isnan(value) and math.isnan(found))


def test_an_odd_value_in_a_tag(sim: Simulator, block: Any, raw: Raw) -> None:
    sim.fault("odd_value", "ListVolumes", field="freeformTags.size", value=math.nan)
    assert '"freeformTags":{"size":NaN}' in raw(block, "/volumes", compartmentId=sim.id("databases")).text


def test_a_member_twice(sim: Simulator, block: Any, raw: Raw) -> None:
    sim.fault("repeated_member", "GetVolume", field="kmsKeyId")
    text = raw(block, f"/volumes/{sim.id('db-1')}").text
    assert text.count('"kmsKeyId":') == 2
    assert "u0000" not in text


def test_an_unknown_region(sim: Simulator, block: Any) -> None:
    (bronze,) = (row["id"] for row in sim.resources("volume_backup_policy") if row["name"] == "bronze")
    sim.fault("unknown_region", "GetVolumeBackupPolicy")
    assert block.get_volume_backup_policy(bronze).data.destination_region == "xx-nowhere-1"


def test_refusals_are_not_touched(sim: Simulator, block: Any, refused: Callable[..., Any]) -> None:
    for kind in ("other_record", "bare_record", "odd_value", "repeated_member"):
        sim.fault(kind, "GetVolume")
        refused(404, "NotAuthorizedOrNotFound", block.get_volume, sim.id("db-1")[:-4] + "none")


# --- pages


def test_a_token_that_repeats(sim: Simulator, block: Any) -> None:
    sim.fault("repeating_token", "ListVolumes", times=None)
    tokens, page = [], None
    for _call in range(7):
        answer = block.list_volumes(compartment_id=sim.id("databases"), limit=2, page=page)
        page = answer.next_page
        tokens.append(page)
        assert answer.data
    assert len(set(tokens)) == 3


def test_pages_without_end(sim: Simulator, block: Any) -> None:
    sim.fault("endless_pages", "ListVolumes", times=None)
    tokens, rows, page = set(), 0, None
    for _call in range(20):
        answer = block.list_volumes(compartment_id=sim.id("databases"), limit=2, page=page)
        page, rows = answer.next_page, rows + len(answer.data)
        tokens.add(page)
    assert (len(tokens), rows) == (20, 5)


# --- slow, and elsewhere


def test_a_body_byte_by_byte(sim: Simulator, block: Any) -> None:
    sim.fault("trickle", "GetVolumeKmsKey", seconds=0.002)
    sim.change(sim.id("db-1"), key="key-a")
    start = time.monotonic()
    assert block.get_volume_kms_key(sim.id("db-1")).data.kms_key_id == sim.id("key-a")
    assert time.monotonic() - start >= 0.1


@pytest.mark.parametrize("kind", ["trickle", "truncated"])
def test_an_answer_without_a_body_stays_as_it_is(sim: Simulator, block: Any, kind: str) -> None:
    sim.change(sim.id("db-1"), key="key-a")
    sim.fault(kind, "DeleteVolumeKmsKey")
    assert block.delete_volume_kms_key(sim.id("db-1")).status == 204


def test_a_foreign_management_endpoint_is_asked(sim: Simulator, sdk: Callable[..., Any]) -> None:
    sim.fault("foreign_endpoint", "GetVault")
    endpoint = sdk(KMS.KmsVaultClient).get_vault(sim.id("main")).data.management_endpoint
    assert endpoint == "https://elsewhere.example"
    key = sdk(KMS.KmsManagementClient, service_endpoint=endpoint).get_key(sim.id("key-a")).data
    assert key.id == sim.id("key-a")
    (call,) = sim.calls("Elsewhere")
    assert (call.host, call.resource) == ("elsewhere.example", sim.id("key-a"))
    assert sim.strangers == {"elsewhere.example:443": 1}


def test_a_host_that_does_not_exist_is_counted(sim: Simulator, sdk: Callable[..., Any]) -> None:
    stranger = sdk(KMS.KmsManagementClient, service_endpoint="https://vault.nowhere.invalid:8443")
    with pytest.raises(oci.exceptions.RequestException):
        stranger.get_key(sim.id("key-a"))
    assert set(sim.strangers) == {"vault.nowhere.invalid:8443"}
    sim.reset_counts()
    assert sim.strangers == {}


def test_a_redirect_leads_elsewhere(sim: Simulator, block: Any, raw: Raw) -> None:
    sim.fault("redirect", "GetVolume", times=2)
    path = f"/volumes/{sim.id('db-1')}"
    answer = raw(block, path)
    place = f"https://elsewhere.example/20160918{path}"
    assert (answer.status_code, answer.headers["location"]) == (307, place)
    assert block.base_client.session.get(place).json()["id"] == sim.id("db-1")
    assert sim.counts()["Elsewhere"] == 1


def test_a_redirected_request_for_a_token(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in sim.environment("instance_principal").items():
        monkeypatch.setenv(name, value)
    sim.fault("redirect", "Federate", host="tokens.example")
    signer = oci.auth.signers.InstancePrincipalsSecurityTokenSigner()
    assert signer.region
    assert [call.host for call in sim.calls("Elsewhere")] == ["tokens.example"], "the SDK follows it"


def test_wrong_details_name_the_right_ones(sim: Simulator) -> None:
    with pytest.raises(SimulatorError, match="compartment, type, realm"):
        sim.fault("foreign_row", of="moon")
