# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The definition of the execution environment, and what ansible-builder makes of it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import yaml
from unit.support.awx_rules import ASSETS, ROOT

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.sdk import MINIMUM_VERSION


def test_ansible_builder_makes_a_context_of_the_execution_environment(tmp_path: Path) -> None:
    definition = tmp_path / "execution-environment.yml"
    definition.write_text((ASSETS / "execution-environment.yml").read_text())
    command = [str(Path(sys.executable).parent / "ansible-builder"), "create", "--file", str(definition)]
    made = subprocess.run(
        [*command, "--context", str(tmp_path / "context")], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert made.returncode == 0, made.stdout + made.stderr
    # Its name depends on the container engine that is found.
    (recipe,) = (tmp_path / "context").glob("*file")
    assert 'PYCMD="/usr/bin/python3.12"' in recipe.read_text()
    made_of = recipe.read_text()
    assert "registry.access.redhat.com/ubi9/ubi-minimal:" in made_of
    # Any user of group 0 can write where jobs do, and what is run last is not root.
    assert "chgrp 0 /runner && chmod -R ug+rwx /runner" in made_of
    assert re.findall(r"^USER (.*)$", made_of, re.MULTILINE)[-1] == "1000"
    # Git is for the stage that fetches the collection, and stays there.
    assert "git-core" not in made_of[made_of.index("AS final") :]
    (collections,) = (tmp_path / "context").rglob("requirements.yml")
    assert "oci_keys.block_volume.git" in collections.read_text()


def test_ansible_builder_finds_what_the_collection_needs(tmp_path: Path) -> None:
    home = tmp_path / "ansible_collections" / "oci_keys" / "block_volume"
    home.parent.mkdir(parents=True)
    home.symlink_to(ROOT)
    program = str(Path(sys.executable).parent / "ansible-builder")
    found = subprocess.run([program, "introspect", str(tmp_path)], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    needed = yaml.safe_load(found.stdout)
    assert [line.split()[0] for line in needed["python"]] == ["oci>=" + ".".join(map(str, MINIMUM_VERSION))]
