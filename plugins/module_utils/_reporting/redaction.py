# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OCIDs replaced by hashes: the same OCID gets the same hash everywhere. Pure."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Any

PLAIN, KEYED = "sha256", "hmac-sha256"

# Type, realm and region stay, and so does a dot that ends a sentence. A redacted OCID is not redacted again. The second
# form is that of tenancies of 2016.
_PART = "[a-z0-9_-]"
_OCID = re.compile(
    "|".join(
        rf"\b({version}{dot}{_PART}+{dot}{_PART}+{dot}{_PART}*{dot})(?!redacted-)({_PART}+(?:{dot}{_PART}+)*)"
        for version, dot in (("ocid1", r"\."), ("ocidv1", ":"))
    ),
    re.IGNORECASE,
)
# The host names of a vault begin with a part of its OCID.
_VAULT_HOST = re.compile(r"(?<![a-z0-9-])([a-z0-9]+)(-(?:management|crypto)\.kms\.)", re.IGNORECASE)
_DIGITS = 24


class Redaction:
    """Replaces OCIDs in text. With a key, nobody can find out by trying whether a hash stands for an OCID they know."""

    def __init__(self, key: str | None = None) -> None:
        self.method = KEYED if key else PLAIN
        self._key = key.encode() if key else None
        self._known: dict[str, str] = {}

    def __call__(self, value: Any) -> Any:
        """The same value with all text in it redacted, including the names in mappings."""
        if isinstance(value, str):
            return _VAULT_HOST.sub(self._host, _OCID.sub(self._ocid, value))
        if isinstance(value, dict):
            return {self(name): self(item) for name, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self(item) for item in value]
        return value

    def _ocid(self, match: re.Match[str]) -> str:
        return f"{match.group(1) or match.group(3)}{self._hash(match.group())}"

    def _host(self, match: re.Match[str]) -> str:
        return f"{self._hash(match.group(1))}{match.group(2)}"

    def _hash(self, text: str) -> str:
        if text not in self._known:
            data = text.encode("utf-8", "surrogatepass")
            made = hmac.new(self._key, data, hashlib.sha256) if self._key else hashlib.sha256(data)
            self._known[text] = f"redacted-{made.hexdigest()[:_DIGITS]}"
        return self._known[text]
