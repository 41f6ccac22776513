# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds links between files of the repository that lead nowhere, in Markdown and reStructuredText; without network.

Links into the repository on GitHub count as links to its files. References of Sphinx are checked by ``make docs``.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OWN = "https://github.com/oci-keys/oci_keys.block_volume/"

_CODE = re.compile(r"^(```.*?^```|    .*?$)", re.MULTILINE | re.DOTALL)
_MARKDOWN = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)", re.MULTILINE)
_RST = re.compile(r"<(https?://[^>]+)>`_")
_HEADING = re.compile(r"^#+ +(.+?)\s*$", re.MULTILINE)
_PLACE = re.compile(r'<a id="([^"]+)">')


def links(path: Path) -> Iterator[str]:
    """What a file links to, leaving out what it shows as code."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".rst":
        yield from _RST.findall(text)
    else:
        for inline, reference in _MARKDOWN.findall(_CODE.sub("", text)):
            yield inline or reference


def places(path: Path) -> set[str]:
    """The fragments that a Markdown file can be linked to with, as GitHub names its headings."""
    text = path.read_text(encoding="utf-8")
    headings = (re.sub(r"[`*\\]", "", heading).lower() for heading in _HEADING.findall(_CODE.sub("", text)))
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in headings} | set(_PLACE.findall(text))


def fault(source: Path, link: str, root: Path = ROOT) -> str | None:
    """What is wrong with a link, or None. Those to elsewhere are never wrong."""
    place, _, fragment = link.partition("#")
    if link.startswith(OWN):
        kind, _, rest = place.removeprefix(OWN).partition("/")
        if kind not in ("blob", "tree"):
            return None
        target = root / rest.partition("/")[2]
    elif re.match(r"[a-z]+:", link):
        return None
    else:
        target = source.parent / place if place else source
    if not target.exists():
        return f"{link}: there is no such file"
    if fragment and target.suffix == ".md" and fragment not in places(target):
        return f"{link}: it has no such heading"
    return None


def main() -> int:
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "*.md", "*.rst"]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    sources = [ROOT / name for name in sorted(set(filter(None, names.split("\0")))) if (ROOT / name).is_file()]
    found = [(source, link) for source in sources for link in links(source)]
    faults = [f"{source.relative_to(ROOT)}: {said}" for source, link in found if (said := fault(source, link))]
    print(*faults or [f"{len(found)} links of {len(sources)} files are in order"], sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
