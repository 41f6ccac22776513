# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.values import is_blank, parse_boolean


@pytest.mark.parametrize("value", [None, "", " ", "\t\n"])
def test_values_that_are_not_set(value: object) -> None:
    assert is_blank(value)


@pytest.mark.parametrize("value", [0, False, [], {}, "0", "none"])
def test_values_that_are_set(value: object) -> None:
    assert not is_blank(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, True), (False, False), (" Yes ", True), ("OFF", False), (1, True), ("0", False)],
)
def test_booleans(value: object, expected: bool) -> None:
    assert parse_boolean(value) is expected


@pytest.mark.parametrize("value", ["", "maybe", 2, None, [], "truee"])
def test_values_that_are_not_booleans(value: object) -> None:
    assert parse_boolean(value) is None
