# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the documentation shows is executed as it stands: examples of plugins, guides and READMEs.

A guide is a story: its reader makes the files that have a caption, and gives its commands one after the other.
What can't be executed here is named in ``NOT_EXECUTED``, with the reason.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from integration.support.doc_blocks import (
    GUIDES,
    PLUGINS,
    READMES,
    ROOT,
    Block,
    Substitution,
    blocks_of,
    examples_of,
    named,
    with_placeholders,
)
from integration.support.fleets import tenancy, volumes
from integration.support.harness import changes, run, soak
from integration.support.playbook import Playbook, recap
from integration.support.rekey_helpers import IAD, PHX, keys_in_place, rekey
from integration.support.warm_python import controller, interpreter

from ansible_collections.oci_keys.block_volume.plugins.module_utils._roles.read import read_role
from ansible_collections.oci_keys.block_volume.plugins.modules import key_assignment_report
from simulator.client import Simulator

ROLES = ("rekey", "restore_keys", "backup_policy", "copy_backups", "encryption_report")
PROGRAMS = ("ansible-playbook", "ansible-inventory", "ansible-doc")
NOT_EXECUTED = [
    ("ansible-galaxy collection install git+", "there is no repository to install from"),
    ("python3 -m venv", "the tests run in an environment that has all that"),
    (". oci-keys/bin/activate", "the tests run in an environment that has all that"),
    ("python3 -m pip install", "the tests run in an environment that has all that"),
    ("make demo", "test_demo.py does that"),
    ("make parity-", "test_parity_oci.py runs what these start, and test_result.py the last one"),
    ("make test", "it is what runs this test"),
    ("oracle.oci.", "the other collection is not there: it is what the reader comes from"),
    ("ansible-rulebook --rulebook", "test_events.py runs the same rulebooks, where there is Java"),
    ("ansible-galaxy collection install ansible.eda", "it is on Galaxy only"),
    ("oci cloud-guard", "the simulator has no Cloud Guard, and Oracle's command line is not there"),
    ("oci compute-management", "Oracle's command line is not there, so the story does the same by hand"),
    ("oci iam tag-default", "the simulator has no tag defaults, and Oracle's command line is not there"),
    ("ssh-keygen -Y", "test_signatures.py signs and verifies so"),
    ("jq -r '.files", "test_signatures.py compares the same digests"),
    ("rekey_skip_terraform: true", "test_terraform.py runs the role with these variables"),
    ("- alert: ", "there is no Prometheus, and test_machine_forms.py finds the metrics of these rules in a report"),
    ("rekey_new_volumes: true", "test_new_volumes.py and test_new_volumes_advice.py try what these switch on"),
    ("README.md: calls = 3 x regions", "it is a formula, and test_new_volumes.py counts the calls"),
    ("README.md: ansible-playbook", "the same commands are those of guides, or of test_readme.py"),
    ("README.md: - name: Put two volumes", "test_readme.py does that, and the commands beside it"),
]
REPLICAS = [{"region": PHX, "key": "key-everywhere"}]
FLEET: dict[str, Any] = {
    "keys": [
        {"name": "key-everywhere", "vault": "vault-everywhere"},
        {"name": "key-a", "vault": "vault-iad"},
        {"name": "key-phx", "vault": "vault-phx"},
        {"name": "key-fra", "vault": "vault-fra"},
    ],
    "volumes": [
        {**volumes(name="data"), "name": "data-1", "replicas": REPLICAS},
        *({**volumes(name="data"), "name": f"data-{number}"} for number in (2, 3)),
        volumes(2, name="old", key="key-everywhere"),
        volumes(2, name="phx", region=PHX),
    ],
    "boot_volumes": [volumes(3, name="boot", replicas=REPLICAS)],
    "volume_groups": [
        {"name": "group", "region": IAD, "compartment": "prod", "volumes": ["data-3"], "replicas": REPLICAS}
    ],
    "volume_group_backups": [{"name": "group-backup", "of": "group"}],
    "volume_backups": [
        {"name": "member", "of": "data-3", "group_backup": "group-backup"},
        {"name": "backup-{n}", "count": 2, "of": "old-{n}"},
        {"name": "copy", "of": "old-1", "source": "backup-1", "region": PHX},
    ],
    "boot_volume_backups": [{"name": "boot-backup-{n}", "count": 3, "of": "boot-{n}"}],
    "volume_backup_policies": [
        {"name": "to-phx", "region": IAD, "compartment": "prod", "destination_region": PHX},
    ],
    "instance_configurations": [
        {"name": name, "region": IAD, "compartment": "prod", "key": "key-everywhere"} for name in ("used", "alone")
    ],
    "instance_pools": [
        {"name": f"pool-{number}", "region": IAD, "compartment": "prod", "configuration": "used"} for number in (1, 2)
    ],
    "policy_assignments": [
        {"asset": "data-1", "policy": "to-phx"},
        {"asset": "group", "policy": "to-phx"},
        {"asset": "boot-1", "policy": "to-phx", "key": "key-phx"},
    ],
}


@pytest.fixture
def fleet(sim: Simulator) -> Simulator:
    sim.reset(tenancy(**FLEET))
    sim.set(kms_rate=0)
    return sim


@pytest.fixture
def playbook(fleet: Simulator, tmp_path: Path) -> Playbook:
    made = Playbook(fleet, tmp_path)
    made.environment |= {"ANSIBLE_PIPELINING": "1", "ANSIBLE_DEPRECATION_WARNINGS": "1"}
    return made


def _all_blocks() -> list[Block]:
    documented = [block for path in (*GUIDES, *READMES) for block in blocks_of(path)]
    return documented + [block for path in PLUGINS for block in examples_of(path)]


def test_every_ocid_is_a_placeholder_by_the_rule() -> None:
    blocks = _all_blocks()
    assert len(blocks) > 60
    assert with_placeholders(blocks) == []


def test_every_example_is_executed_or_named_with_the_reason() -> None:
    loose = []
    for path in (*GUIDES, *READMES):
        for block in blocks_of(path):
            for line in block.commands:
                if shlex.split(line)[0] not in PROGRAMS:
                    loose.append((f"{path.name}: {line}", "a program that no test runs"))
            if block.is_yaml and block.caption is None and not (block.is_tasks or block.is_playbook):
                loose.append((block.place + block.text, "a piece of YAML that no command of its page reads"))
    assert [row for row in loose if named(NOT_EXECUTED, row[0]) is None] == []


def test_every_reason_not_to_execute_is_needed() -> None:
    texts = [f"{block.path.name}: {block.text}" for block in _all_blocks()]
    assert [part for part, _reason in NOT_EXECUTED if not any(part in text for text in texts)] == []


def _contexts(sim: Simulator, folder: Path) -> dict[str, dict[str, Any]]:
    """What the examples take for granted, by the name of the plugin."""
    key, prod = sim.id("key-everywhere"), sim.id("prod")
    rekeying = {"rekey_compartment_ids": prod, "rekey_kms_key_ids": {IAD: key}}
    options = "{{ (%s | oci_keys.block_volume.role_options('%s')).options }}"
    return {
        "key_assignment_report": {
            "role_path": str(ROOT / "roles" / "encryption_report"),
            "report_secret": "not for the world to see",
        },
        "key_plan_apply": {"run_folder": f"{folder}/var/reports"},
        "kms_key_info": {"all_our_keys": [key, sim.id("key-a")]},
        "ocid": {"rekey_kms_key_id": key, "mixed": [key, sim.id("data-1")]},
        "plan_objections": {"options": options % (json.dumps(rekeying), "rekey")},
        "plan_verdict": {"found": "{{ assignments }}"},
        "role_options": rekeying,
        "volume_kms_key": {"volumes": [sim.id("data-1")], "key": key},
    }


def _reports(sim: Simulator, folder: Path) -> None:
    """The runs and reports that the examples go back to."""
    run_folders = ["20261124T013439Z-0f1e2d-localhost", "20261124T020112Z-3c4b5a-localhost"]
    for name in run_folders:
        rekey(sim, folder / "reports" / name)
    discovery = folder / "reports" / run_folders[0] / "before.json"
    keys = folder / "reports" / run_folders[0] / "keys.json"
    for name in ("20261124T013439Z", "20261124T013439Z-shard1", "20261124T013440Z-shard2"):
        made = folder / "lib" / "reports" / name
        made.mkdir(parents=True)
        (made / "before.json").write_bytes(discovery.read_bytes())
        (made / "keys.json").write_bytes(keys.read_bytes())
        files = {"discovery_file": str(made / "before.json"), "keys_file": str(made / "keys.json")}
        template = str(ROOT / "roles" / "encryption_report" / "templates" / "report.html.j2")
        assert not run(key_assignment_report.main, sim, report_dir=str(made), template=template, **files).failed


def _play(name: str, tasks: list[dict[str, Any]], variables: Mapping[str, Any]) -> dict[str, Any]:
    python = {"ansible_python_interpreter": interpreter()}
    return {
        "name": name,
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {**python, **variables},
        "tasks": tasks,
    }


@soak
def test_examples_of_plugins_run_in_check_mode(fleet: Simulator, playbook: Playbook, tmp_path: Path) -> None:
    """All in one process, in the order in which one makes what another reads."""
    (tmp_path / "var" / "reports").mkdir(parents=True)
    _reports(fleet, tmp_path / "var")
    before = keys_in_place(fleet)
    contexts = _contexts(fleet, tmp_path)
    first = ["key_assignment_info", "key_assignment_plan", "key_plan_apply", "plan_objections", "plan_verdict"]
    paths = {path.stem: path for path in PLUGINS if examples_of(path) and path.parent.name != "inventory"}
    plays = []
    for name in [*first, *(name for name in sorted(paths) if name not in first)]:
        substitute = Substitution(fleet, tmp_path)
        (block,) = examples_of(paths[name])
        plays.append(_play(name, yaml.safe_load(substitute(block.text)), contexts.pop(name, {})))
    assert contexts == {}
    file = tmp_path / "examples.yml"
    file.write_text(yaml.safe_dump(plays, sort_keys=False))

    ran = playbook.start(str(file), "--check")

    assert ran.returncode == 0, ran.stdout
    assert "skipping: " not in ran.stdout
    assert ran.stdout.count("TASK [") == sum(len(play["tasks"]) for play in plays)
    assert _complaints(ran) == []
    assert keys_in_place(fleet) == before


def test_examples_of_inventories_make_hosts(fleet: Simulator, playbook: Playbook, tmp_path: Path) -> None:
    (tmp_path / ".oci").mkdir()
    profile = Path(playbook.environment.pop("OCI_CONFIG_FILE")).read_text()
    (tmp_path / ".oci" / "config").write_text(profile + "\n" + profile.split("\n[")[0].replace("DEFAULT", "PROD"))
    flags = []
    for path in PLUGINS:
        if path.parent.name == "inventory":
            for number, block in enumerate(examples_of(path)):
                file = tmp_path / f"{number}.{path.stem}.yml"
                file.write_text(Substitution(fleet, tmp_path)(block.text))
                flags += ["-i", str(file)]
    assert len(flags) == 6

    listed = _start(playbook, ["ansible-inventory", *flags, "--list"])

    assert listed.returncode == 0, listed.stderr
    inventory = json.loads(listed.stdout)
    assert set(inventory["region_us_phoenix_1"]["hosts"]) < set(inventory["shards"]["hosts"])
    assert _complaints(listed) == []


def _start(playbook: Playbook, command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*controller(command[0]), *command[1:]],
        env=playbook.environment,
        cwd=playbook.environment["HOME"],
        capture_output=True,
        text=True,
        check=False,
        timeout=1200,
    )


def _complaints(ran: subprocess.CompletedProcess[str]) -> list[str]:
    """What nobody wants to see whose example it is."""
    words = ("Traceback", "DEPRECATION WARNING", "was deprecated", "Invalid characters", "ERROR")
    return [line for line in (ran.stdout + ran.stderr).splitlines() if any(word in line for word in words)]


def test_variables_of_guides_are_those_of_the_roles(fleet: Simulator, tmp_path: Path) -> None:
    """Where nothing runs them, at least what the role says to them."""
    read = set()
    for path in GUIDES:
        substitute = Substitution(fleet, tmp_path)
        for block in blocks_of(path):
            content = yaml.safe_load(substitute(block.text)) if block.caption else None
            role = next(
                (role for role in ROLES if isinstance(content, dict) and f"{role}_" in next(iter(content))), None
            )
            if role is not None:
                _values, problems = read_role(role, content)
                assert problems == [], block.place
                read.add(role)
    assert read == {"rekey", "backup_policy", "copy_backups", "encryption_report"}


@pytest.mark.parametrize("paths", [pytest.param(GUIDES, id="guides"), pytest.param(READMES, id="readmes", marks=soak)])
def test_tasks_and_playbooks_run_in_check_mode(
    fleet: Simulator, playbook: Playbook, tmp_path: Path, paths: list[Path]
) -> None:
    """All in one process, but those that a command of their page runs."""
    plays: list[dict[str, Any]] = []
    for path in paths:
        substitute = Substitution(fleet, tmp_path)
        for block in blocks_of(path):
            if block.caption or named(NOT_EXECUTED, f"{path.name}: {block.text}"):
                continue
            if block.is_tasks:
                variables = {"volumes": [fleet.id("data-1")], "key": fleet.id("key-everywhere")}
                plays.append(_play(block.place, yaml.safe_load(substitute(block.text)), variables))
            elif block.is_playbook:
                plays += yaml.safe_load(substitute(block.text))
    assert len(plays) > 2
    before = keys_in_place(fleet)
    (tmp_path / "plays.yml").write_text(yaml.safe_dump(plays, sort_keys=False))

    ran = playbook.start(str(tmp_path / "plays.yml"), "--check")

    assert ran.returncode == 0, ran.stdout
    assert _complaints(ran) == []
    assert ran.stdout.count("PLAY [") == len(plays)
    assert keys_in_place(fleet) == before


class Story:
    """A reader who follows a page: makes its files, and gives its commands."""

    def __init__(self, sim: Simulator, playbook: Playbook, folder: Path) -> None:
        self._playbook = playbook
        self._folder = folder
        self._substitute = Substitution(sim, folder)
        self.told: list[tuple[str, str]] = []
        """Each command that was given, and what it printed."""

    def follow(self, path: Path, by_hand: Mapping[str, Callable[[], None]] | None = None) -> None:
        """``by_hand``: what to do instead of a command that begins so."""
        left = dict(by_hand or {})
        for block in blocks_of(path):
            if block.caption:
                (self._folder / block.caption).write_text(self._substitute(block.text))
            for line in block.commands:
                for begin in [begin for begin in left if line.startswith(begin)]:
                    left.pop(begin)()
                if named(NOT_EXECUTED, f"{path.name}: {line}") is None:
                    self.give(line)
        assert left == {}

    def give(self, line: str) -> None:
        for placeholder, file in (("<dry run>", "plan.json"), ("<run>", "batch-*.json")):
            if placeholder in line:
                line = line.replace(placeholder, self.newest_run(file).name)
        ran = self.start(line)
        assert ran.returncode == 0, f"{line}\n{ran.stdout}\n{ran.stderr}"
        assert _complaints(ran) == []
        self.told.append((line, ran.stdout))

    def start(self, line: str) -> subprocess.CompletedProcess[str]:
        return _start(self._playbook, shlex.split(self._substitute(line)))

    def newest_run(self, file: str = "report.json") -> Path:
        """The folder that the last run with such a file has made; only what changes something has batches."""
        found = (self._folder / "reports").glob(f"*Z-*/{file}")
        return max(found, key=lambda path: path.parent.stat().st_mtime).parent

    def changes(self) -> list[int]:
        """What each ``ansible-playbook`` of one host counted as changed."""
        return [recap(printed)["changed"] for line, printed in self.told if "PLAY RECAP" in printed]


@pytest.fixture
def story(fleet: Simulator, playbook: Playbook, tmp_path: Path) -> Story:
    return Story(fleet, playbook, tmp_path)


def _guide(name: str) -> Path:
    (path,) = [path for path in GUIDES if path.stem == f"guide_{name}"]
    return path


@soak
def test_the_first_five_minutes(story: Story, fleet: Simulator) -> None:
    before = keys_in_place(fleet)
    story.follow(_guide("start"))
    (_report, told), (_plan, planned) = story.told
    folder = re.search(r'The report is in ([^\s"]+)', told)
    assert folder is not None, told
    assert (Path(folder[1]) / "report.html").is_file()
    assert "Dry run, nothing was changed: 1 resource would be changed" in planned
    assert keys_in_place(fleet) == before


@soak
def test_a_tenancy_is_rekeyed_and_put_back(story: Story, fleet: Simulator) -> None:
    before = keys_in_place(fleet)
    story.follow(_guide("rekey"))
    _keys, plan, approved, again, dry_restore, restored = story.changes()
    assert (plan, again, dry_restore) == (0, 0, 0)
    assert approved > 0
    assert restored > 0
    assert keys_in_place(fleet) == before
    assert fleet.needless_puts == 0


def _keys_of_replicas(sim: Simulator) -> list[str | None]:
    """Of volumes, boot volumes and groups: what the lists of their replicas say."""
    lists = ("blockVolumeReplicas", "bootVolumeReplicas", "volumeGroupReplicas")
    sources = [row for kind in ("volume", "boot_volume", "volume_group") for row in sim.resources(kind)]
    return [replica["kmsKeyId"] for row in sources for name in lists for replica in row.get(name) or ()]


@soak
def test_a_key_is_rotated_until_nothing_is_found_on_it(story: Story, fleet: Simulator, tmp_path: Path) -> None:
    old = fleet.id("key-everywhere")
    on_old = {name for name, key in keys_in_place(fleet).items() if key == old}
    assert on_old
    assert set(_keys_of_replicas(fleet)) == {old}

    def delete_old_configurations() -> None:
        assert {pool["kmsKeyId"] for pool in fleet.resources("instance_pool")} == {fleet.id("key-a")}
        for name in ("used", "alone"):
            fleet.change(fleet.id(name), deleted=True)

    story.follow(_guide("rotation"), {"oci compute-management": delete_old_configurations})
    plan, moved, plan_of_replicas, replicas, pools_to_be_changed, pools, report_on_it = story.changes()
    assert (plan, plan_of_replicas, report_on_it) == (0, 0, 0)
    assert 0 < pools_to_be_changed == pools
    assert moved > 0
    assert replicas > 0
    assert {keys_in_place(fleet)[name] for name in on_old} == {fleet.id("key-a")}
    assert set(_keys_of_replicas(fleet)) == {fleet.id("key-phx")}
    report = json.loads((story.newest_run() / "report.json").read_text())
    (verdict,) = report["retirement"]["keys"]
    assert (verdict["kms_key_id"], verdict["verdict"]) == (old, "no_use_found_in_block_volume")


@soak
def test_what_got_worse_over_night_is_found(story: Story, fleet: Simulator) -> None:
    story.follow(_guide("keep"))
    assert story.changes() == [0, 0, 0]
    assert changes(fleet.counts()) == {}
    (_first, _told), (nightly, _printed), _dry_run = story.told
    fleet.change(fleet.id("old-1"), key=None)
    worse = story.start(nightly)
    assert worse.returncode != 0
    assert "Since the baseline: 1 " in worse.stdout


@soak
def test_backups_are_planned_to_be_in_another_region(story: Story, fleet: Simulator) -> None:
    story.follow(_guide("cross_region"))
    policies, copies, replicas = (
        re.findall(r"^(\d+) resources would be changed", printed, re.MULTILINE) for _line, printed in story.told
    )
    assert (len(policies), len(copies), len(replicas)) == (1, 1, 1)
    assert changes(fleet.counts()) == {}


@soak
def test_a_tenancy_is_planned_by_shards(story: Story, fleet: Simulator) -> None:
    story.follow(_guide("scale"))
    (_inventory, graph), (_plan, planned) = story.told
    shards = set(re.findall(r"\|--(us-\S+_\S+)", graph))
    assert len(shards) >= 2
    assert [planned.splitlines().count(f"[{shard}]") for shard in shards] == [1] * len(shards)
    digests = re.findall(r"Digest of the plan: (\w+)", planned)
    assert len(digests) == len(set(digests)) == len(shards)
    merged = json.loads((story.newest_run() / "report.json").read_text())
    assert {row["region"] for row in merged["resources"]} == {IAD, PHX}


def test_the_readme_leads_to_the_documentation(playbook: Playbook) -> None:
    lines = [line for block in blocks_of(ROOT / "README.md") for line in block.commands if "ansible-doc" in line]
    assert len(lines) > 2
    for line in lines:
        ran = _start(playbook, shlex.split(line))
        assert ran.returncode == 0, ran.stderr
        assert "oci_keys.block_volume" in ran.stdout + line
