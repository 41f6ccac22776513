# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builds the documentation as a site into .cache/docs/build/html, with any warning an error; without network too."""

from __future__ import annotations

import subprocess
import sys
import zlib
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / ".cache" / "docs"
COLLECTION = "oci_keys.block_volume"

# What our pages refer to in those of others, whose inventories Sphinx asks the network for; these stand in for them.
ELSEWHERE: dict[str, tuple[str, ...]] = {
    "ansible_devel": (
        "action_plugins std:label -1 plugins/action.html Action plugins",
        "ansible_configuration_settings std:label -1 reference_appendices/config.html Configuration settings",
        "common_return_values std:label -1 reference_appendices/common_return_values.html Return values",
        *(
            f"ANSIBLE_CACHE_PLUGIN{name} std:envvar 1 reference_appendices/config.html#envvar-$ -"
            for name in ("", "_CONNECTION", "_PREFIX", "_TIMEOUT")
        ),
    ),
    "jinja2": (),
    "python2": (),
    "python3": (),
}


def write_inventory(path: Path, project: str, lines: Iterable[str]) -> None:
    """Version 2 of Sphinx's format: name, type, priority, place and title of each thing that can be referred to."""
    head = (
        f"# Sphinx inventory version 2\n# Project: {project}\n# Version: \n# The remainder is compressed using zlib.\n"
    )
    body = "".join(f"{line}\n" for line in lines)
    path.write_bytes(head.encode() + zlib.compress(body.encode()))


def main() -> int:
    SITE.mkdir(parents=True, exist_ok=True)
    init = ["antsibull-docs", "sphinx-init", "--use-current", "--squash-hierarchy", "--fail-on-error"]
    init += ["--dest-dir", str(SITE), "--project", COLLECTION, "--title", COLLECTION, COLLECTION]
    subprocess.run(init, check=True, stdout=subprocess.DEVNULL)
    for project, lines in ELSEWHERE.items():
        write_inventory(SITE / f"{project}.inv", project, lines)
    built = subprocess.run(["bash", "build.sh"], cwd=SITE, check=False, stdout=subprocess.PIPE, text=True)
    if built.returncode:
        print(built.stdout)
    else:
        print(f"It begins in {(SITE / 'build' / 'html' / 'index.html').relative_to(ROOT)}")
    return built.returncode


if __name__ == "__main__":
    sys.exit(main())
