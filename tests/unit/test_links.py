# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The check of links between files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.links import OWN, fault, links


@pytest.fixture
def page(tmp_path: Path) -> Path:
    (tmp_path / "other.md").write_text("# Other\n\n## What `it` is, and isn't\n")
    path = tmp_path / "page.md"
    path.write_text("[a](other.md) and [b](https://example.com)\n\n    [shown](nowhere.md)\n\n[c]: gone.md\n")
    return path


def test_links_are_found_but_not_in_code(page: Path) -> None:
    assert list(links(page)) == ["other.md", "https://example.com", "gone.md"]


@pytest.mark.parametrize("link", ["other.md", "other.md#what-it-is-and-isnt", "https://example.com/x", f"{OWN}issues"])
def test_what_is_there_is_in_order(page: Path, link: str) -> None:
    assert fault(page, link, page.parent) is None


@pytest.mark.parametrize("link", ["gone.md", "other.md#elsewhere", f"{OWN}blob/main/gone.md", "#no-heading-here"])
def test_what_is_not_is_told(page: Path, link: str) -> None:
    assert fault(page, link, page.parent)


def test_a_link_into_the_repository_is_one_to_its_file(page: Path) -> None:
    assert fault(page, f"{OWN}blob/main/other.md", page.parent) is None
