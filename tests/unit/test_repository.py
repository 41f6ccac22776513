# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""GitHub's files: whether they run what everybody runs, for what is supported, with no more rights than they need."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.certify import CORES, IF_ASKED, PARTS
from tools.sanity import OLDEST

ROOT = Path(__file__).parents[2]
WORKFLOWS = {
    path.stem: yaml.load(path.read_text(), yaml.BaseLoader) for path in (ROOT / ".github" / "workflows").glob("*.yml")
}
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
PINS = (ROOT / "requirements-dev.txt").read_text()


def _jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    for workflow, found in WORKFLOWS.items():
        for name, job in found["jobs"].items():
            yield f"{workflow}: {name}", job


JOBS = dict(_jobs())
EACH_JOB = pytest.mark.parametrize("name", list(JOBS))


def _commands(job: dict[str, Any]) -> Iterator[str]:
    """What a job runs, with each of its matrix filled in."""
    matrix = job.get("strategy", {}).get("matrix", {})
    for step in job["steps"]:
        lines = [step["run"]] if "run" in step else []
        for variable, values in matrix.items():
            place = f"${{{{ matrix.{variable} }}}}"
            lines = [line.replace(place, value) for line in lines for value in values]
        yield from lines


@EACH_JOB
def test_jobs_run_what_everybody_runs(name: str) -> None:
    for command in _commands(JOBS[name]):
        if command.startswith("make "):
            assert command.split()[1] in TARGETS
        else:
            assert command.startswith(("gh release create ", "tar -czf ")), command


def test_every_check_of_make_test_is_run() -> None:
    run = {command.split()[1] for job in JOBS.values() for command in _commands(job) if command.startswith("make ")}
    assert {"check", "sanity", "unit", "ansible-test", "molecule", "docs", "build", "certify", "soak"} <= run


def test_each_supported_core_is_tested_and_what_comes_next() -> None:
    cores = JOBS["ci: core"]["strategy"]["matrix"]["core"]
    assert cores == [*CORES, "devel"]
    assert {f"core-{core}" for core in cores} == {part for part in {**PARTS, **IF_ASKED} if part.startswith("core-")}
    floor = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["requires_ansible"]
    assert floor == f">={cores[0]}.0"


def test_the_oldest_python_is_there_to_compile_and_import() -> None:
    given = [step.get("with", {}) for step in JOBS["ci: core"]["steps"]]
    (versions,) = [found["python-version"].split() for found in given if "python-version" in found]
    assert versions[0] == ".".join(map(str, OLDEST))
    needed = {program.removeprefix("python") for program in CORES.values()}
    assert needed <= set(versions)


def test_weekly_parts_of_certify_and_those_of_each_change_are_all() -> None:
    weekly = " ".join(_commands(JOBS["soak: make"]))
    named = set(re.findall(r'PARTS="([^"]+)"', weekly)[0].split())
    assert named | {f"core-{core}" for core in CORES} | {"ansible-test"} == set(PARTS)


@EACH_JOB
def test_jobs_end_and_may_do_little(name: str) -> None:
    job, workflow = JOBS[name], WORKFLOWS[name.partition(":")[0]]
    assert int(job["timeout-minutes"]) <= 300
    assert workflow["permissions"] == {"contents": "read"}
    assert job.get("permissions", {}) in ({}, {"contents": "write"})
    assert ("permissions" in job) == (name == "release: github")
    assert "concurrency" in workflow


@EACH_JOB
def test_actions_are_pinned_and_leave_no_token(name: str) -> None:
    for step in JOBS[name]["steps"]:
        if "uses" in step:
            assert re.search(r"@([0-9a-f]{40}|v\d+)$", step["uses"]), step["uses"]
            if step["uses"].startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] == "false"


def test_nothing_of_a_contributor_is_put_into_a_command() -> None:
    for job in JOBS.values():
        for command in _commands(job):
            assert "${{" not in command


def test_pull_requests_get_no_secret_that_publishes() -> None:
    assert set(WORKFLOWS["release"]["on"]) == {"push"}
    assert set(WORKFLOWS["release"]["on"]["push"]) == {"tags"}
    for name, found in WORKFLOWS.items():
        assert "pull_request_target" not in found["on"], name
        assert ("GALAXY_API_KEY" in str(found)) == (name == "release")


def test_each_plugin_that_talks_to_oci_has_an_integration_target() -> None:
    folder = ROOT / "tests" / "integration" / "targets"
    text = "\n".join(path.read_text() for path in folder.rglob("*.yml"))
    missing = [
        path.stem for path in (ROOT / "plugins" / "modules").glob("*.py") if not re.search(rf"\b{path.stem}\b", text)
    ]
    assert missing == []


def test_the_image_has_versions_that_the_tests_run_with() -> None:
    definition = yaml.safe_load((ROOT / "extensions" / "awx" / "execution-environment.yml").read_text())
    needed = definition["dependencies"]
    pinned = [needed["ansible_core"]["package_pip"], needed["ansible_runner"]["package_pip"], *needed["python"]]
    assert [package.partition("==")[0] for package in pinned] == ["ansible-core", "ansible-runner", "oci"]
    for package in pinned:
        assert re.search(rf"^{re.escape(package)}($| )", PINS, re.MULTILINE), package
    assert re.search(r":\d+\.\d+(@sha256:[0-9a-f]{64})?$", definition["images"]["base_image"]["name"])


@pytest.mark.parametrize(
    "name", ["extensions/awx/execution-environment.yml", "README.md", "docs/docsite/rst/guide_start.rst"]
)
def test_the_collection_is_installed_in_a_released_version(name: str) -> None:
    """Not as the default branch has it, whatever that is by then."""
    text = (ROOT / name).read_text()
    assert "oci_keys.block_volume.git" in text
    if name.endswith(".yml"):
        collections = yaml.safe_load(text)["dependencies"]["galaxy"]["collections"]
        versions = [str(collection.get("version", "")) for collection in collections]
    else:
        versions = re.findall(r"git\+https://\S+/oci_keys\.block_volume\.git,?(\S*)", text)
    assert versions
    assert all(re.fullmatch(r"\d+\.\d+\.\d+|[0-9a-f]{40}", version) for version in versions), versions
