# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An import against the floors of module_utils breaks the contracts in pyproject.toml."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FLOORS = "Each package of module_utils imports only from the floors below its own"
OFFLINE = "Documents, reports and role variables never reach OCI"
SDK = "Only _api loads the SDK, signs and sends"
NETWORK = "Only _api opens connections"
BY_NAME = "Only _api imports by a name that is made at run time"
NO_ANSIBLE = "Nothing below _modules knows Ansible"
TEMPLATES = "Filters, tests and action plugins ask nothing of OCI"
NO_SDK_IMPORT = "Nothing imports the SDK but by _api's load(), at run time"
GLUE = "Only modules and the inventory start what _modules holds"


def broken_contracts(plugins: Path) -> set[str]:
    found = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache", ROOT / "pyproject.toml"],
        env={"PYTHONPATH": str(plugins.parents[3]), "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    contracts = {line.partition(" BROKEN")[0] for line in found.stdout.splitlines() if " BROKEN" in line}
    assert (found.returncode == 0) == (not contracts), found.stdout + found.stderr
    return contracts


@pytest.mark.parametrize(
    ("file", "planted", "broken"),
    [
        ("module_utils/_common/files.py", "", None),
        ("module_utils/_model/ocid.py", "from .._keys.lookup import KeyFinder", FLOORS),
        ("module_utils/_resources/volumes.py", "from .._keys.lookup import KeyFinder", FLOORS),
        ("module_utils/_reporting/html.py", "from .._api.client import connect", OFFLINE),
        ("module_utils/_keys/lookup.py", "from .._api.sdk import load", SDK),
        ("module_utils/_keys/lookup.py", "from .._api.platform_auth import load", SDK),
        ("module_utils/_keys/lookup.py", "import importlib", BY_NAME),
        ("module_utils/_reporting/html.py", "import requests", NETWORK),
        ("module_utils/_common/text.py", "from ansible.module_utils.basic import AnsibleModule", NO_ANSIBLE),
        ("filter/plan_verdict.py", "from ..module_utils._api.client import connect", TEMPLATES),
        ("module_utils/_documents/journal.py", "import oci", NO_SDK_IMPORT),
        ("filter/plan_verdict.py", "from ..module_utils._modules.runtime import Runtime", GLUE),
    ],
)
def test_a_planted_import_is_noticed(tmp_path: Path, file: str, planted: str, broken: str | None) -> None:
    plugins = tmp_path / "ansible_collections/oci_keys/block_volume/plugins"
    shutil.copytree(ROOT / "plugins", plugins, ignore=shutil.ignore_patterns("__pycache__"))
    with open(plugins / file, "a") as source:
        source.write(f"\n{planted}\n")
    assert broken in broken_contracts(plugins) if broken else not broken_contracts(plugins)
