# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Copies of backups in another region over the wire."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import oci
import pytest

from simulator.api import Call
from simulator.build import build
from simulator.client import Simulator
from simulator.hosts import Target
from simulator.operations import ALL
from simulator.switches import Switches

CORE = oci.core.models
IAD, FRA = "us-ashburn-1", "eu-frankfurt-1"
TITLES = {"volume": "Volume", "boot_volume": "BootVolume", "volume_group": "VolumeGroup"}
NAMES = [("volume", "backup-key-1"), ("boot_volume", "boot-backup-key"), ("volume_group", "group-backup")]
LOST = oci.exceptions.RequestException


@pytest.fixture
def there(sdk: Callable[..., Any]) -> Any:
    return sdk(oci.core.BlockstorageClient, FRA)


@pytest.fixture
def copy(sim: Simulator, block: Any) -> Callable[..., Any]:
    """POST of a copy by the backup's name, to Frankfurt if nothing else is said."""

    def post(name: str, kind: str = "volume", token: str = "", **fields: Any) -> Any:
        fields.setdefault("destination_region", FRA)
        details = getattr(CORE, f"Copy{TITLES[kind]}BackupDetails")(**fields)
        more = {"opc_retry_token": token} if token else {}
        return getattr(block, f"copy_{kind}_backup")(sim.id(name), details, **more)

    return post


def copies(sim: Simulator) -> list[dict[str, Any]]:
    return [row for row in sim.resources("volume_backup") if row["name"].startswith("backup-") and row["region"] == FRA]


@pytest.mark.parametrize(("kind", "name"), NAMES[:2])
def test_a_copy_takes_its_time(
    sim: Simulator,
    block: Any,
    there: Any,
    sdk: Callable[..., Any],
    copy: Callable[..., Any],
    refused: Callable[..., Any],
    kind: str,
    name: str,
) -> None:
    sim.set(copy_settle=30)
    answer = copy(name, kind, kms_key_id=sim.id("fra-a"))
    made = answer.data
    assert made.id.startswith(f"ocid1.{kind.replace('_', '')}backup.oc1.eu-frankfurt-1.")
    assert (made.lifecycle_state, made.kms_key_id, made.display_name) == ("CREATING", sim.id("fra-a"), name)
    assert getattr(made, f"source_{kind}_backup_id") == sim.id(name)
    assert made.compartment_id == sim.id("prod")
    assert answer.headers["location"].endswith(made.id)
    assert answer.headers["location"].startswith("https://iaas.eu-frankfurt-1.oraclecloud.com/20160918/")
    assert getattr(block, f"get_{kind}_backup")(sim.id(name)).data.lifecycle_state == "AVAILABLE"
    get = getattr(there, f"get_{kind}_backup")
    assert get(made.id).data.lifecycle_state == "CREATING"
    refused(404, "NotAuthorizedOrNotFound", getattr(block, f"get_{kind}_backup"), made.id)
    requests = sdk(oci.work_requests.WorkRequestClient)
    work = requests.get_work_request(answer.headers["opc-work-request-id"]).data
    assert (work.status, work.resources[0].identifier, work.time_finished) == ("IN_PROGRESS", made.id, None)
    sim.change(made.id, state="AVAILABLE")
    assert get(made.id).data.kms_key_id == sim.id("fra-a")
    assert requests.get_work_request(work.id).data.status == "SUCCEEDED"
    rows = getattr(there, f"list_{kind}_backups")(sim.id("prod"), **{f"source_{kind}_backup_id": sim.id(name)}).data
    assert [row.id for row in rows] == [made.id]
    elsewhere = sdk(oci.work_requests.WorkRequestClient, FRA)
    refused(404, "NotAuthorizedOrNotFound", elsewhere.get_work_request, work.id)


def test_a_copy_becomes_available(sim: Simulator, there: Any, copy: Callable[..., Any]) -> None:
    sim.set(copy_settle=0.1)
    made = copy("backup-key-1", display_name="the copy").data
    assert (made.lifecycle_state, made.kms_key_id, made.display_name) == ("CREATING", None, "the copy")
    answer = oci.wait_until(
        there, there.get_volume_backup(made.id), "lifecycle_state", "AVAILABLE", max_interval_seconds=1
    )
    assert answer.data.id == made.id
    assert there.update_volume_backup(
        made.id, CORE.UpdateVolumeBackupDetails(kms_key_id=sim.id("fra-b"))
    ).data.kms_key_id == sim.id("fra-b")


def test_a_group_backup_and_its_members(sim: Simulator, block: Any, there: Any, copy: Callable[..., Any]) -> None:
    source = block.get_volume_group_backup(sim.id("group-backup")).data
    assert sorted(source.volume_backup_ids) == sorted(
        sim.id(f"{name}") for name in ("member-1", "member-2", "boot-member")
    )
    sim.set(copy_settle=30)
    answer = copy("group-backup", "volume_group", kms_key_id=sim.id("fra-a"))
    assert "opc-work-request-id" not in answer.headers
    made = answer.data
    assert (made.source_volume_group_backup_id, made.volume_group_id) == (source.id, sim.id("db-group"))
    assert (made.lifecycle_state, len(made.volume_backup_ids)) == ("CREATING", 3)
    assert there.get_volume_group_backup(made.id).data.volume_backup_ids == made.volume_backup_ids
    for ident in made.volume_backup_ids:
        get = there.get_boot_volume_backup if ".bootvolumebackup." in ident else there.get_volume_backup
        member = get(ident).data
        assert (member.volume_group_backup_id, member.kms_key_id) == (made.id, sim.id("fra-a"))
        assert member.lifecycle_state == "CREATING"
    rows = there.list_volume_group_backups(sim.id("databases"), volume_group_id=sim.id("db-group")).data
    assert [row.id for row in rows] == [made.id]


@pytest.mark.parametrize("seconds", [0, 30])
def test_copy_outcome(sim: Simulator, there: Any, copy: Callable[..., Any], seconds: int) -> None:
    sim.set(copy_outcome="faulty", copy_settle=seconds)
    made = copy("backup-key-1")
    expected = "CREATING" if seconds else "FAULTY"
    assert (made.data.lifecycle_state, there.get_volume_backup(made.data.id).data.lifecycle_state) == (expected,) * 2


def test_a_failed_copy_fails_its_work_request(
    sim: Simulator, sdk: Callable[..., Any], copy: Callable[..., Any]
) -> None:
    sim.set(copy_outcome="faulty", copy_settle=0)
    answer = copy("backup-key-1")
    work = sdk(oci.work_requests.WorkRequestClient).get_work_request(answer.headers["opc-work-request-id"]).data
    assert (work.status, work.percent_complete) == ("FAILED", 100)


def test_copy_visible_late(sim: Simulator, there: Any, copy: Callable[..., Any], refused: Callable[..., Any]) -> None:
    sim.set(copy_visible="late", copy_settle=1)
    made = copy("backup-key-1").data
    refused(404, "NotAuthorizedOrNotFound", there.get_volume_backup, made.id)
    assert there.list_volume_backups(sim.id("prod"), source_volume_backup_id=sim.id("backup-key-1")).data == []
    time.sleep(0.55)
    assert there.get_volume_backup(made.id).data.id == made.id


def test_retry_tokens(sim: Simulator, there: Any, copy: Callable[..., Any], refused: Callable[..., Any]) -> None:
    first = copy("backup-key-1", token="t1", kms_key_id=sim.id("fra-a"))
    again = copy("backup-key-1", token="t1", kms_key_id=sim.id("fra-a"))
    assert again.data.id == first.data.id
    assert again.headers["opc-work-request-id"] == first.headers["opc-work-request-id"]
    assert len(copies(sim)) == 1
    refused(409, "InvalidatedRetryToken", copy, "backup-key-1", token="t1", kms_key_id=sim.id("fra-b"))
    refused(409, "InvalidatedRetryToken", copy, "backup-key-2", token="t1", kms_key_id=sim.id("fra-a"))
    assert copy("backup-key-1", token="t2", kms_key_id=sim.id("fra-a")).data.id != first.data.id
    assert copy("backup-key-1", kms_key_id=sim.id("fra-a")).data.id != first.data.id
    refused(400, "InvalidParameter", copy, "backup-key-1", token="x" * 65)
    sim.change(first.data.id, state="TERMINATED")
    refused(409, "InvalidatedRetryToken", copy, "backup-key-1", token="t1", kms_key_id=sim.id("fra-a"))
    assert sim.calls("CopyVolumeBackup")[0].headers["opc-retry-token"] == "t1"


def test_a_token_is_good_for_a_day() -> None:
    cloud = build({"regions": [IAD, FRA], "volume_backups": [{"name": "b", "region": IAD}]}, Switches())
    operation = next(one for one in ALL if one.name == "CopyVolumeBackup")

    def copied(now: float) -> str:
        call = Call(
            cloud=cloud,
            operation=operation,
            target=Target("iaas", IAD),
            site=cloud.sites[IAD],
            ident=cloud.lookup("b").id,
            query={},
            body=json.dumps({"destinationRegion": FRA}).encode(),
            headers={"opc-retry-token": "t1"},
            now=now,
        )
        return str(json.loads(operation.run(call).body)["id"])

    first = copied(0.0)
    assert copied(86399.0) == first
    assert copied(86401.0) != first


def test_a_token_outlives_a_lost_answer(sim: Simulator, copy: Callable[..., Any]) -> None:
    sim.fault("drop_after", "CopyVolumeBackup")
    with pytest.raises(LOST):
        copy("backup-key-1", token="t1")
    assert copy("backup-key-1", token="t1").data.id == copies(sim)[0]["id"]
    assert len(copies(sim)) == 1
    sim.fault("drop_before", "CopyVolumeBackup")
    with pytest.raises(LOST):
        copy("backup-key-1", token="t2")
    assert len(copies(sim)) == 1


def test_a_refused_copy_leaves_its_token_free(
    sim: Simulator, copy: Callable[..., Any], refused: Callable[..., Any]
) -> None:
    refused(404, "NotAuthorizedOrNotFound", copy, "backup-key-1", token="t1", kms_key_id=sim.id("key-a"))
    assert copy("backup-key-1", token="t1", kms_key_id=sim.id("fra-a")).status == 200


@pytest.mark.parametrize("code", ["404", "400"])
def test_the_key_must_be_usable_there(
    sim: Simulator, copy: Callable[..., Any], refused: Callable[..., Any], code: str
) -> None:
    sim.set(unusable_key_code=code)
    reason = (404, "NotAuthorizedOrNotFound") if code == "404" else (400, "RelatedResourceNotAuthorizedOrNotFound")
    sim.change(sim.id("fra-b"), state="DISABLED")
    for key in ("key-a", "fra-b"):
        for kind, name in NAMES:
            refused(*reason, copy, name, kind, kms_key_id=sim.id(key))
    sim.change(sim.id("replicated"), region=FRA, service_may_use=False)
    refused(*reason, copy, "backup-key-1", kms_key_id=sim.id("replicated"))
    sim.change(sim.id("replicated"), region=FRA, service_may_use=True)
    sim.change(sim.id("replicated"), region=IAD, service_may_use=False)
    assert copy("backup-key-1", kms_key_id=sim.id("replicated")).data.kms_key_id == sim.id("replicated")
    refused(400, "InvalidParameter", copy, "backup-key-1", kms_key_id="")
    assert len(copies(sim)) == 1


def test_where_nothing_can_be_copied_to(sim: Simulator, copy: Callable[..., Any], refused: Callable[..., Any]) -> None:
    for region in ("uk-london-1", IAD, "nowhere"):
        refused(400, "InvalidParameter", copy, "backup-key-1", destination_region=region)
    refused(400, "MissingParameter", copy, "backup-key-1", destination_region=None)
    refused(400, "InvalidParameter", copy, "backup-key-1", display_name="")
    assert copies(sim) == []


def test_a_region_that_is_not_ready(sim: Simulator, sdk: Callable[..., Any], refused: Callable[..., Any]) -> None:
    sim.reset(
        {
            "regions": [IAD, {"name": FRA, "status": "IN_PROGRESS"}],
            "volume_backups": [{"name": "b", "region": IAD}],
        }
    )
    client = sdk(oci.core.BlockstorageClient)
    details = CORE.CopyVolumeBackupDetails(destination_region=FRA)
    refused(400, "InvalidParameter", client.copy_volume_backup, sim.id("b"), details)


def test_what_can_be_copied(sim: Simulator, copy: Callable[..., Any], refused: Callable[..., Any]) -> None:
    for name in ("backup-creating", "backup-faulty", "backup-gone"):
        refused(409, "IncorrectState", copy, name)
    refused(404, "NotAuthorizedOrNotFound", copy, "fra-backup")
    assert copy("backup-locked").data.is_retention_lock_enabled is None
    sim.change(sim.id("member-1"), state="FAULTY")
    refused(409, "IncorrectState", copy, "group-backup", "volume_group")


def test_copy_limit_code(sim: Simulator, copy: Callable[..., Any], refused: Callable[..., Any]) -> None:
    sim.set(copy_settle=60, copy_limit=1, copy_limit_code="400")
    copy("backup-key-1")
    refused(400, "LimitExceeded", copy, "backup-key-1")


def test_ten_at_a_time(sim: Simulator, there: Any, copy: Callable[..., Any], refused: Callable[..., Any]) -> None:
    sim.set(copy_settle=60)
    reason = (429, "TooManyRequests")
    copy("group-backup", "volume_group")
    for number in range(9):
        copy("backup-key-1", token=f"t{number}")
    refused(*reason, copy, "backup-key-1", token="t9")
    refused(*reason, copy, "boot-backup-key", "boot_volume")
    # A token that is known makes nothing new.
    copy("backup-key-1", token="t8")
    # Each source region has a limit of its own.
    details = CORE.CopyVolumeBackupDetails(destination_region=IAD)
    assert there.copy_volume_backup(sim.id("fra-backup"), details).status == 200
    sim.change(copies(sim)[0]["id"], state="AVAILABLE")
    assert copy("backup-key-1", token="t9").status == 200
    refused(*reason, copy, "backup-key-1", token="t10")
    sim.set(copy_limit=0)
    assert copy("backup-key-1", token="t10").status == 200
