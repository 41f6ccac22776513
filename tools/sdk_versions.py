# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the tests of the way to OCI with other versions of the SDK: the oldest that is supported, and the newest.

``make sdk``, or ``tools/in-env python -m tools.sdk_versions [VERSION|newest ...] [-- PYTEST_ARGUMENT ...]``

Each SDK is installed with the versions that it requires of all that it requires, into a folder of ``.cache/sdk``, which
is put before the packages of ``.venv``. Tests that compare with what only a newer SDK has skip themselves.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OLDEST = "2.111.0"
NEWEST = "newest"
TESTS = (
    "tests/integration/api",
    "tests/unit/plugins/module_utils/_api",
)


def install(version: str) -> Path:
    """The folder that has this version of the SDK, and what it requires."""
    folder = ROOT / ".cache" / "sdk" / version
    if not (folder / "oci" / "version.py").exists() or version == NEWEST:
        package = "oci" if version == NEWEST else f"oci=={version}"
        upgrade = ["--upgrade"] if version == NEWEST else []
        command = [
            "uv",
            "pip",
            "install",
            "--quiet",
            *upgrade,
            "--python",
            sys.executable,
            "--target",
            str(folder),
            package,
        ]
        subprocess.run(command, check=True)
    return folder


def test(version: str, arguments: Sequence[str]) -> bool:
    """Whether the tests pass with this version of the SDK."""
    folder = install(version)
    environment = {
        **os.environ,
        "PYTHONPATH": str(folder),
        "PYTHONPYCACHEPREFIX": str(ROOT / ".cache" / "sdk" / "pycache"),
    }
    show = (
        "import oci, cryptography; print('oci', oci.__version__, 'cryptography', cryptography.__version__, flush=True)"
    )
    subprocess.run([sys.executable, "-c", show], env=environment, check=True)
    command = [sys.executable, "-m", "pytest", "-q", *(arguments or ()), *TESTS]
    return subprocess.run(command, env=environment, cwd=ROOT, check=False).returncode == 0


def main(arguments: Sequence[str]) -> int:
    versions = list(arguments)
    options: list[str] = []
    if "--" in versions:
        at = versions.index("--")
        versions, options = versions[:at], versions[at + 1 :]
    passed = [test(version, options) for version in versions or (OLDEST, NEWEST)]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
