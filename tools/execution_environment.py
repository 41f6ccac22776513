# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builds the execution environment of extensions/awx with this checkout's collection in it, and tries it as any user.

Without podman or docker at work it makes the recipe only, in .cache/execution-environment, and says so.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tools.build import build

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".cache" / "execution-environment"
DEFINITION = ROOT / "extensions" / "awx" / "execution-environment.yml"
TAG = "oci-keys:checkout"
NAME = "oci_keys.block_volume"


def with_artifact(definition: dict[str, Any], artifact: Path) -> dict[str, Any]:
    """The definition with the collection from a file instead of its release, and so without git."""
    dependencies = {
        **definition["dependencies"],
        "galaxy": {"collections": [{"name": f"/build/files/{artifact.name}", "type": "file"}]},
    }
    files = [{"src": str(artifact), "dest": "files"}]
    others = {key: value for key, value in definition.items() if key != "additional_build_steps"}
    return {**others, "dependencies": dependencies, "additional_build_files": files}


def engine() -> str | None:
    """The container engine that is at work on this machine."""
    for name in ("podman", "docker"):
        if (program := shutil.which(name)) and not subprocess.run([program, "info"], capture_output=True).returncode:
            return name
    return None


def main() -> int:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    definition = with_artifact(yaml.safe_load(DEFINITION.read_text(encoding="utf-8")), build())
    written = FOLDER / "execution-environment.yml"
    written.write_text(yaml.safe_dump(definition, sort_keys=False), encoding="utf-8")
    given = ["--file", str(written), "--context", str(FOLDER / "context")]
    program = engine()
    if program is None:
        subprocess.run(["ansible-builder", "create", *given], cwd=FOLDER, check=True)
        print("Neither podman nor docker is at work here, so no image was built")
        return 0
    made = ["ansible-builder", "build", *given, "--tag", TAG, "--container-runtime", program]
    subprocess.run(made, cwd=FOLDER, check=True)
    # A number that has no name in the image, as OpenShift gives it, and a home that can't be written to.
    anybody = [program, "run", "--rm", "--user", "1234567:0", "--network", "none", "--env", "HOME=/"]
    for command in (["ansible-doc", "--list", NAME], ["python3.12", "-c", "import oci"]):
        subprocess.run([*anybody, TAG, *command], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
