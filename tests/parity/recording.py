# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exchanges with OCI, kept in memory, and written only redacted.

Redaction keeps what is known to be harmless, and replaces the rest: an OCID keeps its type, realm and region, and
its unique part becomes a hash with a salt that is thrown away; names, tags, descriptions and hosts become hashes too.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

_OCID = re.compile(r"ocid(?:1|v1)[.:][A-Za-z0-9_.:\-]+")
_HARMLESS = re.compile(
    r"[A-Z][A-Z0-9_]{1,40}|\d{4}-\d\d-\d\dT[\d:.]+Z?|[a-z]{2,3}(-[a-z0-9]+){1,3}-\d{1,2}|-?\d{1,12}|"
)
#: Fields whose text is a word of the API, or a date, where it looks like one.
_WORDS = frozenset(
    {
        "actionType",
        "algorithm",
        "backupType",
        "code",
        "dayOfWeek",
        "destinationRegion",
        "entityType",
        "lifecycleState",
        "offsetType",
        "period",
        "protectionMode",
        "region",
        "resourceType",
        "retentionTimeUnit",
        "sourceType",
        "status",
        "timeCreated",
        "timeRequestReceived",
        "timeRetentionExpiresAt",
        "timeOfDeletion",
        "timeZone",
        "type",
        "vaultType",
    }
)
_CAMEL = re.compile(r"[A-Z][A-Za-z]{1,60}")
_MAPS = frozenset({"definedTags", "freeformTags", "systemTags", "additionalDetails", "identityContext"})
_KEPT_HEADERS = ("content-type", "opc-limit", "retry-after")
_SHOWN_HEADERS = ("etag", "opc-next-page", "opc-request-id", "opc-work-request-id", "location", "content-location")
_ROWS = 5


@dataclass(frozen=True)
class Exchange:
    """One request and its answer, as they were."""

    probe: str
    method: str
    url: str
    sent_headers: dict[str, str]
    sent: str
    status: int
    headers: dict[str, str]
    body: str

    def json(self) -> Any:
        return json.loads(self.body) if self.body else None


class Recorder:
    """Keeps what the SDK's sessions send and receive."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        #: The probe that is being asked; nothing is kept outside of one.
        self.probe = ""
        self.last: Exchange | None = None

    def keep(self, response: Any, *_args: Any, **_kwargs: Any) -> None:
        """A response hook of `requests`."""
        request = response.request
        body = request.body or ""
        sent = {name.lower(): value for name, value in request.headers.items()}
        self.last = Exchange(
            self.probe,
            request.method,
            request.url,
            {name: sent[name] for name in ("if-match", "opc-retry-token") if name in sent},
            body.decode() if isinstance(body, bytes) else body,
            response.status_code,
            {name.lower(): value for name, value in response.headers.items()},
            response.text,
        )
        if self.probe:
            self.exchanges.append(self.last)


class Redactor:
    """One for a file: the same OCID has the same hash in all of it, and another one in each other file."""

    def __init__(self, salt: bytes | None = None) -> None:
        self._salt = salt if salt is not None else secrets.token_bytes(32)

    def _hash(self, value: str, length: int = 12) -> str:
        return hashlib.blake2b(value.encode(), key=self._salt, digest_size=16).hexdigest()[:length]

    def ocid(self, value: str) -> str:
        parts = value.replace(":", ".").split(".")
        kind, realm, region = [*parts, "", "", "", ""][1:4]
        return f"ocid1.{kind}.{realm}.{region}.{self._hash(value, 32)}"

    def text(self, value: str) -> str:
        """A message: without OCIDs, quoted text, addresses and hosts."""
        value = _OCID.sub(lambda found: self.ocid(found[0]), value)
        value = re.sub(r"'[^']*'|\"[^\"]*\"|\S+@\S+|https?://\S+", "<...>", value)
        return value[:300]

    def value(self, name: str, value: Any) -> Any:
        """A value of a JSON body under this name."""
        if isinstance(value, dict):
            return {} if name in _MAPS else {field: self.value(field, item) for field, item in value.items()}
        if isinstance(value, list):
            shown = [self.value(name, item) for item in value[:_ROWS]]
            return shown
        if not isinstance(value, str):
            return value
        if _OCID.fullmatch(value):
            return self.ocid(value)
        if name == "message":
            return self.text(value)
        if name in _WORDS and (_HARMLESS.fullmatch(value) or _CAMEL.fullmatch(value)):
            return value
        if name == "availabilityDomain" and "-AD-" in value:
            return f"Xxxx:{value.partition(':')[2]}"
        return f"redacted-{self._hash(value)}" if value else ""

    def exchange(self, one: Exchange) -> dict[str, Any]:
        url = urlsplit(one.url)
        query = [(name, self._parameter(name, text)) for name, text in parse_qsl(url.query, keep_blank_values=True)]
        path = "/".join(self.ocid(part) if _OCID.fullmatch(part) else part for part in unquote(url.path).split("/"))
        return {
            "probe": one.probe,
            "service": _service(url.netloc),
            "method": one.method,
            "path": path + (f"?{urlencode(query)}" if query else ""),
            "sent_headers": {name: f"<{len(text)} characters>" for name, text in one.sent_headers.items()},
            "sent": self._body(one.sent),
            "status": one.status,
            "headers": {name: one.headers[name] for name in _KEPT_HEADERS if name in one.headers}
            | {name: f"<{len(one.headers[name])} characters>" for name in _SHOWN_HEADERS if name in one.headers},
            "body": self._body(one.body),
        }

    def _parameter(self, name: str, text: str) -> str:
        if name == "page":
            return "token"
        shown = self.value(name, text)
        return text if name in ("limit", "sortBy", "sortOrder") else str(shown)

    def _body(self, text: str) -> Any:
        """The redacted body; what is not JSON is replaced by its length."""
        if not text:
            return None
        with contextlib.suppress(ValueError):
            return self.value("", json.loads(text))
        return f"<{len(text)} characters that are not JSON>"


def _service(host: str) -> str:
    """Without region and vault."""
    return "management" if "-management." in host else host.partition(".")[0]
