# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rulebooks of extensions/eda in ansible-rulebook itself: events in, runs against the simulator out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from integration.support.fleets import tenancy, volumes
from integration.support.harness import changes, soak
from integration.support.rekey_helpers import IAD, PHX, keys_in_place
from integration.support.rulebook import Controller, Rulebook, rulebook_environment
from unit.support.events import event

from simulator.client import Simulator

pytestmark = soak
COMPARTMENTS = ("prod", "test", "trading")
REKEY = "Put the resources in compartments"
REPORT = "Report on encryption keys"


@pytest.fixture(autouse=True)
def _there_is_ansible_rulebook() -> None:
    made = rulebook_environment()
    if isinstance(made, str):
        pytest.skip(made)


@pytest.fixture
def variables(sim: Simulator, tmp_path: Path) -> dict[str, Any]:
    fleet = tenancy(
        volumes=[
            *(volumes(2, name=name, compartment=name) for name in COMPARTMENTS),
            volumes(1, name="phx", region=PHX),
            volumes(1, name="quiet", compartment="quiet"),
            volumes(1, name="kept", compartment="quiet", key="key-b"),
        ]
    )
    sim.reset({**fleet, "compartments": [*fleet["compartments"], *COMPARTMENTS[1:], "quiet"]})
    keys = "\n".join(f"{region}={sim.id(key)}" for region, key in ((IAD, "key-a"), (PHX, "key-phx")))
    return {
        "events_kms_key_ids": keys,
        "events_report_dir": str(tmp_path / "reports"),
        "events_stream_host": "unused",
        "events_stream": "unused",
        "events_stream_user": "unused",
        "events_stream_password": "unused",
    }


def created(sim: Simulator, compartment: str, resource: str, **data: Any) -> dict[str, Any]:
    return event(
        "a volume was created", **{"compartmentId": sim.id(compartment), "resourceId": sim.id(resource), **data}
    )


@pytest.mark.parametrize("name", ["webhook_local", "stream_local"])
def test_a_storm_of_events_makes_one_run_for_each_compartment(
    sim: Simulator, tmp_path: Path, variables: dict[str, Any], name: str
) -> None:
    before = keys_in_place(sim)
    storm = [created(sim, place, f"{place}-{number % 2 + 1}") for number in range(333) for place in COMPARTMENTS]
    storm.append(created(sim, "prod", "phx-1"))
    with Rulebook.start(sim, tmp_path, name, variables=variables, window=60) as rulebook:
        assert set(rulebook.post(*storm)) == {200}
        rulebook.wait_for(lambda _output: rulebook.recaps >= 4)
        assert (rulebook.windows, rulebook.plays(REKEY), rulebook.recaps) == (1, 4, 4)
        assert "Traceback" not in rulebook.output
    names = [f"{place}-{number}" for place in COMPARTMENTS for number in (1, 2)]
    wanted = {("volume", sim.id(name)): sim.id("key-a") for name in names}
    assert keys_in_place(sim) == {**before, **wanted, ("volume", sim.id("phx-1")): sim.id("key-phx")}
    assert changes(sim.counts()) == {"UpdateVolumeKmsKey": 7}
    assert len(list((tmp_path / "reports").glob("*Z-*"))) == 4


def test_without_the_token_nothing_is_done(sim: Simulator, tmp_path: Path, variables: dict[str, Any]) -> None:
    with Rulebook.start(sim, tmp_path, "webhook_local", variables=variables) as rulebook:
        for token in ("a wrong one", "", None):
            assert set(rulebook.post(*[created(sim, "prod", "prod-1")] * 20, token=token)) <= {401}
        # Whatever was taken before this one has been looked at when this one has.
        assert rulebook.post(event("a volume was deleted")) == [200]
        output = rulebook.wait_for(lambda output: "An event is left out" in output)
        assert (rulebook.windows, output.count("An event is left out"), "PLAY [" in output) == (0, 1, False)
    assert sim.counts() == {}


def test_values_that_are_no_ocids_reach_no_playbook(sim: Simulator, tmp_path: Path, variables: dict[str, Any]) -> None:
    owned = tmp_path / "owned"
    template = f"{{{{ lookup('ansible.builtin.pipe', 'touch {owned}') }}}}"
    bad = [
        created(sim, "prod", "prod-1", compartmentId=template),
        created(sim, "prod", "prod-1", compartmentId=sim.id("prod") + "\n"),
        created(sim, "prod", "prod-1", resourceId=f"ocid1.volume.oc1.{template}.abuwcljr"),
        created(sim, "prod", "prod-1", compartmentId=[sim.id("prod"), template]),
        event("a key is to be deleted", resourceId=template),
    ]
    with Rulebook.start(sim, tmp_path, "webhook_local", variables=variables) as rulebook:
        assert set(rulebook.post(*bad)) == {200}
        # Good values beside bad names: it is done, and the names are nowhere.
        rulebook.post(created(sim, "trading", "trading-1", resourceName=template, freeFormTags={"a": template}))
        rulebook.wait_for(lambda _output: rulebook.recaps >= 1)
        assert (rulebook.windows, rulebook.plays(REKEY), rulebook.plays(REPORT)) == (1, 1, 0)
        assert rulebook.output.count("An event is left out: ") == len(bad)
        assert "lookup" not in rulebook.output
    assert not owned.exists()
    assert changes(sim.counts()) == {"UpdateVolumeKmsKey": 2}


def test_the_alarm_comes_first_and_says_what_is_on_the_key(
    sim: Simulator, tmp_path: Path, variables: dict[str, Any]
) -> None:
    with Rulebook.start(sim, tmp_path, "webhook_local", variables=variables) as rulebook:
        deleted = event("a key is to be deleted", resourceId=sim.id("key-b"))
        # Both moments of the deletion, as a rule of OCI Events may send both.
        begun = {**deleted, "eventType": deleted["eventType"].replace(".end", ".begin")}
        rulebook.post(created(sim, "prod", "prod-1"), begun, deleted)
        rulebook.wait_for(lambda _output: rulebook.recaps >= 2)
        output = rulebook.output
        assert (rulebook.plays(REPORT), rulebook.plays(REKEY)) == (1, 1)
        assert output.index(f"PLAY [{REPORT}") < output.index(f"PLAY [{REKEY}")
    assert "Keys to retire: 1 of 1 in use." in output
    assert "Key to retire key-b" in output


@pytest.mark.parametrize("name", ["webhook_controller", "stream_controller"])
def test_jobs_are_started_for_each_compartment_and_for_alarms(
    sim: Simulator, tmp_path: Path, variables: dict[str, Any], name: str
) -> None:
    with Controller() as controller:
        flags = ("--controller-url", controller.url, "--controller-token", "unused")
        with Rulebook.start(sim, tmp_path, name, *flags, variables=variables, window=30) as rulebook:
            rulebook.post(*[created(sim, place, f"{place}-1") for _ in range(3) for place in COMPARTMENTS])
            rulebook.post(event("a key is to be deleted", resourceId=sim.id("key-b")))
            rulebook.post(event("a vault is to be deleted", resourceId=sim.id("vault-iad")))
            rulebook.wait_for(lambda _output: len(controller.launched) >= 5)
            assert rulebook.windows == 1
    reports = [asked["extra_vars"] for launched, asked in controller.launched if launched.endswith("report")]
    rekeys = [asked for launched, asked in controller.launched if launched.endswith("rekey")]
    assert sorted(reports, key=len) == [
        {"encryption_report_fail_on": ["unusable_keys"]},
        {"encryption_report_kms_key_ids": sim.id("key-b"), "encryption_report_fail_on": ["key_in_use"]},
    ]
    assert {asked["job_type"] for asked in rekeys} == {"run"}
    assert sorted(asked["extra_vars"]["rekey_compartment_ids"] for asked in rekeys) == sorted(map(sim.id, COMPARTMENTS))
    for asked in rekeys:
        assert {**asked["extra_vars"], "rekey_compartment_ids": None} == {
            "rekey_compartment_ids": None,
            "rekey_recursive": "false",
            "rekey_regions": "iad",
            "rekey_kms_key_ids": variables["events_kms_key_ids"],
            "rekey_max_changes": 100,
        }
    assert "PLAY [" not in rulebook.output
    assert sim.counts() == {}
