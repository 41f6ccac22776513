# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `make generate` writes is what is committed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.oci_keys.block_volume.plugins.module_utils._roles.variables import role_variables
from tools import generate

BLOCKS = yaml.safe_load((generate.ROOT / "tools" / "return_values.yml").read_text())
FILES = dict(generate.generated())
MODULES = [path for path in FILES if path.suffix == ".py"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(generate.ROOT)))
def test_the_committed_file_is_the_generated_one(path: Path) -> None:
    assert path.read_text() == FILES[path], "run `make generate`"


def test_every_block_is_used_by_more_than_one_module() -> None:
    used = [match["name"] for path in MODULES for match in generate._BLOCK.finditer(path.read_text())]
    assert set(used) == set(BLOCKS)
    assert all(used.count(name) > 1 for name in BLOCKS)


def test_every_marker_is_that_of_a_block() -> None:
    for path in MODULES:
        text = path.read_text()
        markers = re.findall(r"# (?:shared: |end of )", text)
        assert len(markers) == 2 * len(generate._BLOCK.findall(text)), path.name


def test_a_block_is_indented_and_names_what_the_module_changes() -> None:
    text = "    # shared: one (volume)\n    anything: else\n    # end of one\n"
    filled = generate.with_return_values(text, {"one": "id:\n  description: Its {noun}.\n"})
    assert filled.splitlines()[1:3] == ["    id:", "      description: Its volume."]
    assert generate.with_return_values(filled, {"one": "id:\n  description: Its {noun}.\n"}) == filled


def test_markup_in_readmes() -> None:
    assert (
        generate._as_markdown("O(a_state=absent), V(b), C(c d) and E(HOME)")
        == "`a_state: absent`, `b`, `c d` and `HOME`"
    )


@pytest.mark.parametrize("role", generate.ENTRY_POINTS)
class TestArgumentSpecs:
    def test_every_variable_is_described(self, role: str) -> None:
        for prefix in generate.ENTRY_POINTS[role].values():
            for name, variable in role_variables(prefix).items():
                text = " ".join(variable.description)
                assert text.endswith("."), name

    @pytest.mark.parametrize("blank", ["", " ", None])
    def test_ansible_accepts_blanks_and_text(self, role: str, blank: str | None) -> None:
        """A survey of AWX sends text, and a blank for what was not answered."""
        specs = yaml.safe_load((generate.ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text())
        for entry_point in specs["argument_specs"].values():
            for value in (blank, "text", "7", [1], {"a": "b"}, True):
                given = dict.fromkeys(entry_point["options"], value)
                assert not ArgumentSpecValidator(entry_point["options"]).validate(given).error_messages

    def test_a_readme_has_every_variable(self, role: str) -> None:
        readme = (generate.ROOT / "roles" / role / "README.md").read_text()
        prefix = generate.ENTRY_POINTS[role]["main"]
        assert all(f"| `{prefix}_{name}` |" in readme for name in role_variables(prefix))
