# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory plugin, as ansible-inventory and ansible-playbook run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from integration.support.fleets import tenancy, volumes
from integration.support.harness import furnish
from integration.support.warm_python import controller

from simulator.client import Simulator

IAD, PHX, FRA = "us-ashburn-1", "us-phoenix-1", "eu-frankfurt-1"
COLLECTIONS = Path(__file__).parents[2] / ".cache" / "collections"
PLUGIN = "oci_keys.block_volume.shards"


class Inventory:
    """Runs ansible-inventory on a file in a home folder of its own."""

    def __init__(self, sim: Simulator, folder: Path) -> None:
        self._sim = sim
        self.folder = folder
        self.environment = {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "LANG": "C.UTF-8",
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_INVENTORY_ENABLED": PLUGIN,
            "ANSIBLE_NOCOLOR": "1",
            **sim.environment(),
        }

    def write(self, name: str = "prod.shards.yml", **options: Any) -> Path:
        file = self.folder / name
        file.write_text(yaml.safe_dump({"plugin": PLUGIN, **options}))
        return file

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        self._sim.reset_counts()
        return subprocess.run(
            [*controller(command[0]), *command[1:]],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )

    def list(self, **options: Any) -> tuple[dict[str, dict[str, Any]], str]:
        """Each host with its variables, by region and path, and what was printed besides."""
        ran = self.run("ansible-inventory", "--list", "-i", str(self.write(**options)))
        assert ran.returncode == 0, ran.stderr
        self.listed = json.loads(ran.stdout, object_hook=_plain)
        hosts = self.listed["_meta"]["hostvars"]
        assert set(self.listed.get("shards", {}).get("hosts", [])) == set(hosts)
        for name, variables in hosts.items():
            assert variables["ansible_connection"] == "local"
            assert variables["ansible_python_interpreter"] == "{{ ansible_playbook_python }}"
            assert name.endswith(variables["shard_compartment_id"][-6:])
        return {f"{row['shard_region']}:{row['shard_compartment_path']}": row for row in hosts.values()}, ran.stderr


def _plain(value: dict[str, Any]) -> Any:
    """From ansible-core 2.19 on, text that is no template is told as such."""
    return value["__ansible_unsafe"] if set(value) == {"__ansible_unsafe"} else value


@pytest.fixture
def inventory(sim: Simulator, tmp_path: Path) -> Inventory:
    return Inventory(sim, tmp_path)


@pytest.fixture(autouse=True)
def fleet(sim: Simulator) -> None:
    furnish(
        sim,
        compartments=[
            {"name": "prod", "children": ["databases"]},
            "security",
            "empty",
            {"name": "old", "state": "DELETED"},
        ],
        volumes=[volumes(compartment="databases"), volumes(name="far", compartment="prod", region=PHX)],
        boot_volume_backups=[{"name": "backup", "region": IAD, "compartment": "root"}],
    )


def test_a_host_for_each_region_and_compartment_with_something_in_it(sim: Simulator, inventory: Inventory) -> None:
    hosts, printed = inventory.list(regions="all")

    assert set(hosts) == {f"{IAD}:", f"{IAD}:prod/databases", f"{PHX}:prod"}
    assert printed == ""
    assert hosts[f"{IAD}:prod/databases"] == {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "shard_region": IAD,
        "shard_compartment_id": sim.id("databases"),
        "shard_compartment_name": "databases",
        "shard_compartment_path": "prod/databases",
        "shard_error": None,
    }
    suffix = sim.id("databases")[-6:]
    assert f"{IAD}_prod_databases_{suffix}" in inventory.listed["shards"]["hosts"]
    calls = sim.counts()
    # Five compartments in three regions: Search shows three of them, and the others hold nothing of any kind.
    empty = 5 * 3 - 3
    lists = ("Volumes", "BootVolumes", "VolumeBackups", "BootVolumeBackups", "VolumeGroups")
    assert calls == {
        "SearchResources": 3,
        "ListRegionSubscriptions": 1,
        "ListCompartments": 1,
        "GetTenancy": 1,
        **{f"List{noun}": empty for noun in lists},
    }
    assert {call.query["limit"] for call in sim.calls("ListVolumes")} == {"1"}


@pytest.mark.parametrize("switches", [{"search_hides": "everything"}, {"boot_list_without_domain": "refused"}])
def test_what_search_does_not_show_is_listed(sim: Simulator, inventory: Inventory, switches: dict[str, str]) -> None:
    sim.set(**switches)
    hosts, _printed = inventory.list(regions=["iad"])
    assert set(hosts) == {f"{IAD}:", f"{IAD}:prod/databases"}


def test_search_that_refuses_costs_lists_only(sim: Simulator, inventory: Inventory) -> None:
    sim.fault("status", "SearchResources", times=None, status=404, code="NotAuthorizedOrNotFound", message="No.")

    hosts, printed = inventory.list()

    assert set(hosts) == {f"{IAD}:", f"{IAD}:prod/databases"}
    assert printed == ""


def test_what_is_gone_makes_no_host(sim: Simulator, inventory: Inventory) -> None:
    gone = volumes(3, name="gone", compartment="empty", state="TERMINATED")
    furnish(
        sim,
        compartments=["prod", "security", "empty"],
        volumes=[volumes(), gone, volumes(name="live", compartment="security"), {**gone, "name": "past-{n}"}],
        boot_volumes=[volumes(name="boot", compartment="security", state="TERMINATED")],
    )

    assert set(inventory.list()[0]) == {f"{IAD}:prod", f"{IAD}:security"}
    sim.set(search_hides="everything")
    assert set(inventory.list()[0]) == {f"{IAD}:prod", f"{IAD}:security"}


def test_a_part_of_the_tree(sim: Simulator, inventory: Inventory) -> None:
    assert set(inventory.list(compartment_ids=[sim.id("prod")])[0]) == {f"{IAD}:prod/databases"}
    assert set(inventory.list(compartment_ids=[sim.id("prod")], regions="all", recursive=False)[0]) == {f"{PHX}:prod"}


def test_what_cant_be_looked_into_is_a_host_with_a_warning(sim: Simulator, inventory: Inventory) -> None:
    furnish(
        sim,
        compartments=[*tenancy()["compartments"], {"name": "closed", "accessible": False}],
        volumes=[volumes()],
    )
    sim.fault("clock_skew", region=PHX, times=None)

    hosts, printed = inventory.list(regions=[IAD, PHX], groups={"blind": "shard_error is not none"})

    assert set(hosts) == {f"{IAD}:prod", f"{IAD}:closed", f"{PHX}:", f"{PHX}:prod", f"{PHX}:security", f"{PHX}:closed"}
    assert hosts[f"{IAD}:prod"]["shard_error"] is None
    assert "404 NotAuthorizedOrNotFound" in hosts[f"{IAD}:closed"]["shard_error"]
    assert "401 NotAuthenticated" in hosts[f"{PHX}:prod"]["shard_error"]
    words = " ".join(printed.split())
    assert f"Could not read 1 compartment in {IAD}; added as hosts anyway (e.g. {IAD}_" in words
    assert f"Could not read 4 compartments in {PHX}; added as hosts anyway (e.g. {PHX}_" in words
    assert len(inventory.listed["blind"]["hosts"]) == 5


def test_compose_and_groups(inventory: Inventory) -> None:
    hosts, _printed = inventory.list(
        regions="all",
        strict=True,
        compose={"place": "shard_region ~ '/' ~ shard_compartment_name"},
        groups={"databases": "place.endswith('databases')"},
        keyed_groups=[{"prefix": "region", "key": "shard_region"}],
    )

    assert hosts[f"{PHX}:prod"]["place"] == f"{PHX}/prod"
    assert len(inventory.listed["databases"]["hosts"]) == 1
    assert len(inventory.listed["region_us_ashburn_1"]["hosts"]) == 2
    assert len(inventory.listed["region_us_phoenix_1"]["hosts"]) == 1


def test_a_cache_spares_the_second_look(sim: Simulator, inventory: Inventory) -> None:
    sim.change(sim.id("security"), state="INACTIVE")
    cached: dict[str, Any] = {
        "cache": True,
        "cache_plugin": "ansible.builtin.jsonfile",
        "cache_connection": str(inventory.folder / "c"),
    }

    first, warned = inventory.list(regions="all", **cached)
    assert sim.counts() != {}
    again, warned_again = inventory.list(regions="all", **cached)

    assert sim.counts() == {}
    assert again == first
    assert warned == warned_again
    assert "Skipped security" in warned.replace("\n", " ")
    inventory.run("ansible-inventory", "--list", "--flush-cache", "-i", str(inventory.folder / "prod.shards.yml"))
    assert sim.counts() != {}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"regions": ""}, "'regions' is blank"),
        ({"compartment_ids": ""}, "'compartment_ids' is blank"),
        ({"compartment_ids": ["{{ prod }}", "  "]}, "'compartment_ids' is blank"),
        ({"regions": []}, "'regions' is an empty list"),
        ({"compartment_ids": []}, "'compartment_ids' is an empty list"),
        ({"regions": ["nowhere"]}, "is not a known region"),
        ({"config_profile_name": "NOPE"}, "NOPE"),
        ({"auth_type": "magic"}, "is not valid; choose one of: api_key"),
    ],
)
def test_mistakes_are_told(sim: Simulator, inventory: Inventory, options: dict[str, Any], words: str) -> None:
    inventory.environment["ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED"] = "1"

    ran = inventory.run("ansible-inventory", "--list", "-i", str(inventory.write(**options)))

    assert ran.returncode != 0
    assert words in " ".join(ran.stderr.split())
    assert "Traceback" not in ran.stderr
    assert sim.counts() == {}


def test_another_name_is_no_file_of_it(inventory: Inventory) -> None:
    inventory.environment["ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED"] = "1"
    ran = inventory.run("ansible-inventory", "--list", "-i", str(inventory.write("prod.yml")))
    assert ran.returncode != 0


def test_blank_variables_and_connection_options_count_as_not_set(sim: Simulator, inventory: Inventory) -> None:
    inventory.environment.update(dict.fromkeys(("OCI_USER_ID", "OCI_TENANCY", "OCI_REGION", "OCI_AUTH_TYPE"), ""))
    hosts, _printed = inventory.list(region="", api_user=None)
    assert set(hosts) == {f"{IAD}:", f"{IAD}:prod/databases"}


def test_a_key_file_in_the_options_beats_a_key_in_the_environment(sim: Simulator, inventory: Inventory) -> None:
    inventory.environment["OCI_USER_KEY_CONTENT"] = "not a key"
    hosts, _printed = inventory.list(api_user_key_file=str(sim.home / "api_key.pem"))
    assert set(hosts) == {f"{IAD}:", f"{IAD}:prod/databases"}


def test_a_play_works_on_its_shard(inventory: Inventory) -> None:
    play = {
        "hosts": "shards",
        "gather_facts": False,
        "tasks": [
            {
                "oci_keys.block_volume.key_assignment_info": {
                    "regions": "{{ shard_region }}",
                    "compartment_ids": "{{ shard_compartment_id }}",
                    "recursive": False,
                },
                "register": "found",
            },
            {"ansible.builtin.debug": {"msg": "{{ inventory_hostname }} has {{ found.summary.total }}"}},
        ],
    }
    (inventory.folder / "play.yml").write_text(yaml.safe_dump([play], sort_keys=False))

    ran = inventory.run("ansible-playbook", "-i", str(inventory.write(regions="all")), "play.yml")

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count(" has 1") == 3
