# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sys
import unicodedata

import pytest

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.quantities import duration, resources
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.text import (
    either,
    shorten,
    visible,
    with_article,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("db-data-01", "db-data-01"),
        ("Größe 容量 🗝", "Größe 容量 🗝"),
        ("\x1b[31mred", "\\u001b[31mred"),
        ("a\r\nb\tc\x00", "a\\u000d\\u000ab\\u0009c\\u0000"),
        ("\x9b31m", "\\u009b31m"),
        ("gpj\u202efdp.exe", "gpj\\u202efdp.exe"),
        ("\u200b\ufeff\u2028", "\\u200b\\ufeff\\u2028"),
        ("\ud800", "\\ud800"),
        ("a\U000e0041b\U000e007f", "a\\U000e0041b\\U000e007f"),
        ("\u3164\u115f\u1160\uffa0", "\\u3164\\u115f\\u1160\\uffa0"),
        ("\u2764\ufe0f\ufe00\U000e0100", "\u2764\\ufe0f\\ufe00\\U000e0100"),
        ("\u034f\u17b4\u180b\u2800", "\\u034f\\u17b4\\u180b\\u2800"),
        ("\ue000\U000f0000\U0010fffe", "\\ue000\\U000f0000\\U0010fffe"),
        ("\u0378\uffff\ufdd0", "\\u0378\\uffff\\ufdd0"),
        ("\u061c\u2066\u2069\U0001d173", "\\u061c\\u2066\\u2069\\U0001d173"),
        ("a\u00a0b\u2009c", "a\\u00a0b\\u2009c"),
        ("東京\u3000本社", "東京\u3000本社"),
    ],
)
def test_what_can_not_be_seen_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_words_of_messages() -> None:
    assert either(["a key"]) == "a key"
    assert either(["a key", "a vault", "a user"]) == "a key, a vault or a user"
    assert [with_article(noun) for noun in ("volume", "image", "IAM policy")] == [
        "a volume",
        "an image",
        "an IAM policy",
    ]
    assert (resources(1), resources(1200)) == ("1 resource", "1,200 resources")


@pytest.mark.parametrize(("seconds", "words"), [(0.1, "1 s"), (89, "89 s"), (90, "2 min"), (5400, "1.5 h")])
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_a_long_text_loses_its_middle() -> None:
    assert shorten("0123456789", 10) == "0123456789"
    assert shorten("0123456789x", 8) == "01234…9x"


@pytest.mark.parametrize("category", ["Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"])
def test_nothing_of_an_invisible_category_is_left(category: str) -> None:
    found = [chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) == category]
    assert found
    assert visible("".join(found[:2000] + found[-2000:])).isascii()
