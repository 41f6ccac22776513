# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Galaxy and Ansible want of the collection's metadata, told early; ``make certify`` asks their own tools."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.sdk import MINIMUM_VERSION

OLDEST_SDK = ".".join(map(str, MINIMUM_VERSION))
ROOT = Path(__file__).parents[2]
CONNECTION = "oci_keys.block_volume.connection"
GALAXY = yaml.safe_load((ROOT / "galaxy.yml").read_text())
RUNTIME = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())


def _documentation(path: Path) -> dict[str, Any]:
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "DOCUMENTATION":
            return dict(yaml.safe_load(ast.literal_eval(node.value)))
    raise AssertionError(f"{path} has no DOCUMENTATION")


MODULES = {path.stem: _documentation(path) for path in (ROOT / "plugins" / "modules").glob("*.py")}


def test_the_action_group_has_the_modules_that_connect() -> None:
    connecting = {name for name, found in MODULES.items() if CONNECTION in found["extends_documentation_fragment"]}
    assert set(RUNTIME["action_groups"]["all"]) == connecting
    assert RUNTIME["action_groups"]["all"] == sorted(connecting)


def test_antsibull_nox_is_told_of_the_others() -> None:
    checks = tomllib.loads((ROOT / "antsibull-nox.toml").read_text())["sessions"]["extra_checks"]
    (group,) = checks["action_groups_config"]
    assert set(group["exclusions"]) == MODULES.keys() - set(RUNTIME["action_groups"]["all"])
    assert group["doc_fragment"] == CONNECTION


def test_galaxy_takes_the_metadata() -> None:
    """galaxy-importer refuses longer authors, and certification more tags, or none of what it knows."""
    assert all(len(author) <= 64 for author in GALAXY["authors"])
    assert len(GALAXY["tags"]) <= 20
    assert {"cloud", "infrastructure", "security", "storage"} & set(GALAXY["tags"])
    assert GALAXY["dependencies"] == {}


def test_the_readme_has_the_sections_of_a_certified_collection() -> None:
    headings = [line[3:] for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("## ")]
    asked = [
        "Requirements",
        "Installation",
        "Use cases",
        "Testing",
        "Contributing",
        "Support",
        "Release notes",
        "Licence",
    ]
    assert [heading for heading in headings if heading in asked] == asked


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("README.md", "2.111.0 or later"),
        ("plugins/doc_fragments/connection.py", "C(oci) >= 2.111.0"),
        ("tools/sdk_versions.py", 'OLDEST = "2.111.0"'),
    ],
)
def test_the_oldest_sdk_is_the_same_everywhere(path: str, words: str) -> None:
    assert OLDEST_SDK in words
    assert words in (ROOT / path).read_text()


def test_the_execution_environment_gets_the_sdk() -> None:
    described = yaml.safe_load((ROOT / "meta" / "execution-environment.yml").read_text())
    assert (ROOT / described["dependencies"]["python"]).read_text().split() == [f"oci>={OLDEST_SDK}"]
