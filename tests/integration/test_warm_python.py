# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Python that runs the modules of playbooks in ``make test`` does what any other does."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from integration.support.playbook import Playbook
from integration.support.warm_python import interpreter

from simulator.client import Simulator

MODULE = """
from ansible.module_utils.basic import AnsibleModule
import importlib.util, sys
module = AnsibleModule({})
module.warn("a warning")
names = ("ansible.cli", "ansible.modules", "ansible._internal", "ansible_collections")
module.exit_json(
    there=[name for name in names if importlib.util.find_spec(name)],
    early=[name for name in sys.modules if name.startswith("ansible_collections")],
    loader=type(sys.modules["__main__"].__spec__.loader).__name__,
)
"""
PYTHONS = [sys.executable, *{interpreter()} - {sys.executable}]

REPORT = """
import atexit, json, os, sys, threading, time
atexit.register(print, "at the end")
mask = os.umask(0)
print(json.dumps([sys.argv, os.getcwd(), dict(os.environ), mask, __name__, sys.executable, sys.stdin.read()]))
threading.Thread(target=lambda: (time.sleep(0.05), print("from a thread"))).start()
print("complaint", file=sys.stderr)
sys.exit(STATUS)
"""


@pytest.mark.parametrize("status", ["0", "7", "None", "'a message'"])
@pytest.mark.parametrize("from_stdin", [True, False], ids=["stdin", "file"])
def test_all_that_a_process_is_given_and_gives(tmp_path: Path, status: str, from_stdin: bool) -> None:
    program = REPORT.replace("STATUS", status)
    (tmp_path / "program.py").write_text(program)
    arguments = [] if from_stdin else [str(tmp_path / "program.py"), "a b", "-c", ""]
    given = {"env": {"LC_ALL": "C.UTF-8", "EMPTY": "", "LINES": "a\nb=ö"}, "cwd": tmp_path, "umask": 0o27}

    runs = [
        subprocess.run(
            [python, *arguments],
            input=program if from_stdin else "ö",
            text=True,
            capture_output=True,
            check=False,
            **given,
        )
        for python in PYTHONS
    ]

    for ran in runs:
        assert (ran.returncode, ran.stdout, ran.stderr) == (runs[0].returncode, runs[0].stdout, runs[0].stderr)
    assert "from a thread" in runs[0].stdout


@pytest.mark.parametrize(
    "program", ["raise ValueError('x')", "1/", "raise KeyboardInterrupt", "import os; os.kill(0, 9)"]
)
def test_ends_that_are_not_regular(program: str) -> None:
    ended = [
        subprocess.run(
            [python], input=program.replace("kill(0", "kill(os.getpid()"), text=True, capture_output=True, check=False
        )
        for python in PYTHONS
    ]

    for ran in ended:
        assert (ran.returncode, ran.stderr.splitlines()[-1:]) == (
            ended[0].returncode,
            ended[0].stderr.splitlines()[-1:],
        )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("python", PYTHONS, ids=["cold", "warm"][: len(PYTHONS)])
def test_a_signal_ends_it(python: str, number: signal.Signals) -> None:
    program = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    with subprocess.Popen(
        [python], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(program.encode())
        process.stdin.close()
        pid = int(process.stdout.readline())
        process.send_signal(number)
        assert process.wait(60) == -number
    latest = time.monotonic() + 60
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < latest
        time.sleep(0.01)


def test_a_module_finds_what_it_ships_and_is_no_controller(sim: Simulator, tmp_path: Path) -> None:
    results = []
    for python in PYTHONS:
        playbook = Playbook(sim, tmp_path, python)
        module = tmp_path / "library" / "what_is_there.py"
        module.parent.mkdir(exist_ok=True)
        module.write_text(MODULE)
        playbook.environment["ANSIBLE_LIBRARY"] = str(module.parent)
        to_file = {"content": "{{ ran | to_json }}", "dest": str(tmp_path / "ran.json"), "mode": "0600"}
        ran = playbook.run({"what_is_there": {}, "register": "ran"}, {"ansible.builtin.copy": to_file})
        assert ran.returncode == 0, ran.stdout + ran.stderr
        results.append(json.loads((tmp_path / "ran.json").read_text()))

    for result in results:
        assert result == results[0]
    assert results[0]["warnings"] == ["a warning"]
    assert results[0]["early"] == []
