# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which version a release may have, and where it is written. The rest is rehearsed: integration/test_release.py."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tools import release
from tools.release import NAMING, ReleaseError, objection, parse, sections_of, smallest_next, write_version

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("text", ["", "1", "1.2", "01.2.3", "1.2.3-rc1", "1.2.3 ", "v1.2.3"])
def test_a_version_has_three_numbers(text: str) -> None:
    with pytest.raises(ReleaseError, match="no version of three numbers"):
        parse(text)


@pytest.mark.parametrize(
    ("latest", "sections", "following"),
    [
        ((0, 1, 0), {"bugfixes"}, (0, 1, 1)),
        ((0, 1, 0), {"bugfixes", "minor_changes"}, (0, 2, 0)),
        ((0, 1, 3), {"breaking_changes"}, (0, 2, 0)),
        ((1, 1, 3), {"deprecated_features"}, (1, 2, 0)),
        ((1, 1, 3), {"removed_features", "bugfixes"}, (2, 0, 0)),
        ((1, 1, 3), {"security_fixes"}, (1, 1, 4)),
    ],
)
def test_what_has_changed_makes_the_version(
    latest: release.Version, sections: set[str], following: release.Version
) -> None:
    assert smallest_next(latest, sections) == following
    assert objection(following, [latest], sections) is None
    smaller = (following[0], following[1], following[2] - 1) if following[2] else latest
    assert objection(smaller, [latest], sections)


def test_the_first_release_is_the_one_that_is_in_the_changelog() -> None:
    assert objection((0, 1, 0), [], {"bugfixes"}) is None
    assert objection((0, 2, 0), [], {"minor_changes"}) == "The first release is 0.1.0"


def test_nothing_is_released_twice_or_without_a_change() -> None:
    assert "already" in str(objection((0, 1, 0), [(0, 1, 0)], {"bugfixes"}))
    assert "nothing to release" in str(objection((0, 1, 1), [(0, 1, 0)], set()))


def test_sections_are_those_of_all_fragments(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("bugfixes: [one]\n")
    (tmp_path / "b.yaml").write_text("minor_changes: [two]\n")
    (tmp_path / ".keep").touch()
    assert sections_of(tmp_path) == {"bugfixes", "minor_changes"}


def _copies(folder: Path) -> None:
    for name in NAMING:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)


def test_the_version_is_written_wherever_it_is_named(tmp_path: Path) -> None:
    _copies(tmp_path)
    write_version("9.8.7", tmp_path)
    for name in NAMING:
        text = (tmp_path / name).read_text()
        assert "9.8.7" in text
        assert len(text.splitlines()) == len((ROOT / name).read_text().splitlines())
    assert "9.8.7" in (tmp_path / "galaxy.yml").read_text().splitlines()[3]


def test_a_file_that_names_it_no_more_is_told(tmp_path: Path) -> None:
    _copies(tmp_path)
    (tmp_path / "README.md").write_text("# Nothing\n")
    with pytest.raises(ReleaseError, match=r"README\.md names no version"):
        write_version("9.8.7", tmp_path)


def test_notes_are_of_one_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = '<a id="v0-2-0"></a>\n## v0\\.2\\.0\n\nNew\\.\n\n<a id="v0-1-0"></a>\n## v0\\.1\\.0\n\nOld\\.\n'
    (tmp_path / "CHANGELOG.md").write_text(text)
    monkeypatch.setattr(release, "ROOT", tmp_path)
    assert release.notes_of("0.2.0") == "New\\.\n"
    assert release.notes_of("0.1.0") == "Old\\.\n"
    with pytest.raises(ReleaseError, match=r"nothing about 0\.3\.0"):
        release.notes_of("0.3.0")
