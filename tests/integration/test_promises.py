# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guide to what is promised names the tests that prove it, and what is broken on purpose is there to be broken."""

from __future__ import annotations

import re

import pytest
import yaml
from integration.support.named_tests import ROOT, are_there, names_of_tests

GUIDE = (ROOT / "docs" / "docsite" / "rst" / "guide_promises.rst").read_text()
_ROW = re.compile(r"^  \* - (.+?)\n    - (.+?)(?=\n  \* - |\n\n|\n?\Z)", re.MULTILINE | re.DOTALL)
ROWS = [row for row in _ROW.findall(GUIDE) if row[0] != "Promise"]
MUTATIONS = yaml.safe_load((ROOT / "tools" / "mutations.yml").read_text())


def test_every_row_is_looked_at() -> None:
    assert GUIDE.count("::test_") == sum(proof.count("::test_") for _promise, proof in ROWS)
    assert len(ROWS) > 20


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:60])
def test_what_proves_a_promise_is_there(row: tuple[str, str]) -> None:
    are_there(row[1], "``")


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation["promise"])
def test_what_is_broken_on_purpose_is_there_once_and_so_is_its_test(mutation: dict[str, str]) -> None:
    assert (ROOT / mutation["file"]).read_text().count(mutation["text"]) == 1
    path, *names = mutation["test"].split("::")
    assert not names or names[-1] in names_of_tests(path)
