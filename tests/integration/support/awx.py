# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the templates of extensions/awx as AWX 24.6.1 does: by ansible-runner, with files made by the credential type.

Whatever a job has left behind is judged when it has ended: its events, and that there is no secret anywhere.
"""

from __future__ import annotations

import configparser
import itertools
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import ansible_runner
import yaml
from integration.support.playbook import MARK, environment_of, kill_all_with
from integration.support.warm_python import controller, interpreter
from unit.support.awx_rules import CREDENTIAL_TYPE, OBJECTS, PROJECT, SURVEYS, TEMPLATES, answers, inject, refusals

from simulator.client import Simulator

MOST_CHARACTERS = 700_000
"""What is longer is stored as ``{}``."""

Variables = dict[str, Any]
Event = dict[str, Any]


class _Unsafe(yaml.SafeDumper):
    """Marks text as no template, be it a name or a value: who answers a survey is not who writes the playbook.

    It is AWX's own way (awx/main/utils/safe_yaml.py). Text takes the place of the list before it, for aliases.
    """

    def represent_data(self, data: Any) -> yaml.Node:
        return self.represent_scalar("!unsafe", data) if isinstance(data, str) else super().represent_data(data)


@dataclass(frozen=True)
class Job:
    """A job that has ended."""

    status: str
    events: list[Event]

    @property
    def output(self) -> str:
        return "\n".join(event["stdout"] for event in self.events if event["stdout"])

    @property
    def results(self) -> list[tuple[str, Any]]:
        """What tasks came to, with their names."""
        rows = [event.get("event_data", {}) for event in self.events]
        return [(row["task"], row["res"]) for row in rows if "res" in row]

    @property
    def failures(self) -> list[str]:
        """The tasks that failed, and those whose host could not be reached."""
        names = ("runner_on_failed", "runner_item_on_failed", "runner_on_async_failed", "runner_on_unreachable")
        return [event["event_data"]["task"] for event in self.events if event["event"] in names]

    @property
    def changed(self) -> int:
        return sum(self._end["changed"].values())

    @property
    def artifacts(self) -> Variables:
        """What it hands to the jobs that follow it in a workflow."""
        return dict(self._end["artifact_data"])

    @property
    def _end(self) -> dict[str, Any]:
        (row,) = [event["event_data"] for event in self.events if event["event"] == "playbook_on_stats"]
        return {"artifact_data": {}, **row}

    @property
    def silences(self) -> list[tuple[float, float, str]]:
        """From when to when there was nothing new to see, and the task that was at work."""
        seen = [(datetime.fromisoformat(event["created"]).timestamp(), event) for event in self.events]
        seen.sort(key=lambda row: row[0])
        return [
            (begin, end, event.get("event_data", {}).get("task", ""))
            for (begin, event), (end, _next) in itertools.pairwise(seen)
        ]

    def faults(self) -> Iterator[str]:
        """What is not as it should be, whether the job came to its end or not."""
        if [event["counter"] for event in self.events] != list(range(1, len(self.events) + 1)):
            yield "events are missing"
        for task, result in self.results:
            if not result or len(str(result)) > MOST_CHARACTERS:
                yield f"the result of {task!r} is too long to be stored"
        for word in ("Traceback", "WARNING", "ERROR! "):
            if word in self.output:
                yield f"there is a {word} in the output"
        if len(self.failures) != (self.status == "failed"):
            yield f"{self.status}, but these tasks failed: {self.failures}"


class Awx:
    """Jobs that find the simulator instead of OCI. Each has its own home; the reports' is there for all."""

    def __init__(self, sim: Simulator, folder: Path) -> None:
        self._sim = sim
        self._folder = folder
        self._started = 0
        self._shards: dict[str, Any] = {}
        self.reports = folder / "reports"
        self.reports.mkdir()

    def asked(self, name: str, given: Mapping[str, Any]) -> Variables:
        """The variables that come of these answers to the survey of a template or a workflow."""
        questions = SURVEYS[name][1]
        by_name = {question["variable"]: question for question in questions}
        refused = {name: refusals(by_name[name], answer) for name, answer in given.items()}
        assert not any(refused.values()), refused
        return answers(questions, given)

    def launch(
        self,
        name: str,
        given: Mapping[str, Any],
        *,
        job_type: str | None = None,
        part: tuple[int, int] = (1, 1),
        verbosity: int = 0,
        canceled: Callable[[], bool] | None = None,
    ) -> Job:
        """Run a template to its end. ``given``: the answers, where it asks, or else what a workflow hands to it.

        ``part``: which of how many slices. ``canceled`` is asked all the time whether somebody has cancelled the job.
        """
        template = TEMPLATES[name]
        told = self.asked(name, given) if template["survey_enabled"] else dict(given)
        folder = self._prepare(template["credentials"][0])
        own = json.dumps(template.get("extra_vars", {})).replace("{{ oci_keys_report_dir }}", str(self.reports))
        numbers = {"awx_job_id": self._started, "awx_user_name": "operator"}
        python = {"ansible_python_interpreter": interpreter()} if canceled is None else {}
        variables = {**json.loads(own), **told, **numbers, **python}
        # One by one, as AWX does: the same object twice would else be an alias, and of something else (see _Unsafe).
        text = "".join(yaml.dump({variable: value}, Dumper=_Unsafe) for variable, value in variables.items())
        (folder / "env" / "extravars").write_text(text)
        asked = job_type if template.get("ask_job_type_on_launch") else None  # AWX ignores what is not asked for
        runner = ansible_runner.run(
            private_data_dir=str(folder),
            ident=str(self._started),
            playbook=template["playbook"],
            inventory=str(self._inventory(template["inventory"], folder, part)),
            cmdline="--check" if (asked or template["job_type"]) == "check" else None,
            verbosity=verbosity,
            envvars=self._environment(folder),
            # Asked as often as that, whether the job is cancelled; AWX asks each fifth second.
            settings={"pexpect_timeout": 0.05, "suppress_ansible_output": True},
            quiet=True,
            cancel_callback=canceled or (lambda: False),
        )
        # As what is in a container ends with it.
        kill_all_with(str(folder))
        files = Path(runner.config.artifact_dir).glob("job_events/*-*.json")
        events = [json.loads(path.read_text()) for path in files if not path.name.endswith("-partial.json")]
        job = Job(runner.status, sorted(events, key=lambda event: event["counter"]))
        faults = [*job.faults(), *self._leaks()]
        assert not faults, f"{faults}\n{job.output}"
        return job

    def update_shards(self) -> list[str]:
        """The names of the shards that there are, as the inventory source brings them."""
        (source,) = OBJECTS["controller_inventory_sources"]
        folder = self._prepare(source["credential"])
        listed = subprocess.run(
            [*controller("ansible-inventory"), "--list", "--export", "-i", source["source_path"]],
            cwd=folder / "project",
            env=self._environment(folder),
            capture_output=True,
            text=True,
            check=True,
        )
        assert listed.stderr == ""
        self._shards = json.loads(listed.stdout)
        return sorted(self._shards["_meta"]["hostvars"])

    def _prepare(self, credential: str) -> Path:
        """The folder of a job: the project, and the files of its credential."""
        assert credential in {entry["name"] for entry in OBJECTS["controller_credentials"]}
        self._started += 1
        folder = self._folder / "jobs" / str(self._started)
        shutil.copytree(PROJECT, folder / "project")
        for name in ("env", "home", "inventory"):
            (folder / name).mkdir()
        return folder

    def _environment(self, folder: Path) -> dict[str, str]:
        injected = inject(CREDENTIAL_TYPE, self._inputs(), folder / "env")
        plain = {"ANSIBLE_INVENTORY_UNPARSED_FAILED": "True", "ANSIBLE_PIPELINING": "1", MARK: str(folder)}
        return {**environment_of(self._sim, folder / "home"), **plain, **injected}

    def _inputs(self) -> dict[str, str]:
        """What was filled into the credential: a key under a pass phrase."""
        config = configparser.ConfigParser()
        config.read(self._sim.home / "config")
        profile = dict(config["ENCRYPTED"])
        key = Path(profile.pop("key_file")).read_text()
        return {**profile, "auth_type": "api_key", "private_key": key}

    def _inventory(self, name: str, folder: Path, part: tuple[int, int]) -> Path:
        """The program that AWX makes of an inventory, which prints it. A slice has each so many-th of its hosts."""
        if name == "OCI keys - shards":
            content = json.loads(json.dumps(self._shards))
        else:
            rows = {row["name"]: row["variables"] for row in OBJECTS["controller_hosts"] if row["inventory"] == name}
            content = {"all": {"hosts": list(rows)}, "_meta": {"hostvars": rows}}
        number, count = part
        mine = sorted(content["_meta"]["hostvars"])[number - 1 :: count]
        for group in content.values():
            if "hosts" in group:
                group["hosts"] = [host for host in group["hosts"] if host in mine]
        hosts = content["_meta"]["hostvars"]
        content["_meta"]["hostvars"] = {host: {**hosts[host], "remote_tower_enabled": "true"} for host in mine}
        program = folder / "inventory" / "hosts"
        program.write_text(f"#!/usr/bin/env python3\nprint({json.dumps(content)!r})\n")
        program.chmod(0o700)
        return program

    def _leaks(self) -> list[str]:
        """What has a secret in it, other than the files of credentials, which AWX removes."""
        secrets = [self._inputs()["pass_phrase"]]
        for file in ("api_key.pem", "api_key_encrypted.pem"):
            lines = (self._sim.home / file).read_text().splitlines()
            secrets += [line for line in lines if len(line) == 64]
        found = []
        for path in self._folder.rglob("*"):
            if path.is_file() and not (path.parent.name == "env" and path.name.startswith("tmp_")):
                content = path.read_bytes().decode(errors="replace")
                found += [f"there is a secret in {path}" for secret in secrets if secret in content]
        return found
