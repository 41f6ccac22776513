# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When the SDK is loaded, and what is said without it, which only shows in a process of its own."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from integration.support.fleets import volumes
from integration.support.harness import furnish

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api import sdk
from simulator.client import Simulator

MINIMUM = ".".join(map(str, sdk.MINIMUM_VERSION))


def run_python(code: str, tmp_path: Path, *, path: str = "", **environment: str) -> str:
    program = tmp_path / "program.py"
    program.write_text(
        f"import sys\nsys.path[:0] = {[path] if path else []!r} + {[p for p in sys.path if p]!r}\n{code}"
    )
    env = {**os.environ, "HOME": str(tmp_path), **environment}
    done = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, env=env, timeout=180, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.strip()


CLIENT = "ansible_collections.oci_keys.block_volume.plugins.module_utils._api.client"
SETTINGS = "ansible_collections.oci_keys.block_volume.plugins.module_utils._api.settings"
CONNECT = f"""
import os
from {CLIENT} import connect
from {SETTINGS} import resolve_connection
def open_as(**options):
    return connect(resolve_connection(options, os.environ))
def fault(**options):
    try:
        open_as(**options)
    except Exception as error:
        return f"{{type(error).__name__}} {{error}}"
"""


def fake_sdk(tmp_path: Path, version: str, code: str = "") -> str:
    """A folder with an SDK of this version that consists of ``code``."""
    package = tmp_path / "fake" / "oci"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(code)
    (package / "version.py").write_text(f'# coding: utf-8\n\n__version__ = "{version}"\n')
    return str(package.parent)


@pytest.mark.parametrize("auth_type", ["api_key", "security_token"])
def test_a_run_with_a_key_never_imports_the_sdk(auth_type: str, tmp_path: Path, sim: Simulator) -> None:
    """Nor what it brings along: not by reading a volume, nor by changing one, nor by an error."""
    furnish(sim, volumes=[volumes(1)])
    code = f"""{CONNECT}
connection = open_as()
service = connection.block_volume("iad")
volume = service.read("get_volume", {sim.id("volume-1")!r})
service.write("update_volume_kms_key", volume.data.id, {{"kmsKeyId": {sim.id("key-a")!r}}})
try:
    service.read_once("get_volume", volume.data.id + "x")
except Exception as error:
    assert error.status == 404, error
assert connection.sdk_version
print(sorted(name for name in sys.modules if name.partition(".")[0] in ("oci", "urllib3", "requests", "certifi")))
"""
    assert run_python(code, tmp_path, **sim.environment(auth_type)) == "[]"


def test_a_run_with_a_key_needs_no_sdk(tmp_path: Path, sim: Simulator) -> None:
    furnish(sim, volumes=[volumes(1)])
    code = f"""
sys.modules["oci"] = None
{CONNECT}
connection = open_as()
assert connection.block_volume("iad").read("get_volume", {sim.id("volume-1")!r}).data.kms_key_id is None
print(connection.sdk_version)
"""
    assert run_python(code, tmp_path, **sim.environment("api_key")) == "None"


def test_a_key_without_cryptography_names_the_interpreter(tmp_path: Path, api_key: dict[str, str]) -> None:
    code = f"""
sys.modules["cryptography"] = None
{CONNECT}
print(fault(**{api_key!r}))
"""
    said = run_python(code, tmp_path)
    assert said.startswith(
        f"InputError The Python package cryptography can't be used with the interpreter {sys.executable}"
    )
    assert "importing 'cryptography' failed with ModuleNotFoundError" in said
    assert f"{sys.executable} -m pip install cryptography" in said


@pytest.mark.parametrize("auth_type", ["instance_principal", "instance_obo_user", "oke_workload_identity"])
def test_without_the_sdk_the_interpreter_is_named(auth_type: str, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[DEFAULT]\ndelegation_token_file=token\n")
    (tmp_path / "token").write_text("token")
    code = f"""
sys.modules["oci"] = None
{CONNECT}
os.chdir({str(tmp_path)!r})
print(fault(auth_type={auth_type!r}, config_file_location="config"))
"""
    said = run_python(code, tmp_path, KUBERNETES_SERVICE_HOST="127.0.0.1", OCI_METADATA_BASE_URL="http://127.0.0.1:1")
    assert said.startswith(f"InputError The OCI Python SDK can't be used with the interpreter {sys.executable}")
    assert "failed with ModuleNotFoundError" in said
    assert f"{sys.executable} -m pip install oci" in said


def test_a_broken_dependency_of_the_sdk_is_named(tmp_path: Path) -> None:
    path = fake_sdk(tmp_path, "2.189.0", "import no_such_dependency\n")
    code = f"{CONNECT}\nprint(fault(auth_type='oke_workload_identity'))"
    said = run_python(code, tmp_path, path=path, KUBERNETES_SERVICE_HOST="127.0.0.1")
    assert "importing 'no_such_dependency' failed with ModuleNotFoundError" in said


@pytest.mark.parametrize("version", ["2.99.0", "2.110.9", "1.200.0", "2.9"])
def test_an_sdk_that_is_too_old_is_named(version: str, tmp_path: Path, api_key: dict[str, str]) -> None:
    """Where it is needed; who signs with a key does not need it."""
    path = fake_sdk(tmp_path, version, "raise AssertionError('it is not to be imported')")
    code = f"""{CONNECT}
print(open_as(**{api_key!r}).sdk_version)
print(fault(auth_type='oke_workload_identity'))
"""
    said = run_python(code, tmp_path, path=path, KUBERNETES_SERVICE_HOST="127.0.0.1").splitlines()
    assert said[0] == version
    assert said[1] == (
        f"InputError oci {version} in {path}/oci is too old, at least {MINIMUM} is needed:"
        f" {sys.executable} -m pip install --upgrade oci"
    )


@pytest.mark.parametrize("version", ["2.111.0", "2.200.1", "3.0", "unknown"])
def test_an_sdk_that_is_new_enough_is_used(version: str, tmp_path: Path) -> None:
    path = fake_sdk(tmp_path, version, "raise RuntimeError('it was imported')")
    code = f"{CONNECT}\nprint(fault(auth_type='oke_workload_identity'))"
    said = run_python(code, tmp_path, path=path, KUBERNETES_SERVICE_HOST="127.0.0.1")
    assert "it was imported" in said


def test_all_that_is_used_of_the_sdk_is_there() -> None:
    for module, names in sdk.USED.items():
        if module == "oci._vendor.urllib3" and importlib.util.find_spec("urllib3") is not None:
            module = "urllib3"  # newer SDKs contain none
        for name in names:
            found = sdk.load_requests() if module == "requests" else importlib.import_module(module)
            for part in name.split("."):
                found = getattr(found, part)


def test_the_list_of_what_is_used_is_complete() -> None:
    """Each module that is loaded, in whichever way, is in the list."""
    sources = [path.read_text() for path in Path(sdk.__file__).parent.glob("*.py")]
    loaded = {name for text in sources for name in re.findall(r'(?:load|import_module)\("(oci[\w.]*)"\)', text)}
    assert "oci._vendor.urllib3" in loaded
    assert loaded - {"oci"} == set(sdk.USED) - {"requests"}


def signer_class(name: str) -> type:
    signers = importlib.import_module("oci.auth.signers")
    modules = [signers, *(each for each in vars(signers).values() if inspect.ismodule(each))]
    return next(getattr(module, name) for module in modules if hasattr(module, name))


@pytest.mark.parametrize(
    ("name", "attribute"), [(name, each) for name, found in sdk.USED_OF_SIGNERS.items() for each in found]
)
def test_all_that_is_used_of_signers_is_set_by_them(name: str, attribute: str) -> None:
    """By one of their methods, or of those that they inherit."""
    sources = [inspect.getsource(each) for each in signer_class(name).__mro__ if each.__module__.startswith("oci.")]
    assert any(re.search(rf"self\.{attribute} = ", source) for source in sources)


def test_the_list_of_what_is_used_of_signers_is_complete() -> None:
    source = (Path(sdk.__file__).parent / "platform_auth.py").read_text()
    read = {*re.findall(r'signer, "(\w+)"', source), *re.findall(r"\bsigner\.(\w+)", source)}
    assert read == {each for found in sdk.USED_OF_SIGNERS.values() for each in found}


VENDOR = "_vendor/__init__.py"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({VENDOR: "", "_vendor/requests/__init__.py": "whose = 'the one it contains'"}, "the one it contains"),
        ({VENDOR: "import requests"}, "the installed one"),
        ({VENDOR: ""}, "the installed one"),
        ({}, "the installed one"),
    ],
    ids=["contains a copy", "a name of it only", "contains other copies", "contains no copies"],
)
def test_the_requests_library_is_the_one_that_the_sdk_uses(
    files: dict[str, str], expected: str, tmp_path: Path
) -> None:
    """Newer SDKs use ever more installed libraries, where older ones contain copies."""
    path = fake_sdk(tmp_path, "2.200.0")
    installed = {"requests/__init__.py": "whose = 'the installed one'"}
    for name, content in {**{f"oci/{name}": content for name, content in files.items()}, **installed}.items():
        (Path(path) / name).parent.mkdir(exist_ok=True, parents=True)
        (Path(path) / name).write_text(content)
    code = f"from {sdk.__name__} import load_requests\nprint(load_requests().whose)"

    assert run_python(code, tmp_path, path=path) == expected


def test_without_a_requests_library_the_interpreter_is_named(tmp_path: Path) -> None:
    path = fake_sdk(tmp_path, "2.200.0")
    code = f"""
sys.modules["requests"] = None
from {sdk.__name__} import load_requests
try:
    load_requests()
except Exception as error:
    print(type(error).__name__, error)
"""
    said = run_python(code, tmp_path, path=path)
    assert said.startswith(
        f"InputError The Python package requests can't be used with the interpreter {sys.executable}"
    )


def test_a_region_that_is_new_is_looked_up_in_the_sdk(tmp_path: Path, api_key: dict[str, str]) -> None:
    code = f"""{CONNECT}
connection = open_as(**{api_key!r})
assert "oci" not in sys.modules
assert connection.regions.region("phx") == "us-phoenix-1"
assert "oci" not in sys.modules
assert connection.regions.region("mars") is None
assert "oci" in sys.modules
"""
    assert run_python(code, tmp_path) == ""


def test_an_unknown_region_without_the_sdk_is_unknown(tmp_path: Path, api_key: dict[str, str]) -> None:
    options = {**api_key, "region": "mars"}
    code = f"""
sys.modules["oci"] = None
{CONNECT}
print(fault(**{options!r}))
"""
    said = run_python(code, tmp_path)
    assert "option region names 'mars', which is not a known region" in said


def test_the_test_for_ocids_needs_no_sdk(tmp_path: Path) -> None:
    key = "ocid1.key.oc1.iad.bbpi6tfhaaeuk.abc"
    code = f"""
sys.modules["oci"] = None
from ansible_collections.oci_keys.block_volume.plugins.test.ocid import ocid
print(ocid({key!r}, "key"))
"""
    assert run_python(code, tmp_path) == "True"
