# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builds the collection into .cache/dist, and checks that the artifact holds what users need, and nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / ".cache" / "dist"
# Nearly all of it are plugins. What new volumes are born with (read, reported, advised on, changed) took it past
# 600 kB.
MAX_SIZE = 640_000

REQUIRED = {
    "CHANGELOG.md",
    "FILES.json",
    "LICENSE",
    "MANIFEST.json",
    "README.md",
    "changelogs/changelog.yaml",
    "meta/execution-environment.yml",
    "meta/runtime.yml",
    "requirements.txt",
}
# Galaxy lints what it imports, by our own settings.
ALLOWED_ELSEWHERE = (".ansible-lint", "changelogs/config.yaml")
ALLOWED_FOLDERS = ("docs/", "extensions/awx/", "extensions/eda/", "meta/", "playbooks/", "plugins/", "roles/")
SHIPPED_FOLDERS = ("playbooks", "plugins", "roles")


def build() -> Path:
    shutil.rmtree(DIST, ignore_errors=True)
    command = ["ansible-galaxy", "collection", "build", "--output-path", str(DIST), str(ROOT)]
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    (artifact,) = DIST.glob("*.tar.gz")
    return artifact


def tracked_files() -> set[str]:
    command = ["git", "ls-files", "-z", *SHIPPED_FOLDERS]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return {name for name in names.split("\0") if name and (ROOT / name).is_file()}


def faults_of(artifact: Path) -> list[str]:
    with tarfile.open(artifact) as archive:
        files = {member.name for member in archive if not member.isdir()}
        links = {member.name for member in archive if member.issym() or member.islnk()}
    unwanted = {
        name for name in files - REQUIRED if not name.startswith(ALLOWED_FOLDERS) and name not in ALLOWED_ELSEWHERE
    }
    faults = [f"{name} does not belong in it" for name in sorted(unwanted | links)]
    faults += [f"{name} is missing" for name in sorted((REQUIRED | tracked_files()) - files)]
    if artifact.stat().st_size > MAX_SIZE:
        faults.append(f"it has {artifact.stat().st_size} bytes, more than {MAX_SIZE}")
    return faults


def main() -> int:
    artifact = build()
    faults = faults_of(artifact)
    print(f"{artifact.relative_to(ROOT)}: {artifact.stat().st_size // 1000} KB", *faults, sep="\n  ")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
