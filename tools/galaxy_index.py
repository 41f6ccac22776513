# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A file tree that ansible-galaxy takes for a Galaxy server, with one artifact in it, served on loopback."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

# The calls of version 3 of Galaxy's API that an installation makes.
_COLLECTIONS = "api/v3/collections"


def manifest_of(artifact: Path) -> bytes:
    """MANIFEST.json, which is what is signed: it has the checksums of all other files."""
    with tarfile.open(artifact) as archive:
        member = archive.extractfile("MANIFEST.json")
        if member is None:
            raise ValueError(f"{artifact.name} has no MANIFEST.json")
        return member.read()


def write_index(folder: Path, artifact: Path, signatures: list[str]) -> None:
    """Make the tree. ``signatures``: detached and armoured, of MANIFEST.json."""
    about = json.loads(manifest_of(artifact))["collection_info"]
    namespace, name, version = (str(about[key]) for key in ("namespace", "name", "version"))
    collection = f"{_COLLECTIONS}/{namespace}/{name}"
    (folder / "artifacts").mkdir(parents=True)
    shutil.copyfile(artifact, folder / "artifacts" / artifact.name)
    brief = {"version": version, "href": f"/{collection}/versions/{version}/"}
    pages: dict[str, Any] = {
        "api": {"available_versions": {"v3": "v3/"}},
        collection: {"namespace": namespace, "name": name, "deprecated": False, "highest_version": brief},
        f"{collection}/versions": {
            "meta": {"count": 1},
            "links": {"first": None, "previous": None, "next": None, "last": None},
            "data": [brief],
        },
        f"{collection}/versions/{version}": {
            **brief,
            "namespace": {"name": namespace},
            "collection": {"name": name},
            "download_url": f"/artifacts/{artifact.name}",
            "artifact": {
                "filename": artifact.name,
                "sha256": hashlib.sha256(artifact.read_bytes()).hexdigest(),
                "size": artifact.stat().st_size,
            },
            "metadata": {"dependencies": about["dependencies"]},
            "signatures": [{"signature": signature} for signature in signatures],
        },
    }
    for place, content in pages.items():
        page = folder / place / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(json.dumps(content), encoding="utf-8")


class _Files(SimpleHTTPRequestHandler):
    """Serves the files, and keeps quiet about it."""

    def guess_type(self, path: Any) -> str:
        return "application/gzip" if str(path).endswith(".gz") else "application/json"

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of the tree as ansible-galaxy is given it, as long as it is served."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/api/"
        finally:
            server.shutdown()
            thread.join()
