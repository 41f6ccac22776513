# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from integration.support.harness import module_arguments

from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.connection import hide_secrets
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.module import Module, guesses
from ansible_collections.oci_keys.block_volume.plugins.modules import (
    backup_copy,
    key_assignment_plan,
    key_assignment_report,
    volume_kms_key,
)


@pytest.mark.parametrize(
    ("main", "given", "meant"),
    [
        (volume_kms_key.main, {"volumes_ids": [], "kms_key": "k"}, ["'volume_ids'", "'kms_key_id'"]),
        (backup_copy.main, {"backup_ids": [], "destination": "phx"}, ["'destination_region'"]),
        (key_assignment_plan.main, {"plan_file": "/p", "kms_keys_ids": {}}, ["'kms_key_ids'"]),
        (key_assignment_report.main, {"reportdir": "/p"}, ["'report_dir'"]),
    ],
)
def test_an_option_that_is_misspelt_is_guessed(
    capsys: pytest.CaptureFixture[str], main: Callable[[], None], given: dict[str, Any], meant: list[str]
) -> None:
    with module_arguments(given), pytest.raises(SystemExit):
        main()
    message = json.loads(capsys.readouterr().out)["msg"]
    for name in meant:
        assert f"is not an option; did you mean {name}?" in message
    assert message.partition("? ")[2]


def test_known_options_and_strange_ones_are_not_guessed() -> None:
    assert guesses(["volume_ids", "_ansible_check_mode", "zzz"], ["volume_ids", "volume_id"]) == []


@pytest.mark.parametrize("end", ["exit_json", "fail_json"])
def test_a_token_that_was_renewed_meanwhile_is_hidden_too(capsys: pytest.CaptureFixture[str], end: str) -> None:
    connection: Any = SimpleNamespace(secrets=("first-token",))
    with module_arguments({}):
        module = Module({})
        hide_secrets(module, connection)
        connection.secrets += ("renewed-token",)
        with pytest.raises(SystemExit):
            getattr(module, end)(msg="first-token, renewed-token and the rest")
    message = json.loads(capsys.readouterr().out)["msg"]
    assert message.endswith(" and the rest")
    assert "-token" not in message
