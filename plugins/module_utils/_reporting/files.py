# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of a report: JSON, CSV, HTML, and the manifest of the folder that they are in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .._common.files import write_private, write_private_text

MANIFEST = "manifest.json"
MANIFEST_FORMAT = "oci_keys.block_volume/manifest"
MANIFEST_VERSION = 1

_BLOCK = 1024 * 1024


def write_report(folder: Path, texts: Mapping[str, str], run_id: str | None) -> dict[str, Path]:
    """Write ``report.<kind>`` for each kind of text, and the manifest. Returns the paths by kind. Raises OSError."""
    paths = {kind: folder / f"report.{kind}" for kind in texts}
    for kind, path in paths.items():
        write_private_text(path, texts[kind])
    paths["manifest"] = folder / MANIFEST
    write_private(paths["manifest"], manifest(folder, run_id))
    return paths


def manifest(folder: Path, run_id: str | None) -> dict[str, Any]:
    """The SHA-256 of each file in the folder of a run, except of the manifest itself. Raises OSError."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.is_symlink())
    return {
        "format": MANIFEST_FORMAT,
        "version": MANIFEST_VERSION,
        "run_id": run_id,
        "files": [
            {"name": path.name, "size": path.stat().st_size, "sha256": _sha256(path)}
            for path in files
            if path.name != MANIFEST and not path.name.startswith(".")
        ],
    }


def _sha256(path: Path) -> str:
    made = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(_BLOCK), b""):
            made.update(block)
    return made.hexdigest()
