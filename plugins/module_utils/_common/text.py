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

# What Unicode calls default-ignorable (DerivedCoreProperties.txt) though its category is that of letters and marks, and
# the blank Braille pattern, which is a symbol. All else that can't be seen is found by its category.
_BLANK_LETTERS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)
# It is as wide as a letter, and the usual space in Chinese and Japanese names.
_WIDE_SPACE = "\u3000"
# OCI allows 255 characters; this many are enough to distinguish resources.
_NAME_IN_LABEL = 100
# A real OCID of a key has some 110 characters.
_SHOWN_LENGTH = 140


def visible(text: str) -> str:
    """``text`` with each character written as ``\\uXXXX`` that can't be seen, or that a terminal would obey.

    They are told by their Unicode category: control, format, surrogate, private use and unassigned characters, line
    separators, and every space but the plain and the wide one. ``str.isprintable`` is false for exactly these.
    """
    if text.isprintable() and not _BLANK_LETTERS.search(text):
        return text
    return "".join(char if _is_visible(char) else _escaped(char) for char in text)


def _is_visible(char: str) -> bool:
    return char == _WIDE_SPACE or (char.isprintable() and not _BLANK_LETTERS.match(char))


def _escaped(char: str) -> str:
    code = ord(char)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


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
    """A given value as messages show it: in quotation marks, on one line, not too long, and never a secret."""
    try:
        plain = _value_without_secrets(value)
    except RecursionError:
        plain = f"<{type(value).__name__}>"
    return shorten(visible(without_secrets(_safe_repr(plain))))


def given_path(path: object) -> str:
    """A path that was made of a given value, as messages that quote no paths show it: never a secret."""
    return visible(str(_value_without_secrets(str(path))))


def _safe_repr(value: object) -> str:
    try:
        return repr(value)
    except Exception:  # not every repr is ours
        return f"<{type(value).__name__}>"


_PRIVATE_KEY, _TOKEN, _CREDENTIALS = "<content of a key>", "<token>", "***"

# Line breaks may be escaped, since the value may have been quoted already.
_BREAK = r"(?:\s|\\+[nrt]|\\u000[9ad])"
# To the end mark, or, where that was cut off, over lines of base64 and of headers such as "Proc-Type: 4,ENCRYPTED".
_PEM = re.compile(
    r"-{3,}\s*BEGIN\b(?:.*?-{3,}\s*END\b[^-]*(?:-+|$)"
    rf"|[^-\n]*-*(?:{_BREAK}*(?:[A-Z0-9+/]{{16,}}={{0,2}}|[A-Z-]+:{_BREAK}[^\s\\]+))*…?[A-Z0-9+/=]*)",
    re.DOTALL | re.IGNORECASE,
)
# The base64 of a private key without its marks: DER begins with these.
_DER = re.compile(
    r"\b(?:MI[A-P]|MH[a-z]|b3BlbnNzaC)(?=\S{0,60}[a-z])(?=\S{0,60}[A-Z])"
    rf"[A-Za-z0-9+/]{{37,}}(?:{_BREAK}*[A-Za-z0-9+/]{{16,}})*={{0,2}}"
)
# A JSON web token, as session tokens are, which the SDK writes with ``ST$`` before it.
_WEB_TOKEN = re.compile(r"(?:ST\$)?\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)*")
# What stands after these words in a header, or between these parts of the URL of a pre-authenticated request.
_NAMED_TOKEN = re.compile(
    r"(\bbearer\s+|\bsignature=\"?|/p/(?=[\w-]{16,}/n/))[A-Za-z0-9+/=._~-]{16,}?(?=[^A-Za-z0-9+/=._~-]|/n/|$)",
    re.IGNORECASE,
)
# Passwords may have ``/ # ? \ @`` in them, so everything up to the last ``@`` belongs to the credentials.
_URL_CREDENTIALS = re.compile(r"(\b[A-Za-z][A-Za-z0-9+.-]*:[/\\]{2,})\S*@")
# A proxy may be given without a scheme, and what is made a path has a folder before it and one slash in it.
_BARE_CREDENTIALS = re.compile(r"(?<![\w@.:-])[\w.%+-]+:(?![/\\]{2})[^\s'\"]+@(?=[\w\[])")

# Between quotation marks, passwords may have blanks.
_QUOTED_CREDENTIALS = re.compile(
    r"(?<=['\"])(?P<kept>(?:[^'\":\s]*/)?(?:[A-Za-z][A-Za-z0-9+.-]*:[/\\]+)?)"
    r"[\w.%+-]+:(?![/\\]{2})[^'\"\n]*@(?=[\w\[])"
)

# A value as a whole may have blanks in its credentials, or be nothing but lines of base64.
_URL = re.compile(
    r"\s*(?P<folder>(?:[^:]*/)?)"
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*:[/\\]+)|[\w.%+-]+:(?=.*@[\w.\[\]-]+(?::\d*)?/?\s*$)).*@",
    re.DOTALL,
)
_BASE64 = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])[A-Za-z0-9+/=\s]{100,}", re.DOTALL)


def shown(text: str) -> str:
    """``text`` as any message shows it: on one line, everything in it visible, and without secrets.

    Secrets are private keys, tokens, and the credentials in URLs.
    """
    plain = without_secrets(text)
    return plain if plain.isascii() and plain.isprintable() else visible(" ".join(plain.splitlines()))


def _value_without_secrets(value: object) -> object:
    if isinstance(value, Mapping):
        return {_value_without_secrets(name): _value_without_secrets(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_value_without_secrets(item) for item in value]
    if not isinstance(value, str):
        return value
    if _BASE64.fullmatch(value):
        return _PRIVATE_KEY
    match = _URL.match(value) if "@" in value else None
    if match is not None:
        value = f"{match['folder']}{match['scheme'] or ''}{_CREDENTIALS}@{value[match.end() :]}"
    return without_secrets(value)


def without_secrets(text: str) -> str:
    """``text`` with the secrets in it replaced, and everything else as it is."""
    if "--" in text:
        text = _PEM.sub(_PRIVATE_KEY, text)
    text = _WEB_TOKEN.sub(_TOKEN, _DER.sub(_PRIVATE_KEY, text))
    text = _NAMED_TOKEN.sub(rf"\g<1>{_TOKEN}", text)
    if "@" in text:
        text = _URL_CREDENTIALS.sub(rf"\g<1>{_CREDENTIALS}@", text)
        text = _QUOTED_CREDENTIALS.sub(rf"\g<kept>{_CREDENTIALS}@", text)
        text = _BARE_CREDENTIALS.sub(f"{_CREDENTIALS}@", text)
    return text
