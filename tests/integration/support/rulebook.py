# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a rulebook with ansible-rulebook against the simulator, and posts events to it.

Three things are changed in the rulebook of the test: windows of minutes become seconds; ``ansible.eda.webhook``, which
Galaxy alone has, becomes the same source as ansible-rulebook ships it; and so does a stream, for want of a broker, with
its messages in ``body`` as ``ansible.eda.kafka`` hands them on.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import http.server
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml
from integration.support.playbook import MARK, environment_of, kill_all_with
from unit.support.events import EDA

from simulator.client import Simulator
from tools.certify import FOLDER, environment

PACKAGES = ("ansible-rulebook==1.3.2", "ansible-core~=2.19.0", "oci")
TOKEN = "not-for-the-world-to-see"
PATIENCE = 900.0


@functools.cache
def rulebook_environment() -> Path | str:
    """The virtual environment with ansible-rulebook, made once, or in words why there is none."""
    if shutil.which("java") is None:
        return "ansible-rulebook needs Java 17 or later, and java is not on the PATH"
    FOLDER.mkdir(parents=True, exist_ok=True)
    try:
        return environment("rulebook", sys.executable, *PACKAGES)
    except (OSError, subprocess.CalledProcessError) as error:
        return f"ansible-rulebook could not be installed: {error}"


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Rulebook:
    """A rulebook that runs; ``with Rulebook.start(...) as rulebook:`` ends it with all that it has started."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, file: Path) -> None:
        self._process = process
        self._port = port
        self._file = file

    @classmethod
    @contextlib.contextmanager
    def start(
        cls, sim: Simulator, folder: Path, name: str, *flags: str, variables: dict[str, Any], window: int = 5
    ) -> Iterator[Rulebook]:
        """``window`` is for how many seconds events are gathered: longer than it takes to post them all."""
        made = rulebook_environment()
        assert isinstance(made, Path), made
        port = _free_port()
        text = (EDA / "rulebooks" / f"{name}.yml").read_text()
        text = text.replace("5 minutes", f"{window} seconds").replace("ansible.eda.webhook", "eda.builtin.webhook")
        rulesets = yaml.safe_load(text)
        for source in rulesets[0]["sources"]:
            if source.pop("ansible.eda.kafka", None):
                source["eda.builtin.webhook"] = {"host": "127.0.0.1", "port": port, "token": TOKEN}
                source["filters"].insert(0, {"as_in_a_stream": None})
        filters = folder / "filters"
        filters.mkdir()
        (filters / "as_in_a_stream.py").write_text("def main(event):\n    return {'body': event['payload']}\n")
        files = {
            "rulebook.yml": yaml.safe_dump(rulesets, sort_keys=False),
            "variables.yml": json.dumps({"events_port": port, "events_token": TOKEN, **variables}),
            "inventory": "localhost ansible_connection=local\n",
        }
        for file, content in files.items():
            (folder / file).write_text(content)
        environment_variables = environment_of(sim, folder)
        path = os.pathsep.join([str(made / "bin"), environment_variables["PATH"]])
        command = [str(made / "bin" / "ansible-rulebook"), "--rulebook", "rulebook.yml", "--vars", "variables.yml"]
        command += ["--inventory", "inventory", "--filter-dir", str(filters), "-v", *flags]
        with (folder / "rulebook.log").open("wb") as log:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env={
                    **environment_variables,
                    "PATH": path,
                    "EDA_JOB_TEMPLATE_REFRESH_DELAY": "0.2",
                    MARK: str(folder),
                },
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        started = cls(process, port, folder / "rulebook.log")
        try:
            started._wait_until_it_listens()
            yield started
        finally:
            # Playbooks have sessions of their own, and would live on.
            kill_all_with(str(folder))
            process.wait()

    @property
    def output(self) -> str:
        """What it has printed; the output of a playbook that failed is printed a second time, in one piece."""
        text = self._file.read_text(errors="replace")
        again = r"run_playbook - ERROR - \n.*?^localhost +: ok=[^\n]*"
        return re.sub(again, "run_playbook - ERROR", text, flags=re.MULTILINE | re.DOTALL)

    def post(self, *messages: Any, token: str | None = TOKEN) -> list[int]:
        """The status of each answer."""
        headers = {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        statuses = []
        try:
            for message in messages:
                connection.request("POST", "/events", body=json.dumps(message), headers=headers)
                answer = connection.getresponse()
                answer.read()
                statuses.append(answer.status)
        finally:
            connection.close()
        return statuses

    def wait_for(self, condition: Callable[[str], bool]) -> str:
        """The output, as soon as that holds of it."""
        end = time.monotonic() + PATIENCE
        while not condition(self.output):
            assert self._process.poll() is None, self.output
            assert time.monotonic() < end, self.output
            time.sleep(0.2)
        return self.output

    def plays(self, words: str) -> int:
        """How many plays of such a name have begun."""
        return len(re.findall(rf"^PLAY \[{words}", self.output, re.MULTILINE))

    @property
    def windows(self) -> int:
        """How many times it began to gather events."""
        return self.output.count("Start once_after window")

    @property
    def recaps(self) -> int:
        """How many plays have ended."""
        return len(re.findall(r"^localhost +: ok=", self.output, re.MULTILINE))

    def _wait_until_it_listens(self) -> None:
        def answers(_output: str) -> bool:
            try:
                return self.post({}, token="a wrong one") == [401]
            except OSError:
                return False

        self.wait_for(answers)


class Controller:
    """What ansible-rulebook asks of an automation controller to start a job; each launch is kept, and succeeds."""

    def __init__(self) -> None:
        self.launched: list[tuple[str, dict[str, Any]]] = []
        controller = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_arguments: Any) -> None:
                """Silence."""

            def do_GET(self) -> None:
                self._answer(controller.read(self.path))

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
                self._answer(controller.launch(self.path, asked), 201)

            def _answer(self, content: dict[str, Any], status: int = 200) -> None:
                body = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Controller:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @staticmethod
    def _names() -> list[str]:
        return ["OCI keys - report", "OCI keys - rekey"]

    def read(self, path: str) -> dict[str, Any]:
        if "/jobs/" in path:
            number = int(path.partition("/jobs/")[2].strip("/").split("/")[0])
            return self._job(number)
        if "unified_job" in path:
            asking = ("limit", "labels", "inventory", "variables")
            rows = [
                {
                    "id": number,
                    "type": "job_template",
                    "name": name,
                    "summary_fields": {"organization": {"name": "Default"}},
                    "related": {"launch": f"/api/v2/job_templates/{number}/launch/"},
                    **{f"ask_{what}_on_launch": False for what in asking},
                }
                for number, name in enumerate(self._names())
            ]
            jobs = [self._job(number) for number in range(len(self.launched))]
            return {"count": len(rows), "next": None, "results": rows if "template" in path else jobs}
        return {"version": "24.6.1"}

    def launch(self, path: str, asked: dict[str, Any]) -> dict[str, Any]:
        name = self._names()[int(path.strip("/").split("/")[-2])]
        self.launched.append((name, asked))
        return self._job(len(self.launched) - 1)

    @staticmethod
    def _job(number: int) -> dict[str, Any]:
        return {
            "id": number,
            "url": f"/api/v2/jobs/{number}/",
            "status": "successful",
            "created": "2026-11-24T01:34:39Z",
            "artifacts": {},
            "error": "",
        }
