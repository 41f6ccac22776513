# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the SDK is loaded, which only shows in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import oci
import pytest

SDK = "ansible_collections.oci_keys.block_volume.plugins.module_utils._api.sdk"


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


MODULE = "ansible_collections.oci_keys.block_volume.plugins.module_utils._api.client"
SETTINGS = "ansible_collections.oci_keys.block_volume.plugins.module_utils._api.settings"


def test_without_the_sdk_the_interpreter_is_named(tmp_path: Path) -> None:
    code = f"""
sys.modules["oci"] = None
from {MODULE} import connect
from {SETTINGS} import ConnectionSettings
try:
    connect(ConnectionSettings())
except Exception as error:
    print(type(error).__name__, error)
"""
    said = run_python(code, tmp_path)
    assert said.startswith(f"InputError The OCI Python SDK can't be used with the interpreter {sys.executable}")
    assert "importing 'oci' failed with ModuleNotFoundError" in said
    assert f"{sys.executable} -m pip install oci" in said


def test_a_broken_dependency_of_the_sdk_is_named(tmp_path: Path) -> None:
    (tmp_path / "fake" / "oci").mkdir(parents=True)
    (tmp_path / "fake" / "oci" / "__init__.py").write_text("import no_such_dependency\n")
    code = f"""
from {MODULE} import connect
from {SETTINGS} import ConnectionSettings
try:
    connect(ConnectionSettings())
except Exception as error:
    print(error)
"""
    said = run_python(code, tmp_path, path=str(tmp_path / "fake"))
    assert "importing 'no_such_dependency' failed with ModuleNotFoundError" in said


def test_only_the_services_that_are_used_are_imported(tmp_path: Path, api_key: dict[str, str]) -> None:
    code = f"""
from {MODULE} import connect
assert "oci" not in sys.modules
from {SETTINGS} import resolve_connection
connection = connect(resolve_connection({api_key!r}, {{}}))
connection.block_volume("iad")
services = {{name.split(".")[1] for name in sys.modules if name.startswith("oci.")}}
print(sorted(services & {{"core", "identity", "key_management", "resource_search", "database"}}))
"""
    assert run_python(code, tmp_path) == "['core']"


def test_a_client_comes_without_the_models_of_its_service(tmp_path: Path, api_key: dict[str, str]) -> None:
    code = f"""
from {MODULE} import connect
from {SETTINGS} import resolve_connection
connection = connect(resolve_connection({api_key!r}, {{}}))
connection.block_volume("iad")
connection.identity("iad")
print(len([name for name in sys.modules if name.startswith(("oci.core.models.", "oci.identity.models."))]))
"""
    assert run_python(code, tmp_path) == "0"


@pytest.mark.parametrize("service", ["core", "identity", "key_management", "resource_search"])
def test_each_model_is_found_by_its_name(service: str, tmp_path: Path) -> None:
    """Those that are in the file of their name are found without the others, and the others all the same."""
    real = {name: model.__module__ for name, model in mapping(service).items()}
    code = f"""
import json
from {SDK} import load
models = getattr(load("oci.{service}.models"), "{service}_type_mapping")
print(json.dumps({{name: models[name].__module__ for name in {sorted(real)!r}}}))
"""
    assert json.loads(run_python(code, tmp_path)) == real


def mapping(service: str) -> dict[str, type]:
    found: dict[str, type] = getattr(getattr(oci, service).models, f"{service}_type_mapping")
    return found


def test_models_that_a_run_reads_are_found_without_the_others(tmp_path: Path) -> None:
    names = ["Volume", "BootVolume", "VolumeBackup", "BootVolumeBackup", "VolumeGroup", "BlockVolumeReplica"]
    code = f"""
from {SDK} import load
models = load("oci.core.models").core_type_mapping
for name in {names!r}:
    assert models[name].__name__ == name
print(len([name for name in sys.modules if name.startswith("oci.core.models.")]))
"""
    assert run_python(code, tmp_path) == str(len(names))


def test_who_else_uses_the_sdk_in_this_process_has_all_models(tmp_path: Path, api_key: dict[str, str]) -> None:
    """An inventory plugin shares its process with other collections' plugins."""
    code = f"""
from {MODULE} import connect
from {SETTINGS} import resolve_connection
connection = connect(resolve_connection({api_key!r}, {{}}))
connection.block_volume("iad")
import oci
theirs = oci.core.ComputeClient(connection._config("us-ashburn-1"), signer=connection._principal.signer)
assert theirs.base_client.type_mappings["Instance"] is oci.core.models.Instance
assert oci.core.models.LaunchInstanceDetails().shape is None
assert not hasattr(oci.core.models, "NoSuchModel")
assert "Volume" in dir(oci.core.models)
from oci.core.models import *
assert Volume is oci.core.models.Volume
print(len(theirs.base_client.complex_type_mappings))
"""
    assert run_python(code, tmp_path) == str(len(mapping("core")))


def test_a_model_that_can_not_be_imported_is_named(tmp_path: Path) -> None:
    code = f"""
from {SDK} import load
models = load("oci.core.models").core_type_mapping
sys.modules["oci.core.models.volume"] = None
try:
    models["Volume"]
except Exception as error:
    print(type(error).__name__, error)
"""
    said = run_python(code, tmp_path)
    assert said.startswith("InputError The OCI Python SDK can't be used with")
    assert "importing 'oci.core.models.volume' failed with ModuleNotFoundError" in said


def test_models_in_other_files_than_their_names_tell(tmp_path: Path) -> None:
    models = tmp_path / "fake" / "oci" / "odd" / "models"
    models.mkdir(parents=True)
    (models.parent.parent / "__init__.py").write_text("")
    (models.parent / "__init__.py").write_text("from .models import odd_type_mapping\nfrom . import models\n")
    (models / "__init__.py").write_text("from .elsewhere import Thing\nodd_type_mapping = {'Thing': Thing}\n")
    (models / "elsewhere.py").write_text("class Thing: pass\n")
    code = f"""
from {SDK} import load
odd = load("oci.odd")
assert "oci.odd.models.elsewhere" not in sys.modules
print(odd.odd_type_mapping["Thing"].__module__, odd.odd_type_mapping.get("NoThing"))
"""
    assert run_python(code, tmp_path, path=str(tmp_path / "fake")) == "oci.odd.models.elsewhere None"


def test_the_test_for_ocids_needs_no_sdk(tmp_path: Path) -> None:
    key = "ocid1.key.oc1.iad.bbpi6tfhaaeuk.abc"
    code = f"""
sys.modules["oci"] = None
from ansible_collections.oci_keys.block_volume.plugins.test.ocid import ocid
print(ocid({key!r}, "key"))
"""
    assert run_python(code, tmp_path) == "True"
