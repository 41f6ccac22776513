# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.timestamps import parse_rfc3339, rfc3339

NOON_IN_ROME = datetime(2026, 11, 25, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=1)))


def test_times_are_written_in_utc() -> None:
    assert rfc3339(NOON_IN_ROME) == "2026-11-25T11:00:00.123Z"
    assert rfc3339(NOON_IN_ROME, "seconds") == "2026-11-25T11:00:00Z"


@pytest.mark.parametrize(
    "text", ["2026-11-25T11:00:00.123456Z", "2026-11-25T11:00:00.123456z", "2026-11-25T12:00:00.123456+01:00"]
)
def test_times_with_a_zone(text: str) -> None:
    assert parse_rfc3339(text) == NOON_IN_ROME


def test_a_date_has_no_zone() -> None:
    assert parse_rfc3339("2026-11-25") == datetime(2026, 11, 25)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "2026-11-25T11:00:00ZZ"])
def test_other_text(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_rfc3339(text)
