# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.files import (
    write_private,
    write_private_text,
)


def test_only_the_owner_can_read_it_even_where_others_could_before(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    file.write_text("old")
    file.chmod(0o644)

    write_private(file, {"a": "\u00e9"})

    assert json.loads(file.read_text()) == {"a": "\u00e9"}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_lines_end_as_they_say(tmp_path: Path) -> None:
    write_private_text(tmp_path / "table.csv", "a,b\r\nc\n")
    assert (tmp_path / "table.csv").read_bytes() == b"a,b\r\nc\n"


def test_a_failure_leaves_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text("old")

    with pytest.raises(UnicodeEncodeError):
        write_private_text(file, "new \ud800")

    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert file.read_text() == "old"
