# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.oci_keys.block_volume.plugins.filter import terminal_lines as file

terminal_lines = file.FilterModule().filters()["terminal_lines"]
PATH = "/var/reports/" + "a" * 70


def test_lines_fit_the_terminal_and_paths_stay_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    failed = f"2 resources failed:\n  db-1: {'It is locked. ' * 5}"
    lines = terminal_lines([failed, f"Nothing changed. The report: {PATH}"])
    assert lines[:2] == ["2 resources failed:", "  db-1: It is locked. It is locked. It is locked."]
    assert all(len(line) <= 49 for line in lines if PATH not in line)
    assert lines[-1] == f"  {PATH}"


def test_without_a_terminal_each_sentence_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr(file, "TERMINAL_WIDTH", None)
    assert terminal_lines(["a " * 200, "b"]) == ["a " * 200, "b"]
    assert terminal_lines(["only"]) == "only"
