# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role and its playbook, as users run them."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from integration.support.fleets import volumes
from integration.support.harness import changes, furnish, soak
from integration.support.playbook import CollectionPlaybooks, Playbook

from simulator.client import Simulator

PLAYBOOK = "oci_keys.block_volume.encryption_report"
SCHEMA = json.loads(
    (Path(__file__).parents[2] / "roles" / "encryption_report" / "files" / "report.schema.json").read_text()
)


class Reports:
    """Runs the playbook, and reads what it left."""

    def __init__(self, sim: Simulator, folder: Path) -> None:
        self._folder = folder
        self._sim = sim
        self._playbook = Playbook(sim, folder)
        self.printed = ""

    def run(self, *flags: str, fails: bool = False, **variables: Any) -> None:
        given = {f"encryption_report_{name}": value for name, value in variables.items()}
        given.setdefault("encryption_report_dir", str(self._folder / "reports"))
        self._sim.reset_counts()
        ran = self._playbook.start(PLAYBOOK, "--extra-vars", json.dumps(given), *flags)
        self.printed = ran.stdout + ran.stderr
        assert (ran.returncode != 0) is fails, self.printed
        assert "Traceback" not in self.printed
        assert not changes(self._sim.counts())

    @property
    def folders(self) -> list[Path]:
        """The folders of the runs, without the link to the last one."""
        return sorted(path for path in (self._folder / "reports").glob("*-*") if path.is_dir())

    def read(self, folder: Path | None = None) -> dict[str, Any]:
        """The only report, or that of this folder."""
        if folder is None:
            (folder,) = self.folders
        report = json.loads((folder / "report.json").read_text())
        jsonschema.Draft202012Validator(SCHEMA).validate(report)
        return dict(report)


@pytest.fixture
def reports(sim: Simulator, tmp_path: Path) -> Reports:
    furnish(
        sim,
        compartments=["prod", "security", {"name": "old", "state": "DELETED"}],
        volumes=[
            volumes(2, key="key-a"),
            volumes(1, name="plain"),
            volumes(1, name="west", region="us-phoenix-1", key="key-everywhere"),
        ],
        boot_volumes=[volumes(1, name="boot", key="key-rotated")],
        volume_backups=[{"name": "backup", "of": "volume-1", "key": "key-a"}],
        volume_backup_policies=[
            {"name": "away", "region": "us-ashburn-1", "compartment": "prod", "destination_region": "us-phoenix-1"}
        ],
        policy_assignments=[{"asset": "volume-1", "policy": "away", "key": "key-phx"}],
    )
    return Reports(sim, tmp_path)


def test_a_report_of_everything(sim: Simulator, reports: Reports) -> None:
    reports.run("--check")
    reports.run()

    assert "changed=0" in reports.printed
    checked, ran = sorted((reports.read(folder) for folder in reports.folders), key=lambda one: one["evidence"]["mode"])
    assert [one["evidence"]["mode"] for one in (checked, ran)] == ["check", "run"]
    assert (checked["resources"], checked["violations"]) == (ran["resources"], ran["violations"])
    assert ran["complete"]
    assert {row["display_name"] for row in ran["resources"] if row["encryption"] == "oracle"} == {"plain-1"}
    assert {row["type"] for row in ran["resources"]} == {"volume", "boot_volume", "volume_backup", "policy_assignment"}
    assert {(key["id"], key["region"]) for key in ran["keys"]} == {
        (sim.id("key-a"), "us-ashburn-1"),
        (sim.id("key-rotated"), "us-ashburn-1"),
        (sim.id("key-everywhere"), "us-phoenix-1"),
        (sim.id("key-phx"), "us-phoenix-1"),
    }
    findings = {
        check["id"]: check["findings"] for check in (*ran["violations"]["checks"], *ran["violations"]["beyond"])
    }
    assert findings["5.2.1"] == [sim.id("plain-1")]
    assert findings["single_version_keys"] == [sim.id("key-rotated")]
    assert ran["evidence"]["scanned"]["skipped_compartments"][0]["reason"] == "it is DELETED"
    assert ran["evidence"]["versions"]["ansible_core"]
    assert ran["retirement"] is None
    for folder in reports.folders:
        assert re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{6}-localhost", folder.name)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert {path.name for path in folder.iterdir()} == {
            "before.json",
            "keys.json",
            "report.json",
            "report.csv",
            "report.html",
            "findings.ocsf.json",
            "metrics.prom",
            "summary.json",
            "manifest.json",
        }
        assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


@soak
def test_what_awx_sends(sim: Simulator, reports: Reports) -> None:
    reports.run(
        "--extra-vars",
        json.dumps({"awx_job_id": 4711, "awx_user_name": "alice"}),
        regions="us-ashburn-1, us-phoenix-1",
        compartment_ids=f"{sim.id('prod')},",
        recursive="false",
        kms_key_ids="",
        redact="yes",
        redact_key="correct horse",
    )
    report = reports.read()
    assert report["evidence"]["awx"] == {"job_id": "4711", "user_name": "alice"}
    assert report["evidence"]["scanned"]["regions"] == ["us-ashburn-1", "us-phoenix-1"]
    assert [row["name"] for row in report["evidence"]["scanned"]["compartments"]] == ["prod"]
    assert report["evidence"]["redacted"] == "hmac-sha256"
    assert report["evidence"]["parameters"]["recursive"] is False
    (folder,) = reports.folders
    assert sim.id("volume-1") not in (folder / "report.html").read_text()
    texts = [reports.printed, *(path.read_text() for path in folder.iterdir())]
    assert not [text for text in texts if "correct horse" in text]


@soak
def test_keys_to_be_retired(sim: Simulator, reports: Reports) -> None:
    reports.run(kms_key_ids=[sim.id("key-phx"), sim.id("key-b")])
    used, unused = reports.read()["retirement"]["keys"]
    assert (used["verdict"], [use["type"] for use in used["uses"]]) == ("in_use", ["policy_assignment"])
    assert (unused["verdict"], unused["gaps"]) == ("no_use_found_in_block_volume", [])


def test_a_compartment_that_can_not_be_read_makes_it_incomplete(sim: Simulator, reports: Reports) -> None:
    sim.fault(
        "status",
        "ListBootVolumes",
        status=404,
        code="NotAuthorizedOrNotFound",
        message="No.",
        times=None,
        region="us-phoenix-1",
    )
    reports.run(kms_key_ids=[sim.id("key-b")])
    report = reports.read()
    assert not report["complete"]
    assert report["unreadable"]
    assert report["retirement"]["keys"][0]["verdict"] == "incomplete"
    assert "could not be read, so resources may be missing." in reports.printed
    assert "Key to retire key-b" in reports.printed
    (folder,) = reports.folders
    assert "This report is incomplete" in (folder / "report.html").read_text()


def test_alarms_are_raised_after_all_is_written_and_the_answer_on_keys_is_printed(
    sim: Simulator, reports: Reports
) -> None:
    words = ["cis", "unusable_keys", "incomplete", "key_in_use", "key_age", "protection"]
    reports.run(fails=True, kms_key_ids=sim.id("key-a"), fail_on=words, required_protection="external")
    (folder,) = reports.folders
    assert {path.name for path in folder.iterdir()} >= {"report.json", "report.html", "report.csv", "manifest.json"}
    report = reports.read()
    for sentence in (
        "Recommendations of the benchmark 3.1.0: ",
        "Keys to retire: 1 of 1 in use.",
        "Protection level EXTERNAL of keys in use: protection not met by 4 keys.",
    ):
        assert sentence in reports.printed
    # Of the words that were asked for, nothing is said of those that are met.
    assert "The report is incomplete" not in reports.printed
    assert "Key to retire key-a (" in reports.printed
    assert report["headline"]["level"] == "amber"


@soak
def test_a_report_without_alarms_does_not_fail(sim: Simulator, reports: Reports) -> None:
    reports.run(fail_on=["unusable_keys", "incomplete"])
    assert reports.read()["complete"]


@soak
def test_resources_on_a_key_that_is_about_to_be_deleted_are_what_is_said_first(sim: Simulator, tmp_path: Path) -> None:
    furnish(sim, volumes=[volumes(2, key="key-dying")], boot_volumes=[volumes(name="boot", key="key-a")])
    reports = Reports(sim, tmp_path)
    reports.run(fails=True, fail_on="unusable_keys")
    headline = reports.read()["headline"]
    assert headline["level"] == "red"
    assert headline["sentence"].startswith("2 resources are on keys that are about to be deleted (key-dying): ")
    assert headline["dangers"][0]["time_of_deletion"]
    assert f"RED: {headline['sentence']}" in reports.printed.replace("\n", "")
    assert "Keys in use that can't be used: usable_keys not met by 1 key." in reports.printed


@soak
def test_only_what_has_the_tags_is_reported_and_counted_by_its_owner(sim: Simulator, tmp_path: Path) -> None:
    mine = {"freeform_tags": {"stage": "prod"}, "defined_tags": {"ops": {"owner": "ledger"}}}
    furnish(sim, volumes=[volumes(2, key="key-a", **mine), volumes(3, name="other", key="key-b")])
    reports = Reports(sim, tmp_path)
    reports.run(freeform_tags="stage=prod", owner_tag="ops.owner")
    report = reports.read()
    assert {row["display_name"] for row in report["resources"]} == {"volume-1", "volume-2"}
    assert report["owners"]["by_tag"] == [{"owner": "ledger", "total": 2, "customer": 2, "oracle": 0, "unknown": 0}]
    assert [row["path"] for row in report["owners"]["by_compartment"]] == ["prod"]
    assert "only resources with the tag stage=prod" in report["headline"]["scope"]["text"]


def test_what_is_since_the_latest_report_is_told_and_raises_the_alarm(
    sim: Simulator, reports: Reports, tmp_path: Path
) -> None:
    metrics = tmp_path / "keys.prom"
    reports.run(baseline="latest", metrics_file=str(metrics))
    assert "There is no earlier report of the same scope to compare with." in reports.printed
    key = sim.id("key-a")
    sim.change(key, state="PENDING_DELETION")
    reports.run(fails=True, baseline="latest", metrics_file=str(metrics), fail_on=["since"])
    assert "1 key can't be used any more." in reports.printed
    newest = (tmp_path / "reports" / "latest").resolve()
    since = reports.read(newest)["since"]
    assert [row["id"] for row in since["keys_newly_unusable"]] == [key]
    assert "PENDING_DELETION" in metrics.read_text()
    assert len(re.findall("/report.html", (tmp_path / "reports" / "index.html").read_text())) == 2


@soak
def test_mistakes_are_told_at_once_and_before_anything_is_asked(sim: Simulator, reports: Reports) -> None:
    reports.run(fails=True, kms_key_ids=sim.id("key-b"), regions="iad", recusive="false", redact="perhaps")
    for words in ("recusive is not a variable", "perhaps"):
        assert words in reports.printed
    assert sim.counts() == {}
    reports.run(fails=True, kms_key_ids=sim.id("key-b"), regions="us-ashburn-1")
    assert "needs a scan of the whole tenancy" in reports.printed
    assert reports.folders == []


@pytest.mark.parametrize(
    "playbook", ["rekey", *(pytest.param(name, marks=soak) for name in ("encryption_report", "backup_policy"))]
)
def test_a_run_on_no_host_fails(sim: Simulator, tmp_path: Path, playbook: str) -> None:
    """As on an inventory of shards that was never updated. Ansible itself ends well there."""
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(yaml.safe_dump({"all": {"children": {"shards": {}}}}))
    given = {"target_hosts": "shards"}
    ran = CollectionPlaybooks(sim, tmp_path).run(playbook, given, "--inventory", str(inventory))
    assert ran.returncode == 2, ran.stdout
    assert "No host matches 'shards', so nothing was done" in ran.stdout
    assert sim.counts() == {}


@soak
def test_shards_are_merged_before_the_alarm_is_raised(sim: Simulator, reports: Reports, tmp_path: Path) -> None:
    hosts = {
        f"shard-{region}": {
            "shard_region": region,
            "shard_compartment_id": sim.id("prod"),
            "ansible_connection": "local",
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        }
        for region in ("us-ashburn-1", "us-phoenix-1")
    }
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(yaml.safe_dump({"all": {"children": {"shards": {"hosts": hosts}}}}))

    flags = ("--inventory", str(inventory), "--extra-vars", "target_hosts=shards")
    reports.run(*flags, fails=True, fail_on=["cis", "incomplete"])

    assert "Recommendations of the benchmark 3.1.0: " in reports.printed
    assert "fatal: [localhost]" in reports.printed
    assert "fatal: [shard-" not in reports.printed
    merged = {folder.name.split("-", 2)[2]: reports.read(folder) for folder in reports.folders}
    assert set(merged) == {"localhost", "shard-us-ashburn-1", "shard-us-phoenix-1"}
    whole = merged["localhost"]
    assert whole["summary"]["total"] == 7
    assert len(whole["evidence"]["merged_from"]) == 2
    assert whole["evidence"]["scanned"]["regions"] == ["us-ashburn-1", "us-phoenix-1"]


@pytest.mark.parametrize(("count", "limit"), [(1, None), pytest.param(2, "shard-1", marks=soak)])
def test_a_lone_shard_is_published_only_if_it_is_all_that_there_is(
    sim: Simulator, reports: Reports, tmp_path: Path, count: int, limit: str | None
) -> None:
    hosts = {
        f"shard-{number}": {
            "shard_region": "us-ashburn-1" if number == 1 else "us-phoenix-1",
            "shard_compartment_id": sim.id("prod"),
            "ansible_connection": "local",
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        }
        for number in range(1, count + 1)
    }
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(yaml.safe_dump({"all": {"children": {"shards": {"hosts": hosts}}}}))
    metrics = tmp_path / "collected.prom"

    flags = ["--inventory", str(inventory), "--extra-vars", "target_hosts=shards"]
    if limit is not None:
        flags += ["--limit", f"{limit},localhost"]
    reports.run(*flags, metrics_file=str(metrics))

    folder = reports.folders[0].parent
    is_published = limit is None
    assert "This is one shard, a part of the tenancy." in reports.printed
    assert metrics.exists() is is_published
    assert (folder / "index.html").exists() is is_published
    assert (folder / "latest").is_symlink() is is_published
    assert {each.name.split("-", 2)[2] for each in reports.folders} == {
        "shard-1",
        *(["localhost"] if is_published else []),
    }


@soak
def test_shards_are_not_merged_where_one_failed_before_its_report(
    sim: Simulator, reports: Reports, tmp_path: Path
) -> None:
    places = {"shard-1": sim.id("prod"), "shard-2": "no-such-compartment", "shard-3": sim.id("prod")}
    hosts = {
        name: {
            "shard_region": "us-phoenix-1" if name == "shard-3" else "us-ashburn-1",
            "shard_compartment_id": place,
            "ansible_connection": "local",
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        }
        for name, place in places.items()
    }
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(yaml.safe_dump({"all": {"children": {"shards": {"hosts": hosts}}}}))
    metrics = tmp_path / "collected.prom"

    flags = ("--inventory", str(inventory), "--extra-vars", "target_hosts=shards")
    reports.run(*flags, fails=True, metrics_file=str(metrics), fail_on=["cis"])

    assert "These hosts failed before they wrote a report: shard-2." in reports.printed
    assert "Recommendations of the benchmark 3.1.0: " in reports.printed
    written = {folder.name.split("-", 2)[2] for folder in reports.folders if (folder / "report.json").exists()}
    assert written == {"shard-1", "shard-3"}
    assert not metrics.exists()
    assert not (reports.folders[0].parent / "index.html").exists()
    assert not (reports.folders[0].parent / "latest").is_symlink()
