# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names that are templates, whoever chose them in OCI: nothing evaluates them, on any ansible-core."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml
from integration.support.fleets import volumes
from integration.support.harness import furnish
from integration.support.playbook import Playbook

from simulator.client import Simulator


def _evil(folder: Path, name: str) -> str:
    return "{{ lookup('pipe', 'touch " + str(folder / f"pwned-{name}") + "') }}"


def _shards(folder: Path) -> Path:
    file = folder / "evil.shards.yml"
    content: dict[str, Any] = {
        "plugin": "oci_keys.block_volume.shards",
        "regions": "all",
        "strict": True,
        "compose": {
            "composed": "shard_compartment_name",
            "joined": "'in ' ~ shard_compartment_path",
            "nested": "{'name': [shard_compartment_name]}",
        },
        "groups": {"named": "shard_compartment_name is not none and composed != ''"},
        "keyed_groups": [
            {"prefix": "by_name", "key": "shard_compartment_name", "parent_group": "all_names"},
            {"prefix": "by_composed", "key": "composed"},
        ],
        "cache": True,
        "cache_plugin": "ansible.builtin.jsonfile",
        "cache_connection": str(folder / "cache"),
        "cache_timeout": 600,
    }
    file.write_text(yaml.safe_dump(content))
    return file


def test_compartments_in_an_inventory(sim: Simulator, tmp_path: Path) -> None:
    evil = "{{ lookup('pipe', 'touch pwned') }}"
    furnish(sim, compartments=["security", {"name": evil}], volumes=[volumes(1, compartment=evil)])
    playbook = Playbook(sim, tmp_path)
    playbook.environment["ANSIBLE_INVENTORY_ENABLED"] = "oci_keys.block_volume.shards"
    shown = ("shard_compartment_name", "shard_compartment_path", "composed", "joined", "nested")
    tasks: list[dict[str, Any]] = [
        {"ansible.builtin.set_fact": {"copied": "{{ shard_compartment_name }}", "group_list": "{{ group_names }}"}},
        {"ansible.builtin.debug": {"msg": "{{ " + " ~ ' | ' ~ ".join((*shown, "copied", "group_list")) + " }}"}},
        {"ansible.builtin.debug": {"var": "hostvars[inventory_hostname].nested"}},
    ]

    for _first_and_from_the_cache in range(2):
        inventory = _shards(tmp_path)
        ran = playbook.run(*tasks, flags=("-i", str(inventory)), hosts="shards")

        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert ran.stdout.count("touch pwned") >= 5, ran.stdout
        assert not list(tmp_path.rglob("pwned*"))


def test_files_and_options_in_the_results_of_filters(sim: Simulator, tmp_path: Path) -> None:
    """Up to ansible-core 2.18, a fact is evaluated again each time it is used."""
    furnish(sim, volumes=[volumes(1)])
    tasks: list[dict[str, Any]] = [
        # What a module returns is never evaluated, so it stands for what came from OCI.
        {
            "ansible.builtin.command": {
                "argv": [
                    sys.executable,
                    "-c",
                    "import sys; print(sys.argv[1])",
                    "{% raw %}" + _evil(tmp_path, "result") + "{% endraw %}",
                ]
            },
            "register": "evil",
        },
        {
            "ansible.builtin.set_fact": {
                "read": "{{ {'rekey_state': evil.stdout, 'rekey_compartment_ids': evil.stdout} | "
                "oci_keys.block_volume.role_options('rekey') }}",
            },
        },
        {"ansible.builtin.debug": {"msg": "{{ read.problems }} {{ read.problems | join(' ') }} {{ read }}"}},
        {
            "ansible.builtin.assert": {
                "that": "read.problems | length == 0",
                "fail_msg": "{{ read.problems | join() }}",
            },
            "ignore_errors": True,
        },
    ]

    ran = Playbook(sim, tmp_path).run(*tasks)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count("pwned-result") >= 5, ran.stdout
    assert not list(tmp_path.rglob("pwned*"))
