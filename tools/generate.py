# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes the documentation that is the same in several places, from its one definition.

* Return values that modules share: tools/return_values.yml, into RETURN of each of them
* Role variables: plugins/module_utils/_roles/variables.py, into the argument specs, the defaults and the READMEs

A unit test checks that what is committed is what this makes.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent

_BLOCK = re.compile(
    r"^(?P<indent> *)# shared: (?P<name>\w+) \((?P<noun>[\w ]+)\)\n.*?^ *# end of (?P=name)\n", re.MULTILINE | re.DOTALL
)


def generated() -> Iterator[tuple[Path, str]]:
    """Each file with generated text, and what it should be."""
    yield from _modules()


def _modules() -> Iterator[tuple[Path, str]]:
    blocks = yaml.safe_load((ROOT / "tools" / "return_values.yml").read_text(encoding="utf-8"))
    for path in sorted((ROOT / "plugins" / "modules").glob("*.py")):
        yield path, with_return_values(path.read_text(encoding="utf-8"), blocks)


def with_return_values(text: str, blocks: dict[str, str]) -> str:
    """The text of a module with its shared blocks filled in. Raises KeyError for a block that is not defined."""

    def fill(match: re.Match[str]) -> str:
        indent, name, noun = match["indent"], match["name"], match["noun"]
        lines = blocks[name].replace("{noun}", noun).splitlines()
        block = [f"# shared: {name} ({noun})", *lines, f"# end of {name}"]
        return "".join(f"{indent}{line}\n" for line in block)

    return _BLOCK.sub(fill, text)


def main() -> int:
    for path, text in generated():
        if path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
