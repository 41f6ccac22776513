# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text for people to read: words of messages, and texts from elsewhere made harmless for a terminal or a page.
Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

# Control characters, changes of writing direction, invisible characters, line separators, lone surrogates.
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff\ud800-\udfff]"
)
# OCI allows 255 characters; this many are enough to distinguish resources.
_NAME_IN_LABEL = 100
# A real OCID of a key has some 110 characters.
_SHOWN_LENGTH = 140


def visible(text: str) -> str:
    """``text`` with each invisible character, and each that a terminal would obey, written as ``\\uXXXX``."""
    return _INVISIBLE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def all_visible(value: Any) -> Any:
    """A JSON value with every string in it made visible, including the names in objects."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, Mapping):
        return {visible(str(name)): all_visible(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [all_visible(item) for item in value]
    return value


def label(display_name: str, ocid: str) -> str:
    """A resource as messages call it: its display name, if it has one, and its OCID."""
    return f"{visible(shorten(display_name, _NAME_IN_LABEL))} ({ocid})" if display_name else ocid


def readable(text: object, length: int) -> str:
    """Text from elsewhere as one line of at most ``length`` characters, before escapes."""
    return visible(shorten(" ".join(str(text).split()), length))


def shorten(text: str, length: int = _SHOWN_LENGTH) -> str:
    """``text``, with its middle left out if it has more than ``length`` characters."""
    if len(text) <= length:
        return text
    tail = length // 4
    return f"{text[: length - tail - 1]}…{text[-tail:]}"


def either(words: Sequence[str]) -> str:
    """ "a key", "a key or a vault", "a key, a vault or a user" """
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def with_article(noun: str) -> str:
    """ "a volume", "an image", "an IAM policy" """
    return f"{'an' if noun[:1].lower() in 'aeio' or noun.startswith('IAM') else 'a'} {noun}"


def quote(value: object) -> str:
    """A given value as messages show it: in quotation marks, and not too long."""
    return repr(shorten(value)) if isinstance(value, str) else shorten(_safe_repr(value))


def _safe_repr(value: object) -> str:
    try:
        return repr(value)
    except Exception:  # not every repr is ours
        return f"<{type(value).__name__}>"
