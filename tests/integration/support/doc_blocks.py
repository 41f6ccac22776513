# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the documentation shows as code, and how its placeholders come to stand for resources of a fleet."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from simulator.client import Simulator

ROOT = Path(__file__).parents[3]
GUIDES = sorted((ROOT / "docs" / "docsite" / "rst").glob("*.rst"))
READMES = [ROOT / "README.md", *sorted(ROOT.glob("roles/*/README.md"))]
PLUGINS = sorted(
    path for kind in ("modules", "inventory", "test", "filter") for path in (ROOT / "plugins" / kind).glob("*.py")
)

# ocid1.volume.oc1.iad.<unique ID>, ocid1.key.oc1.iad.examplevault.exampleuniqueid
_PLACEHOLDER = re.compile(r"ocid1\.([a-z]+)\.oc1\.([a-z]*)((?:\.(?:<[^<>\n]*>|example[a-z0-9]+))+)")
_DIRECTIVE = re.compile(r"^( *)\.\. code-block:: (\S+)\n((?:\1 +:.*\n)*)\n((?:\1 +.*\n|\n)+)", re.MULTILINE)
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?:^    \S.*\n)+", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A piece of code in ``path``. ``caption`` is the name of the file that the reader is to make of it."""

    path: Path
    language: str
    text: str
    caption: str | None = None

    @property
    def place(self) -> str:
        return f"{self.path.relative_to(ROOT)}: {self.text.strip().splitlines()[0]}"

    @property
    def is_yaml(self) -> bool:
        return self.language in ("yaml", "yaml+jinja")

    @property
    def commands(self) -> list[str]:
        return [line.strip() for line in self.text.splitlines() if line.strip()] if self.language == "shell" else []

    @property
    def content(self) -> Any:
        return yaml.safe_load(self.text)

    @property
    def is_tasks(self) -> bool:
        """Whether it is a list of tasks; each of ours has a name, which rules of Prometheus, for one, don't have."""
        content = self.content if self.is_yaml else None
        return isinstance(content, list) and all("name" in row and "hosts" not in row for row in content)

    @property
    def is_playbook(self) -> bool:
        return self.is_yaml and isinstance(self.content, list) and "hosts" in self.content[0]


def blocks_of(path: Path) -> list[Block]:
    """The code of a guide or README, in the order in which a reader comes to it."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".rst":
        return [_directive(path, *match.groups()[1:]) for match in _DIRECTIVE.finditer(text)]
    found = [(match.start(), Block(path, match[1], match[2])) for match in _FENCE.finditer(text)]
    fenced = [(match.start(), match.end()) for match in _FENCE.finditer(text)]
    for match in _INDENTED.finditer(text):
        if not any(begin <= match.start() < end for begin, end in fenced):
            language = "text" if match[0].lstrip().startswith("Allow ") else "shell"
            found.append((match.start(), Block(path, language, textwrap.dedent(match[0]))))
    return [block for _place, block in sorted(found, key=lambda row: row[0])]


def _directive(path: Path, language: str, options: str, body: str) -> Block:
    caption = re.search(r":caption: (\S+)", options)
    return Block(path, language, textwrap.dedent(body).strip() + "\n", caption[1] if caption else None)


def examples_of(path: Path) -> list[Block]:
    """The EXAMPLES of a plugin: one block, or several where they are several YAML documents."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "EXAMPLES":
            text = str(ast.literal_eval(node.value))
            return [Block(path, "yaml", part) for part in re.split(r"^---\n", text, flags=re.MULTILINE)]
    return []


class Substitution:
    """Puts the fleet's resources in the place of placeholders.

    The rule: a placeholder that names a type and a region stands for a resource of this type and region, the first
    one for the first, another one for the second, and so on; one that names no region, for one of any region.
    """

    def __init__(self, simulator: Simulator, folder: Path) -> None:
        self._folder = folder
        self._known: dict[tuple[str, str, str], str] = {}
        self._candidates: dict[tuple[str, str], list[str]] = {}
        # What Oracle defines, such as the policies bronze, silver and gold, is in no compartment.
        rows = [row["id"] for row in simulator.resources() if row.get("compartmentId")]
        for resource_id in [*rows, simulator.id("root")]:
            _ocid, kind, _realm, region, *_rest = resource_id.split(".")
            for place in dict.fromkeys((region, "")):
                self._candidates.setdefault((kind, place), []).append(resource_id)

    def __call__(self, text: str) -> str:
        text = _PLACEHOLDER.sub(lambda match: self.stand_in(*match.groups()), text)
        for path in set(re.findall(r"(?<![\w.~])/var/[\w./-]*[\w-]", text)):
            Path(f"{self._folder}{path}").parent.mkdir(parents=True, exist_ok=True)
        return re.sub(r"(?<![\w.~])/var/", f"{self._folder}/var/", text)

    def stand_in(self, kind: str, region: str, rest: str) -> str:
        name = (kind, region, rest)
        if name not in self._known:
            taken = sum(known[:2] == name[:2] for known in self._known)
            candidates = self._candidates.get((kind, region), [])
            assert taken < len(candidates), f"the fleet has {len(candidates)} of {kind} in {region or 'any region'}"
            self._known[name] = candidates[taken]
        return self._known[name]


def with_placeholders(blocks: Iterable[Block]) -> list[str]:
    """Everything in these blocks that looks like an OCID, or is meant to, and is no placeholder by the rule."""
    odd = []
    for block in blocks:
        left = _PLACEHOLDER.sub("", block.text)
        odd += [f"{block.place}: {word}" for word in re.findall(r"ocid1\S*", left)]
    return odd


def named(reasons: Sequence[tuple[str, str]], place: str) -> str | None:
    """Why a block or command is not executed: the reason that stands beside a part of it."""
    return next((reason for part, reason in reasons if part in place), None)
