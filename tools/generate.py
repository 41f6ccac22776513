# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes the documentation that stands in several places, from its one definition.

* Return values that modules share: tools/return_values.yml, into RETURN of each of these modules
* Role variables: plugins/module_utils/_roles/variables.py, into argument specs, defaults and READMEs of the roles
* Resource types: plugins/module_utils/_model/resource_types.py, into the schema of reports

A unit test checks that the committed files are what this writes.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.text import either
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.resource_types import RESOURCE_TYPES
from ansible_collections.oci_keys.block_volume.plugins.module_utils._roles.values import Variable
from ansible_collections.oci_keys.block_volume.plugins.module_utils._roles.variables import role_variables

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = ROOT / "roles" / "encryption_report" / "files" / "report.schema.json"

ENTRY_POINTS = {
    "rekey": {"main": "rekey", "restore": "restore_keys"},
    "backup_policy": {"main": "backup_policy"},
    "encryption_report": {"main": "encryption_report", "merge": "encryption_report"},
}
"""The prefix of the variables of each entry point, by role."""

_SOURCE = "# `make generate` writes the {} from plugins/module_utils/_roles/variables.py.\n"
_BLOCK = re.compile(
    r"^(?P<indent> *)# shared: (?P<name>\w+) \((?P<noun>[\w ]+)\)\n.*?^ *# end of (?P=name)\n", re.MULTILINE | re.DOTALL
)
_TABLE = re.compile(r"<!-- variables of (?P<prefix>\w+) -->\n.*?<!-- end -->\n", re.DOTALL)


def generated() -> Iterator[tuple[Path, str]]:
    """Each file with generated text, and its content."""
    blocks = yaml.safe_load((ROOT / "tools" / "return_values.yml").read_text(encoding="utf-8"))
    for module in sorted((ROOT / "plugins" / "modules").glob("*.py")):
        yield module, with_return_values(module.read_text(encoding="utf-8"), blocks)
    for role, entry_points in ENTRY_POINTS.items():
        specs, readme = (ROOT / "roles" / role / name for name in ("meta/argument_specs.yml", "README.md"))
        yield specs, with_options(specs.read_text(encoding="utf-8"), entry_points)
        yield ROOT / "roles" / role / "defaults" / "main.yml", defaults(role)
        yield readme, with_tables(readme.read_text(encoding="utf-8"))
    yield SCHEMA, with_types(SCHEMA.read_text(encoding="utf-8"), RESOURCE_TYPES.reported.names)


def with_return_values(text: str, blocks: Mapping[str, str]) -> str:
    """The text of a module with its shared return values filled in. Raises KeyError for a block that is not defined."""

    def fill(match: re.Match[str]) -> str:
        indent, name, noun = match["indent"], match["name"], match["noun"]
        lines = blocks[name].replace("{noun}", noun).splitlines()
        block = [f"# shared: {name} ({noun})", *lines, f"# end of {name}"]
        return "".join(f"{indent}{line}\n" for line in block)

    return _BLOCK.sub(fill, text)


def with_options(text: str, entry_points: Mapping[str, str]) -> str:
    """The argument specs of a role, with the options of its entry points filled in."""
    content = yaml.safe_load(text)
    for name, prefix in entry_points.items():
        content["argument_specs"][name]["options"] = {
            f"{prefix}_{variable}": _option(prefix, declared) for variable, declared in role_variables(prefix).items()
        }
    return "---\n" + _SOURCE.format("options") + _dumped(content)


def _option(prefix: str, variable: Variable) -> dict[str, Any]:
    option: dict[str, Any] = {"type": variable.type}
    if variable.default is not None:
        option["default"] = variable.default
    return {**option, "description": [line.replace("{role}", prefix) for line in variable.description]}


def defaults(role: str) -> str:
    """The file of a role's defaults. A variable without one is null, which counts as not set, as a blank does."""
    content = {f"{role}_{name}": variable.default for name, variable in role_variables(role).items()}
    return "---\n" + _SOURCE.format("defaults") + _dumped(content)


def with_tables(text: str) -> str:
    """The text of a README, with its tables of variables filled in."""
    return _TABLE.sub(lambda match: _table(match["prefix"]), text)


def with_types(text: str, names: Sequence[str]) -> str:
    """The text of a schema in which each property ``type`` that is described is one of these resource types."""
    content = json.loads(text)
    for properties in _properties(content):
        if "description" in properties.get("type", {}):
            properties["type"] = {"type": "string", "enum": list(names), "description": f"{either(names)}."}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _properties(node: Any) -> Iterator[dict[str, Any]]:
    """The ``properties`` of a schema and of all that is in it."""
    if isinstance(node, list):
        for item in node:
            yield from _properties(item)
    elif isinstance(node, dict):
        for name, value in node.items():
            if name == "properties":
                yield value
            yield from _properties(value)


def _table(prefix: str) -> str:
    lines = [f"<!-- variables of {prefix} -->", "| variable | default | |", "|---|---|---|"]
    for name, variable in role_variables(prefix).items():
        description = _as_markdown(" ".join(variable.description).replace("{role}", prefix))
        lines.append(f"| `{prefix}_{name}` | {_default_as_markdown(variable.default)} | {description} |")
    return "".join(f"{line}\n" for line in [*lines, "<!-- end -->"])


def _default_as_markdown(default: Any) -> str:
    if default is None:
        return ""
    items = default if isinstance(default, list) else [str(default).lower()]
    return ", ".join(f"`{item}`" for item in items)


def _as_markdown(text: str) -> str:
    """Text with Ansible's markup in Markdown: O(rekey_state=absent) is `rekey_state: absent`."""
    text = re.sub(r"\bO\((\w+)=(\w+)\)", r"`\1: \2`", text)
    return re.sub(r"\b[OVCE]\(([^)]*)\)", r"`\1`", text)


class _Dumper(yaml.SafeDumper):
    """Indents the items of lists, as ansible-lint asks for, and repeats what is used twice."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _dumped(content: Any) -> str:
    return str(yaml.dump(content, Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True))


def main() -> int:
    for path, text in generated():
        if path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
