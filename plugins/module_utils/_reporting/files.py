# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of a report: its own format, those of others, and the manifest of the folder that they are in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .._common.errors import InputError
from .._common.files import write_private, write_private_text
from .._common.ssh_signatures import SIGNATURE_SUFFIX
from .._documents.json_reader import read_json
from .._documents.own_files import foreign_reason
from .._documents.report_file import FORMAT as REPORT_FORMAT
from .._documents.report_summary import SUMMARY, SUMMARY_FORMAT

MANIFEST = "manifest.json"
MANIFEST_FORMAT = "oci_keys.block_volume/manifest"
MANIFEST_VERSION = 1

REPORT = "report.json"
_NAMES = {
    "json": REPORT,
    "csv": "report.csv",
    "html": "report.html",
    "ocsf": "findings.ocsf.json",
    "metrics": "metrics.prom",
    "summary": SUMMARY,
    "terraform": "terraform.csv",
    "new_volumes": "new_volumes.csv",
    "manifest": MANIFEST,
}
_FORMATS = {REPORT: REPORT_FORMAT, SUMMARY: SUMMARY_FORMAT, MANIFEST: MANIFEST_FORMAT}

_BLOCK = 1024 * 1024


def report_paths(folder: Path, kinds: Iterable[str]) -> dict[str, Path]:
    """The files of a report by kind, and its manifest."""
    return {kind: folder / _NAMES[kind] for kind in (*kinds, "manifest")}


def foreign_report_reason(path: Path) -> str | None:
    """Why a file of a report must not be replaced; None if it may be, or if there is none. Raises OSError.

    A table, a page and the formats of others have no format of ours in them, so they are known by the manifest beside
    them, which marks what was written. It lists other files too.
    """
    if path.name in _FORMATS:
        return foreign_reason(path, _FORMATS[path.name])
    is_plain_file = path.is_file() and not path.is_symlink() and path.stat().st_size > 0
    return None if is_plain_file and path.name in _written(path.with_name(MANIFEST)) else foreign_reason(path, "")


def _written(path: Path) -> dict[str, str]:
    """The files that a manifest marks as written, with their SHA-256; none where it is not one of ours."""
    if not path.exists() or foreign_reason(path, MANIFEST_FORMAT) is not None:
        return {}
    try:
        return {
            row.get("name").text(): row.get("sha256").text()
            for row in read_json(path).get("files").items()
            if row.get("written").flag_or_none()
        }
    except InputError:
        return {}


def write_report(folder: Path, texts: Mapping[str, str], run_id: str | None) -> dict[str, Path]:
    """Write the file of each kind of text, and the manifest. Returns the paths by kind. Raises OSError."""
    paths = report_paths(folder, texts)
    before = _written(paths["manifest"])
    for kind, text in texts.items():
        write_private_text(paths[kind], text)
    content = manifest(folder, run_id)
    names = {path.name for path in paths.values()}
    for row in content["files"]:
        row["written"] = row["name"] in names or before.get(row["name"]) == row["sha256"]
    write_private(paths["manifest"], content)
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
            if path.name not in (MANIFEST, MANIFEST + SIGNATURE_SUFFIX) and not path.name.startswith(".")
        ],
    }


def _sha256(path: Path) -> str:
    made = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(_BLOCK), b""):
            made.update(block)
    return made.hexdigest()
