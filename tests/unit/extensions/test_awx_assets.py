# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The credential type, the project, the templates and what makes them: whether they fit AWX, and each other."""

from __future__ import annotations

import configparser
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2 import StrictUndefined
from jinja2.nativetypes import NativeEnvironment
from unit.support.awx_rules import (
    ASSETS,
    CREDENTIAL_TYPE,
    OBJECTS,
    PROJECT,
    ROOT,
    TEMPLATES,
    WORKFLOWS,
    credential_type_faults,
    inject,
    playbook_of,
    read,
    refusals,
)

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.settings import (
    CONNECTION_OPTIONS,
    resolve_connection,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._roles.read import artifact_name
from ansible_collections.oci_keys.block_volume.plugins.module_utils._roles.variables import _ROLES, role_variables

KEY = "-----BEGIN PRIVATE KEY-----\nnot a key, but silent\n-----END PRIVATE KEY-----\n"
FILLED = {
    "auth_type": "api_key",
    "user": "ocid1.user.oc1..aaa",
    "fingerprint": "aa:bb",
    "tenancy": "ocid1.tenancy.oc1..aaa",
    "region": "us-ashburn-1",
    "private_key": KEY,
    "pass_phrase": "open sesame",
}
MODULES: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "awx_modules.yml").read_text())
# What a setting decides.
STATES = {
    f"{{{{ 'present' if oci_keys_{name} | default({{}}, true) else 'absent' }}}}"
    for name in ("mail", "slack", "webhook")
}
WRITES = {"rekey.yml", "restore_keys.yml", "backup_policy.yml", "copy_backups.yml"}


def _tasks() -> Iterator[tuple[str, dict[str, Any], list[dict[str, Any]]]]:
    """Each module that configure.yml uses, with its options and the objects that it loops over."""
    (play,) = read(ASSETS / "configure.yml")
    for task in play["tasks"]:
        for name, options in task.items():
            if name.startswith("awx.awx."):
                objects = OBJECTS[re.findall(r"controller_\w+", task["loop"])[0]]
                yield name.rpartition(".")[2], options, objects


# --- the credential type


def test_awx_takes_the_credential_type() -> None:
    assert credential_type_faults(CREDENTIAL_TYPE) == []
    assert CREDENTIAL_TYPE["kind"] == "cloud"
    secret = {field["id"] for field in CREDENTIAL_TYPE["inputs"]["fields"] if field.get("secret")}
    assert secret == {"private_key", "pass_phrase"}


@pytest.mark.parametrize("stored", [False, True])
def test_it_makes_files_that_our_connection_reads(tmp_path: Path, stored: bool) -> None:
    environment = inject(CREDENTIAL_TYPE, FILLED, tmp_path, stored=stored)

    settings = resolve_connection(dict.fromkeys(CONNECTION_OPTIONS), environment)
    assert settings.auth_type == "api_key"
    config = configparser.ConfigParser(interpolation=None)
    config.read(environment["OCI_CONFIG_FILE"])
    profile = dict(config[environment["OCI_CONFIG_PROFILE"]])
    assert Path(profile.pop("key_file")).read_text() == KEY
    assert profile == {name: FILLED[name] for name in ("user", "fingerprint", "tenancy", "region", "pass_phrase")}


def test_no_secret_is_in_the_environment_or_a_variable(tmp_path: Path) -> None:
    environment = json.dumps(inject(CREDENTIAL_TYPE, FILLED, tmp_path))
    assert "silent" not in environment
    assert FILLED["pass_phrase"] not in environment
    assert "extra_vars" not in CREDENTIAL_TYPE["injectors"]


@pytest.mark.parametrize("auth_type", ["instance_principal", "resource_principal", "oke_workload_identity"])
def test_a_principal_needs_nothing_but_its_name(tmp_path: Path, auth_type: str) -> None:
    environment = inject(CREDENTIAL_TYPE, {"auth_type": auth_type}, tmp_path)
    assert resolve_connection(dict.fromkeys(CONNECTION_OPTIONS), environment).auth_type == auth_type


def test_what_only_looks_has_the_credential_that_may_only_look() -> None:
    for template in TEMPLATES.values():
        reads_only = template["playbook"] not in WRITES or (
            template["job_type"] == "check" and not template.get("ask_job_type_on_launch")
        )
        assert template["credentials"] == [f"OCI keys - {'reading' if reads_only else 'writing'}"], template["name"]
    assert all(source["credential"] == "OCI keys - reading" for source in OBJECTS["controller_inventory_sources"])


# --- project and templates


def test_there_is_a_playbook_for_each_of_ours_which_does_nothing_but_import_it() -> None:
    ours = {path.name for path in (ROOT / "playbooks").glob("*.yml")}
    assert {path.name for path in PROJECT.glob("*.yml")} == ours
    for name in ours:
        (play,) = read(PROJECT / name)
        assert set(play) == {"name", "ansible.builtin.import_playbook"}
        assert play["ansible.builtin.import_playbook"] == f"oci_keys.block_volume.{name.removesuffix('.yml')}"


def test_every_playbook_has_a_template_and_every_template_a_playbook() -> None:
    assert {template["playbook"] for template in TEMPLATES.values()} == {path.name for path in PROJECT.glob("*.yml")}
    (source,) = OBJECTS["controller_inventory_sources"]
    assert (PROJECT / source["source_path"]).is_file()


def test_names_are_given_once_and_what_is_named_is_there() -> None:
    named = {kind: [entry["name"] for entry in objects if "name" in entry] for kind, objects in OBJECTS.items()}
    assert {kind for kind, names in named.items() if len(names) < len(OBJECTS[kind])} == {"controller_roles"}
    for kind, names in named.items():
        assert len(names) == len(set(names)), kind
    for template in TEMPLATES.values():
        assert template["inventory"] in named["controller_inventories"]
        assert template["project"] in named["controller_projects"]
        assert set(template["credentials"]) <= set(named["controller_credentials"])
    for schedule in OBJECTS["controller_schedules"]:
        assert schedule["unified_job_template"] in TEMPLATES
    for workflow in WORKFLOWS.values():
        for node in workflow["workflow_nodes"]:
            job = node["unified_job_template"]
            if job["type"] == "job_template":
                assert job["name"] in TEMPLATES
            if job["type"] == "inventory_source":
                assert job["name"] in named["controller_inventory_sources"]


def test_who_is_to_be_told_is_told_of_every_failure_and_approval() -> None:
    told = "{{ oci_keys_notified | default(omit, true) }}"
    assert {template["notification_templates_error"] for template in TEMPLATES.values()} == {told}
    for workflow in WORKFLOWS.values():
        assert workflow["notification_templates_error"] == workflow["notification_templates_approvals"] == told


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({}, []),
        ({"oci_keys_mail": {}, "oci_keys_slack": ""}, []),
        ({"oci_keys_slack": {"token": "t", "channels": ["keys"]}}, ["OCI keys - Slack"]),
        (
            {"oci_keys_mail": {"host": "mail"}, "oci_keys_webhook": {"url": "https://hooks.example.com"}},
            ["OCI keys - mail", "OCI keys - webhook"],
        ),
    ],
)
def test_only_notifications_with_settings_exist(settings: dict[str, Any], names: list[str]) -> None:
    environment = NativeEnvironment(undefined=StrictUndefined)
    told = environment.from_string(read(ASSETS / "controller.yml")["oci_keys_notified"]).render(settings)
    assert told == names
    for one in OBJECTS["controller_notifications"]:
        state = environment.from_string(one["state"]).render(settings)
        assert state == ("present" if one["name"] in names else "absent")
        setting = re.findall(r"oci_keys_\w+", one["notification_configuration"])
        assert one["notification_configuration"] == f"{{{{ {setting[0]} | default({{}}, true) }}}}"


def test_each_approval_has_a_name_of_its_own() -> None:
    """Modules look approvals up by their names alone, so that two of the same name would become one, or fail."""
    jobs = [node["unified_job_template"] for workflow in WORKFLOWS.values() for node in workflow["workflow_nodes"]]
    names = [job["name"] for job in jobs if job["type"] == "workflow_approval"]
    assert len(names) == len(set(names)) == len(WORKFLOWS)


@pytest.mark.parametrize("workflow", list(WORKFLOWS.values()), ids=lambda workflow: str(workflow["name"]))
def test_nothing_is_changed_before_the_approval_of_a_dry_run(workflow: dict[str, Any]) -> None:
    nodes = {node["identifier"]: node for node in workflow["workflow_nodes"]}
    follows = {
        later["identifier"]: name
        for name, node in nodes.items()
        for later in node.get("related", {}).get("success_nodes", [])
    }
    assert {kind for node in nodes.values() for kind in node.get("related", {})} == {"success_nodes"}
    assert follows["apply"] == "approval"
    assert nodes["approval"]["unified_job_template"]["type"] == "workflow_approval"
    assert follows["approval"] == "plan"
    plan, apply = (TEMPLATES[nodes[name]["unified_job_template"]["name"]] for name in ("plan", "apply"))
    assert (plan["job_type"], apply["job_type"]) == ("check", "run")
    assert apply["extra_vars"][f"{playbook_of(workflow)}_approval_required"] is True
    # Hosts, and so the names of their plans, are the same in both, however they are sliced.
    assert plan["inventory"] == apply["inventory"]
    assert plan.get("job_slice_count") == apply.get("job_slice_count")


@pytest.mark.parametrize("playbook", sorted({playbook_of(workflow) for workflow in WORKFLOWS.values()}))
def test_the_plan_travels_under_a_name_that_begins_with_that_of_the_role(playbook: str) -> None:
    assert artifact_name(playbook, "localhost").startswith(f"{playbook}_plan_of_")


def test_what_is_planned_and_can_be_approved_has_a_workflow() -> None:
    """All roles that take an approved plan, so that none is changed with less care than the others."""
    roles = {role for role in _ROLES if "approval_required" in role_variables(role)}
    assert {playbook_of(workflow) for workflow in WORKFLOWS.values()} == roles == {"rekey", "backup_policy"}


# --- configure.yml


@pytest.mark.parametrize(("module", "options", "objects"), list(_tasks()), ids=lambda value: str(value)[:24])
def test_configure_gives_modules_what_they_take(
    module: str, options: dict[str, Any], objects: list[dict[str, Any]]
) -> None:
    known = MODULES[module]
    assert set(options) <= set(known)
    assert {name for name, option in known.items() if option.get("required")} <= set(options)
    used = {name for value in options.values() for name in re.findall(r"item\.(\w+)", str(value))}
    optional = {name for value in options.values() for name in re.findall(r"item\.(\w+) \| default", str(value))}
    for entry in objects:
        assert used - optional <= set(entry)
        # Nothing stands in the file that nobody hands on.
        assert set(entry) <= used
        for name, value in entry.items():
            choices = known.get(name, {}).get("choices")
            assert choices is None or value in choices or value in STATES


def test_configure_makes_all_that_the_file_has() -> None:
    looped = [id(objects) for _module, _options, objects in _tasks()]
    assert sorted(looped) == sorted(id(objects) for objects in OBJECTS.values())


def test_what_changes_something_is_exclusive_and_what_waits_for_approval_is_not() -> None:
    changing = {name for name, template in TEMPLATES.items() if "OCI keys - writing" in template["credentials"]}
    exclusive = {name for name, template in TEMPLATES.items() if template.get("allow_simultaneous") is False}
    assert exclusive == changing
    assert {TEMPLATES[name]["playbook"] for name in exclusive} == WRITES
    waiting = {
        name
        for name, workflow in WORKFLOWS.items()
        if any(node["unified_job_template"]["type"] == "workflow_approval" for node in workflow["workflow_nodes"])
    }
    assert waiting == set(WORKFLOWS)
    assert all(WORKFLOWS[name]["allow_simultaneous"] is True for name in waiting)


def _installed(node: Any) -> Iterator[dict[str, Any]]:
    """Each collection that a file installs from a repository."""
    if isinstance(node, dict):
        if node.get("type") == "git" or str(node.get("name", "")).startswith(("git+", "https://", "git@")):
            yield node
        for value in node.values():
            yield from _installed(value)
    elif isinstance(node, list):
        for value in node:
            yield from _installed(value)


def test_there_is_one_copy_of_the_collection_of_a_release() -> None:
    """Of two, in the project and in the image, jobs would use the one, and updates of inventories the other."""
    version = read(ROOT / "galaxy.yml")["version"]
    files = {path.name: list(_installed(read(path))) for path in ASSETS.rglob("*.yml")}
    named = {name: [row.get("version") for row in rows] for name, rows in files.items() if rows}
    assert named == {"execution-environment.yml": [version]}
    assert not list(PROJECT.rglob("requirements.*"))


# --- who may do what


def _granted(role: str, kind: str) -> dict[str, set[str]]:
    """The objects of a kind on which each team has a role."""
    granted: dict[str, set[str]] = {team["name"]: set() for team in OBJECTS["controller_teams"]}
    for entry in OBJECTS["controller_roles"]:
        if entry["role"] == role:
            for team in entry.get("teams", [entry.get("team")]):
                granted[team] |= set(entry.get(kind, []))
    return granted


def test_nobody_approves_what_he_has_started() -> None:
    may_start, may_approve = _granted("execute", "workflows"), _granted("approval", "workflows")
    assert [team for team in may_start if may_start[team] & may_approve[team]] == []
    assert any(names == set(WORKFLOWS) for names in may_start.values())
    assert any(names == set(WORKFLOWS) for names in may_approve.values())


def test_nobody_starts_what_changes_something_without_approval() -> None:
    for names in _granted("execute", "job_templates").values():
        for name in names:
            assert TEMPLATES[name]["credentials"] == ["OCI keys - reading"]
            assert not TEMPLATES[name].get("ask_job_type_on_launch")
    assert {entry["role"] for entry in OBJECTS["controller_roles"]} == {"execute", "approval", "read"}


def test_who_starts_approves_or_audits_sees_the_plan_and_what_came_of_it() -> None:
    inside = {
        node["unified_job_template"]["name"]
        for workflow in WORKFLOWS.values()
        for node in workflow["workflow_nodes"]
        if node["unified_job_template"]["type"] == "job_template"
    }
    for templates in _granted("read", "job_templates").values():
        assert templates == inside
    for workflows in _granted("read", "workflows").values():
        assert workflows == set(WORKFLOWS)


def test_a_plan_only_template_can_do_nothing_else() -> None:
    template = TEMPLATES["OCI keys - rekey plan only"]
    assert template["job_type"] == "check"
    assert "ask_job_type_on_launch" not in template
    assert template["credentials"] == ["OCI keys - reading"]


def test_what_is_granted_is_there() -> None:
    for entry in OBJECTS["controller_roles"]:
        assert set(entry.get("job_templates", [])) <= set(TEMPLATES)
        assert set(entry.get("workflows", [])) <= set(WORKFLOWS)


# --- settings that sites have


def test_jobs_end_are_labelled_and_tell_of_their_failure() -> None:
    for template in TEMPLATES.values():
        assert "oci_keys_timeout" in template["timeout"]
        assert template["labels"]
        assert template["instance_groups"]
        assert template["notification_templates_error"]


def test_nothing_runs_before_somebody_wants_it() -> None:
    for schedule in OBJECTS["controller_schedules"]:
        assert "default(false" in schedule["enabled"]


def test_a_report_that_nobody_starts_raises_the_alarm() -> None:
    for schedule in OBJECTS["controller_schedules"]:
        questions = {
            each["variable"]: each for each in TEMPLATES[schedule["unified_job_template"]]["survey_spec"]["spec"]
        }
        for variable, answer in schedule["extra_data"].items():
            assert refusals(questions[variable], answer) == []
        assert {"unusable_keys", "incomplete"} <= set(schedule["extra_data"]["encryption_report_fail_on"])


def test_each_field_of_the_credential_says_what_it_is() -> None:
    assert [field["id"] for field in CREDENTIAL_TYPE["inputs"]["fields"] if not field.get("help_text")] == []


def test_it_is_seen_first_whether_all_can_be_made() -> None:
    (play,) = read(ASSETS / "configure.yml")
    modules = [next(name for name in task if "." in name) for task in play["tasks"]]
    first = next(place for place, name in enumerate(modules) if name.startswith("awx.awx."))
    checks = [task for task in play["tasks"][:first] if "ansible.builtin.assert" in task]
    said = str(checks)
    for word in ("is_superuser", "oci_keys_found", "oci_keys_projects"):
        assert word in said


@pytest.mark.parametrize("name", ["README.md", "docs/docsite/rst/guide_start.rst", "extensions/awx/README.md"])
def test_the_documentation_installs_that_release(name: str) -> None:
    version = read(ROOT / "galaxy.yml")["version"]
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.findall(r"git\+https:\S+\.git(?!,)", text)
    assert set(re.findall(r"git\+https:\S+\.git,(\S+)", text)) <= {version}
    assert set(re.findall(r"type: git\n\s*(.*)", text)) <= {f"version: {version}"}
