# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where credentials come from: options, the environment, and the config file, in this order. No SDK."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .._common.errors import InputError
from .._common.text import quote
from .._model.ocid import expect_type, parse
from .config_file import Profile, read_file
from .settings import ConnectionSettings
from .signing import Signer

PROFILE_NAMES: Mapping[str, str] = {
    "api_user": "user",
    "api_user_fingerprint": "fingerprint",
    "api_user_key_file": "key_file",
    "api_user_key_pass_phrase": "pass_phrase",
}
"""The options that have another name in the config file."""


@dataclass(frozen=True)
class Principal:
    """Who makes the calls. ``region`` is as it was given, ``remedy`` what to check if OCI rejects the credentials.

    ``renewed_secrets`` gives those that the signer has read since.
    """

    signer: Signer = field(repr=False)
    description: str
    auth_type: str = "api_key"
    remedy: str = "Check that this machine's clock is right to within five minutes."
    tenancy: str | None = None
    region: str | None = None
    region_source: str = ""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    renewed_secrets: Callable[[], tuple[str, ...]] = field(default=tuple, repr=False)


class TokenFile(NamedTuple):
    """A token, the path of its file as it was given, and where the path comes from."""

    token: str
    path: str
    source: str


@dataclass(frozen=True)
class CredentialSources:
    """The settings, and behind them the profile of the config file, if there is one."""

    settings: ConnectionSettings
    profile: Profile | None

    @property
    def where(self) -> str:
        """The profile and its file, for messages."""
        return self.profile.where if self.profile else "config file"

    def get(self, option: str) -> tuple[str, str] | None:
        """A value and where it comes from, or None."""
        value = getattr(self.settings, option)
        if value is not None:
            return value, self.settings.sources.get(option, f"option {option}")
        name = PROFILE_NAMES.get(option, option)
        if self.profile is not None and name in self.profile.values:
            return self.profile.values[name], self.profile.source(name)
        return None

    def region(self) -> dict[str, Any]:
        """The fields of a Principal that describe its region; none if it is not set."""
        found = self.get("region")
        return {"region": found[0], "region_source": found[1]} if found else {}

    def tenancy(self) -> str | None:
        """The OCID of the tenancy, or None if it is not set. Raises InputError for anything else."""
        found = self.get("tenancy")
        if found is None:
            return None
        expect_ocid(found[0], "tenancy", found[1])
        return found[0]

    def from_profile(self, name: str, remedy: str) -> str:
        """A value that only the config file can have. Raises InputError if it is missing."""
        if self.profile is None or name not in self.profile.values:
            chosen = self.settings.sources.get("auth_type")
            by = f" (chosen by {chosen})" if chosen else ""
            raise InputError(
                f"The {self.where} has no {name}, which auth_type {self.settings.auth_type} requires{by}. {remedy}"
            )
        return self.profile.values[name]

    def token_file(self, name: str, what: str, remedy: str) -> TokenFile:
        """The token whose path the environment or the config file has as ``name``. Raises InputError if it is missing
        or unreadable.
        """
        found = self.get(name)
        path, source = found if found is not None else (self.from_profile(name, remedy), "")
        return TokenFile(read_file(path, what, source).decode("utf-8", "replace").strip(), path, source)


def expect_ocid(value: str, kind: str, source: str) -> None:
    """Raise InputError, naming the ``source``, unless ``value`` is the OCID of a ``kind``."""
    try:
        expect_type(parse(value), kind)
    except InputError as error:
        raise InputError(f"{source}: {error}") from None


def token_claims(token: str) -> dict[str, Any] | None:
    """The claims of a JWT, not verified, since only the service can do that. None if it is not a JWT."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return None
    return claims if isinstance(claims, dict) else None


class TokenOwner:
    """Whose the first token of a run is, by its claims. Who renews it may renew it for nobody else: the journal says
    who writes.
    """

    def __init__(self, token: str) -> None:
        self._claims = _owner_claims(token)

    def differs(self, token: str) -> str | None:
        """What is another's in a renewed token, in words: "of another user, 'ocid1.user…' instead of '…'".

        None if nothing is, as far as both say: what only one of them says does not count.
        """
        claims = _owner_claims(token)
        for name, what in _OWNER_CLAIMS.items():
            if name in claims and self._claims.get(name, claims[name]) != claims[name]:
                return f"of another {what}, {quote(claims[name])} instead of {quote(self._claims[name])}"
        return None

    def learn(self, token: str) -> None:
        """Take from a token that is accepted what the former ones did not say."""
        self._claims = {**_owner_claims(token), **self._claims}


_OWNER_CLAIMS: Mapping[str, str] = {"tenant": "tenancy", "sub": "user"}


def _owner_claims(token: str) -> dict[str, str]:
    claims = token_claims(token) or {}
    return {name: claims[name] for name in _OWNER_CLAIMS if isinstance(claims.get(name), str)}
