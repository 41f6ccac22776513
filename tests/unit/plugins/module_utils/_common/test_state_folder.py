# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import NoReturn

import pytest

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common import state_folder as _state_folder
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.state_folder import expanded, state_folder
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.journal import (
    default_journal_path,
    known_default_journal,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.options import writable_file
from ansible_collections.oci_keys.block_volume.plugins.module_utils._roles.read import read_role


@pytest.fixture
def unknown_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A container that runs as any user id. Its working directory is where nothing may appear."""

    def fail(_uid: object) -> NoReturn:
        raise KeyError("getpwuid(): uid not found: 1000660000")

    monkeypatch.setattr(pwd, "getpwuid", fail)
    monkeypatch.setattr(pwd, "getpwnam", fail)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("environment", [{}, {"HOME": ""}, {"HOME": " "}, {"XDG_STATE_HOME": "", "HOME": ""}])
def test_an_unknown_user_has_no_state_folder(unknown_user: Path, environment: dict[str, str]) -> None:
    with pytest.raises(InputError, match=r"HOME is not set.*user id.*Give 'journal'"):
        default_journal_path(environment)
    assert known_default_journal(environment) is None
    _values, problems = read_role("rekey", {}, environment=environment)
    assert [problem for problem in problems if "HOME is not set" in problem and "rekey_report_dir" in problem]
    assert list(unknown_user.iterdir()) == []


@pytest.mark.parametrize("role", ["rekey", "backup_policy", "restore_keys", "copy_backups", "encryption_report"])
def test_no_role_needs_one_whose_report_folder_is_given(unknown_user: Path, role: str) -> None:
    name = "dir" if role == "encryption_report" else "report_dir"
    values, problems = read_role(role, {f"{role}_{name}": "/srv/reports"}, environment={})
    assert values[name] == "/srv/reports"
    assert not [problem for problem in problems if "HOME" in problem]
    _values, problems = read_role(role, {f"{role}_{name}": "~/reports"}, environment={})
    assert [problem for problem in problems if "names a home folder that is not known" in problem]


@pytest.mark.parametrize("path", ["~/a.json", "~nobody-of-this-name/a.json"])
def test_no_folder_is_called_tilde(unknown_user: Path, path: str) -> None:
    with pytest.raises(InputError, match="names a home folder that is not known"):
        expanded(path)
    with pytest.raises(InputError, match="names a home folder that is not known"):
        writable_file("result_file", path)


@pytest.mark.parametrize("name", ["HOME", "XDG_STATE_HOME"])
@pytest.mark.parametrize("value", ["state", "~", "./x"])
def test_a_relative_one_is_none(name: str, value: str) -> None:
    with pytest.raises(InputError, match=f"{name} is .*not an absolute path"):
        state_folder({name: value})


def test_it_is_known_before_anything_is_read_that_it_cant_be_created(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="can't be created"):
        state_folder({"HOME": str(tmp_path / "file")})
    monkeypatch.setattr(_state_folder.os, "access", lambda path, _mode: not tmp_path.is_relative_to(path))
    with pytest.raises(InputError, match="can't be written"):
        state_folder({"XDG_STATE_HOME": str(tmp_path / "new" / "deep")})


def test_the_home_folder_of_the_system_counts_where_the_environment_has_none() -> None:
    home = pwd.getpwuid(os.getuid()).pw_dir
    assert state_folder({}) == Path(home) / ".local/state/oci_keys.block_volume"
