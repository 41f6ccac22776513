# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Defects that other tools have in how they are shipped, started and connected: one test for each."""

from __future__ import annotations

import base64
import configparser
import importlib
import io
import json
import os
import re
import socket
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from integration.support import node_pool_keys
from integration.support.change_modules import CHANGERS, COPIERS, Changer, fleet
from integration.support.harness import run, soak
from integration.support.playbook import Playbook

from ansible_collections.oci_keys.block_volume.plugins.doc_fragments.attributes import ModuleDocFragment
from ansible_collections.oci_keys.block_volume.plugins.modules import kms_key_info
from simulator.client import Simulator

PLUGINS = Path(__file__).parents[2] / "plugins"
NAMES = sorted(path.stem for path in (PLUGINS / "modules").glob("[!_]*.py"))

# What those who call OCI are given, to take them through all services that they need.
KEY = "ocid1.key.oc1.iad.vaultprefix.abcdefgh"
CALLERS = {it.name: it for it in reversed([*CHANGERS, *COPIERS]) if it.module is not node_pool_keys} | {
    "kms_key_info": None
}

# Bytes of our own files in the archive that is sent; ansible-core's own are 113 KB. The SDK's collection sends 401 KB.
# Since requests to OCI are our own, and not those of the SDK, they are among these files, and so are credentials as the
# SDK and the command line have them.
# With replicas, which plans change on their sources.
LARGEST_SHARE = 300_000
# It is started once for a whole plan, and discovers and plans again in it.
SHARE_OF_WHOLE_PLAN = 405_000

by_module = pytest.mark.parametrize("changer", CHANGERS[::2][:3], ids=lambda it: it.name)


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"ansible_collections.oci_keys.block_volume.plugins.modules.{name}")


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith("_info")])
def test_info_modules_are_not_skipped_in_check_mode(name: str) -> None:
    """Modules that only look were skipped in check mode, so that later tasks saw undefined values."""
    documented = yaml.safe_load(_module(name).DOCUMENTATION)
    assert "oci_keys.block_volume.attributes.info_module" in documented["extends_documentation_fragment"]
    assert yaml.safe_load(ModuleDocFragment.INFO_MODULE)["attributes"]["check_mode"]["support"] == "full"
    assert "supports_check_mode=True" in (PLUGINS / "modules" / f"{name}.py").read_text()


def test_in_check_mode_the_same_is_told(sim: Simulator) -> None:
    """Modules that only look were skipped in check mode, so that later tasks saw undefined values."""
    checked, ran = (run(kms_key_info.main, sim, check=check, kms_key_ids=[sim.id("key-a")]) for check in (True, False))

    assert "skipped" not in checked.result
    assert checked.result["kms_keys"] == ran.result["kms_keys"]
    assert checked.result["kms_keys"][0]["usable"] is True


@by_module
def test_without_config_file_where_the_environment_has_all(
    sim: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, changer: Changer
) -> None:
    """A config file was demanded even where every value is in the environment (oci-ansible-collection 289)."""
    fleet(sim)
    _environment_instead_of_file(sim, monkeypatch, tmp_path)

    ran = changer.assign(sim)

    assert not ran.failed, ran.msg
    assert changer.key_in_place(sim) == sim.id(changer.new)


@by_module
def test_an_option_beats_the_environment(
    sim: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, changer: Changer
) -> None:
    """The environment beat what a task said explicitly (oci-ansible-collection 193)."""
    fleet(sim)
    values = _environment_instead_of_file(sim, monkeypatch, tmp_path)
    monkeypatch.setenv("OCI_USER_ID", "ocid1.user.oc1..somebodyelse")

    refused, ran = changer.assign(sim), changer.assign(sim, api_user=values["user"])

    assert "ocid1.user.oc1..somebodyelse" in refused.msg
    assert not ran.failed, ran.msg


def _environment_instead_of_file(sim: Simulator, monkeypatch: pytest.MonkeyPatch, home: Path) -> dict[str, str]:
    config = configparser.ConfigParser()
    config.read(os.environ["OCI_CONFIG_FILE"])
    values = dict(config["DEFAULT"])
    monkeypatch.delenv("OCI_CONFIG_FILE")
    monkeypatch.setenv("HOME", str(home))
    for variable, name in {
        "OCI_USER_ID": "user",
        "OCI_USER_FINGERPRINT": "fingerprint",
        "OCI_USER_KEY_FILE": "key_file",
        "OCI_TENANCY": "tenancy",
        "OCI_REGION": "region",
    }.items():
        monkeypatch.setenv(variable, values[name])
    return values


@pytest.mark.parametrize("name", CALLERS)
def test_an_sdk_that_cant_be_imported_is_told_with_cause_and_interpreter(tmp_path: Path, name: str) -> None:
    """ "The SDK is required" was all that was told, of an SDK that is there and whose own import fails, in whichever
    interpreter (oci-ansible-collection 255, 267)."""
    broken = tmp_path / "oci"
    broken.mkdir()
    (broken / "__init__.py").write_text("raise ImportError('libcrypto.so.9: cannot open shared object file')\n")
    changer = CALLERS[name]
    given = {"kms_key_ids": [KEY]} if changer is None else {changer.ids: [], "kms_key_id": KEY, **changer.options}
    given["auth_type"] = "instance_principal"  # an API key needs no SDK

    ran = subprocess.run(
        [sys.executable, str(PLUGINS / "modules" / f"{name}.py")],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": given}),
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

    result = json.loads(ran.stdout)
    assert result["failed"]
    told = ("libcrypto.so.9: cannot open shared object file", "ImportError", f"the interpreter {sys.executable}")
    for word in (*told, "pip install oci"):
        assert word in result["msg"]
    assert "Traceback" not in ran.stdout + ran.stderr


@by_module
def test_no_host_is_called_but_those_of_the_services(
    sim: Simulator, monkeypatch: pytest.MonkeyPatch, changer: Changer
) -> None:
    """Every task called home to look for a newer version, which takes 10 s where that is blocked."""
    connections = set()
    connect = socket.socket.connect

    def connect_to(self: Any, address: Any) -> None:
        connections.add(address[0])
        connect(self, address)

    fleet(sim)
    sim.reset_counts()
    monkeypatch.setattr(socket.socket, "connect", connect_to)

    ran = changer.assign(sim)

    assert ran.changed
    assert connections == {"127.0.0.1"}  # the proxy, which leads to the simulator
    assert sim.strangers == {}  # hosts that are not those of OCI's services


@soak
def test_each_module_ships_little(sim: Simulator, tmp_path: Path) -> None:
    """All 63 helpers of the SDK's services were shipped with each module."""
    playbook = Playbook(sim, tmp_path)
    playbook.environment["ANSIBLE_KEEP_REMOTE_FILES"] = "1"

    ran = playbook.run(*({f"oci_keys.block_volume.{name}": {}, "ignore_errors": True} for name in NAMES))

    assert ran.returncode == 0, ran.stdout
    for name in NAMES:
        (payload,) = (tmp_path / "remote").glob(f"*/AnsiballZ_{name}.py")
        encoded = max(re.findall(r"[A-Za-z0-9+/=]{1000,}", payload.read_text()), key=len)
        files = zipfile.ZipFile(io.BytesIO(base64.b64decode(encoded))).infolist()
        ours = [file for file in files if "/block_volume/" in file.filename]
        assert f"ansible_collections/oci_keys/block_volume/plugins/modules/{name}.py" in [it.filename for it in ours]
        limit = SHARE_OF_WHOLE_PLAN if name == "key_plan_apply" else LARGEST_SHARE
        assert sum(file.compress_size for file in ours) < limit, name
        assert not [file.filename for file in files if not file.filename.startswith("ansible")]


@soak
@pytest.mark.parametrize("name", NAMES)
def test_the_sdk_is_not_imported_before_it_is_needed(tmp_path: Path, name: str) -> None:
    """The clients of all services were imported with each module, before its arguments were looked at."""
    assert _imported(name, tmp_path, "only_imported") == set()


@pytest.mark.parametrize("name", CALLERS)
def test_an_api_key_needs_nothing_of_the_sdk(sim: Simulator, tmp_path: Path, name: str) -> None:
    """The clients of all services were imported with each module, which took 0.8 to 1.6 s and 158 MB."""
    fleet(sim)
    changer = CALLERS[name]
    given: dict[str, Any] = {"kms_key_ids": [sim.id("key-a")]}
    if changer is not None:
        given = {changer.ids: [sim.id(changer.resource)], "kms_key_id": sim.id(changer.new), **changer.options}

    assert _imported(name, tmp_path, "__main__", given) == set()
    if changer in CHANGERS:
        assert changer.key_in_place(sim) == sim.id(changer.new)


def _imported(name: str, folder: Path, as_name: str, given: Mapping[str, Any] | None = None) -> set[str]:
    """The modules of the SDK that a module of ours has imported when it ends."""
    shown = folder / "modules.json"
    script = (
        "import atexit, json, runpy, sys\n"
        "file, shown, as_name = sys.argv[1:]\n"
        "del sys.argv[1:]\n"
        "atexit.register(lambda: json.dump(sorted(sys.modules), open(shown, 'w')))\n"
        "runpy.run_path(file, run_name=as_name)\n"
    )
    subprocess.run(
        [sys.executable, "-c", script, str(PLUGINS / "modules" / f"{name}.py"), str(shown), as_name],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": given}),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    modules = json.loads(shown.read_text())
    assert "ansible.module_utils.basic" in modules
    return {module for module in modules if module.split(".")[0] == "oci"}


def test_git_takes_no_copy_in_the_cache_for_a_part_of_the_checkout() -> None:
    """antsibull-docs copies what git lists: in an ignored folder of another repository that is nothing."""
    program = PLUGINS.parent / "tools" / "in-env"
    command = [str(program), "git", "-C", str(PLUGINS.parent / ".cache" / "tmp"), "rev-parse", "--git-dir"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "not a git repository" in ran.stderr
    inside = subprocess.run([*command[:3], str(PLUGINS), *command[4:]], capture_output=True, text=True, check=False)
    assert inside.returncode == 0, inside.stderr
