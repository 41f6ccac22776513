# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Python that runs ansible-playbook and its modules in ``make test`` does what any other does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from integration.support import shipped_once
from integration.support.playbook import Playbook
from integration.support.warm_python import controller, controller_python, interpreter

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
PYTHONS: dict[str, Callable[[], str]] = {
    "cold": lambda: sys.executable,
    "modules": interpreter,
    "controller": controller_python,
}

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
        for python in (start() for start in PYTHONS.values())
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
        for python in (start() for start in PYTHONS.values())
    ]

    for ran in ended:
        assert (ran.returncode, ran.stderr.splitlines()[-1:]) == (
            ended[0].returncode,
            ended[0].stderr.splitlines()[-1:],
        )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("python", PYTHONS)
def test_a_signal_ends_it(python: str, number: signal.Signals) -> None:
    program = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    with subprocess.Popen(
        [PYTHONS[python]()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
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
    for python in (sys.executable, interpreter()):
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


LISTED = """
import sys
print([name for name in sys.modules if name.partition(".")[0] in ("ansible", "ansible_collections")])
"""


def test_nothing_of_ansible_is_imported_before_its_settings_are_there() -> None:
    ran = subprocess.run([controller_python()], input=LISTED, text=True, capture_output=True, check=True)

    assert ran.stdout == "[]\n"


@pytest.mark.parametrize("program", ["ansible-playbook", "ansible-config", "ansible-doc"])
def test_a_program_of_ansible_does_what_it_does_from_its_start(sim: Simulator, tmp_path: Path, program: str) -> None:
    """Its settings from the environment and from a file, its status, and all that it prints."""
    (tmp_path / "ansible.cfg").write_text("[defaults]\nany_errors_fatal = true\ncallback_result_format = yaml\n")
    said = {"ansible.builtin.debug": {"msg": "{{ ['a', lookup('env', 'HOME'), ansible_playbook_python] }}"}}
    ran_out = {"ansible.builtin.fail": {"msg": "no more"}}
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [said, ran_out, said]}
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    environment = {**Playbook(sim, tmp_path).environment, "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "no"}
    arguments = {
        "ansible-playbook": ["play.yml"],
        "ansible-config": ["dump", "--only-changed"],
        "ansible-doc": ["oci_keys.block_volume.volume_kms_key"],
    }[program]

    cold, warm = (
        subprocess.run([*start, *arguments], env=environment, cwd=tmp_path, text=True, capture_output=True, check=False)
        for start in ([str(Path(sys.executable).parent / program)], controller(program))
    )

    assert (warm.returncode, warm.stdout, warm.stderr) == (cold.returncode, cold.stdout, cold.stderr)
    assert {"ansible-playbook": "no more", "ansible-config": str(tmp_path), "ansible-doc": "kms_key_id"}[
        program
    ] in cold.stdout


SHIPPED = """
import datetime, io, pathlib, sys, zipfile
sys.path.append(sys.argv[1])
from ansible.plugins.loader import init_plugin_loader, module_loader
from ansible.executor import module_common
import shipped_once

init_plugin_loader()
more = []
if hasattr(module_common, "_builder"):
    more.append(module_common._builder.ExtensionManager.create(task_vars={}))
original = module_common.recursive_finder
looked = []

def looking(*given):
    looked.append(given)
    return original(*given)

remembering = shipped_once._remembering(module_common, looking, pathlib.Path(sys.argv[2]))
for name in sys.argv[3:]:
    path = module_loader.find_plugin_with_context(name).plugin_resolved_path
    source = pathlib.Path(path).read_bytes()
    shipped = []
    for finder in (original, remembering, remembering):
        with zipfile.ZipFile(io.BytesIO(), "w") as archive:
            now = datetime.datetime.now(datetime.timezone.utc)
            metadata = finder(name, module_common._get_ansible_module_fqn(path), source, archive, now, *more)
            shipped.append((metadata, [(entry, archive.read(entry)) for entry in archive.namelist()]))
    assert shipped[0] == shipped[1] == shipped[2], name
    assert len(shipped[0][1]) > 20
assert len(looked) == len(sys.argv[3:])
"""


def test_what_a_module_ships_is_remembered_as_it_was_found(tmp_path: Path) -> None:
    support = Path(shipped_once.__file__).parent
    names = ["oci_keys.block_volume.kms_key_info", "ansible.builtin.file"]

    subprocess.run([sys.executable, "-c", SHIPPED, str(support), str(tmp_path), *names], check=True)


@pytest.mark.parametrize("change", ["longer", "as long", "one more", "one less"])
def test_what_is_shipped_is_found_again_when_a_file_has_changed(tmp_path: Path, change: str) -> None:
    (tmp_path / "_common").mkdir()
    file = tmp_path / "_common" / "text.py"
    file.write_text("a = 1\n")
    before = list(shipped_once._files(str(tmp_path)))
    if change == "longer":
        file.write_text("a = 10\n")
    elif change == "as long":
        file.write_text("a = 2\n")
        os.utime(file, ns=(0, 0))  # as if it were later, however coarse the file system's clock is
    elif change == "one more":
        (tmp_path / "_common" / "time.py").touch()
    else:
        file.unlink()

    assert list(shipped_once._files(str(tmp_path))) != before
