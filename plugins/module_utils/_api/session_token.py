# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Session tokens of Oracle's command line: read, checked against their key, and read again when they are renewed.

A token lives for an hour at most, and ``oci session refresh`` writes a new one into the same file. No SDK.
"""

from __future__ import annotations

import json
import threading
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .._common.errors import InputError
from .config_file import DEFAULT_PATH, DEFAULT_PROFILE, read_profile
from .credentials import CredentialSources, Principal, TokenFile, TokenOwner, token_claims
from .failures import CredentialsEndedError
from .key_files import read_private_key
from .settings import ConnectionSettings
from .signing import KeySigner

RENEWAL_SECONDS = 300.0
"""So long before its end, a token's file is read again. OCI's clock and this machine's may differ by as much."""


class Session(NamedTuple):
    """A token with its key. ``expires`` is a Unix time, None if the token does not say."""

    token: str
    expires: float | None
    private_key: Any
    tenant: str | None
    secrets: tuple[str, ...]


def session_principal(settings: ConnectionSettings) -> Principal:
    """The principal for ``auth_type`` security_token. Raises InputError if token or key are missing or invalid."""
    missing = () if settings.security_token_file else ("security_token_file",)
    sources = CredentialSources(settings, read_profile(settings, missing or ("key_file",), optional=("key_file",)))
    commands = RenewalCommands.of(sources)
    session = _read_session(sources, commands)
    if session.expires is not None and session.expires <= time.time():
        raise InputError(_expired(sources, session, commands))
    signer = SessionSigner(
        session,
        lambda: _read_session(sources, commands),
        lambda ended: _expired(sources, ended, commands),
        lambda difference: _not_the_same(sources, difference, commands),
    )
    return Principal(
        signer=signer,
        description=f"session token of {sources.where}",
        tenancy=sources.tenancy() or session.tenant,
        secrets=session.secrets,
        renewed_secrets=signer.all_renewed,
        remedy=f"Renew the session with {commands.refresh}, and check that this machine's clock is right to within five"
        " minutes.",
        **sources.region(),
    )


class RenewalCommands(NamedTuple):
    """What a user types to go on: a session that has not ended yet is renewed, one that has ended is made anew."""

    refresh: str
    authenticate: str

    @classmethod
    def of(cls, sources: CredentialSources) -> RenewalCommands:
        profile = sources.profile
        name = profile.name if profile is not None else sources.settings.config_profile_name or DEFAULT_PROFILE
        named_file = sources.settings.config_file_location
        file = f" --config-file {named_file}" if named_file and named_file != DEFAULT_PATH else ""
        place = f" --config-location {named_file}" if file else ""
        region = sources.get("region")
        where = f" --region {region[0]}" if region else ""
        return cls(
            f"'oci session refresh --profile {name}{file}'",
            f"'oci session authenticate --profile-name {name}{where}{place}'",
        )


class SessionSigner:
    """Signs with a session token, and reads its file again before it ends, and when OCI rejects it.

    Once it has ended, and nobody has renewed it, nothing is signed any more: each further request would be rejected.
    A token of somebody else is no renewal.
    """

    def __init__(
        self,
        session: Session,
        read: Callable[[], Session],
        describe_end: Callable[[Session], str],
        describe_other: Callable[[str], str],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._session = session
        self._signer = KeySigner(_key_id(session), session.private_key, now)
        self._read = read
        self._describe_end = describe_end
        self._describe_other = describe_other
        self._owner = TokenOwner(session.token)
        self._difference: str | None = None
        self._renewed: tuple[str, ...] = ()
        self._now = now
        self._lock = threading.Lock()
        self._was_rejected = False

    def sign(
        self, method: str, host: str, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> dict[str, str]:
        """Raises CredentialsEndedError if the session has ended and was not renewed."""
        with self._lock:
            is_ending = self._ends_within(RENEWAL_SECONDS) and not self._take_renewed()
            if is_ending and (self._was_rejected or self._ends_within(0.0)):
                raise self._end()
            signer = self._signer
        return signer.sign(method, host, target, headers, body)

    def renew(self, signed: Mapping[str, str]) -> bool:
        """Whether there is another token than the rejected one. Raises CredentialsEndedError if that has ended."""
        with self._lock:
            if f'keyId="{_key_id(self._session)}"' not in signed.get("authorization", ""):
                return True  # another thread has read it
            if self._take_renewed():
                return True
            # By OCI's clock it may have ended already.
            self._was_rejected = self._ends_within(RENEWAL_SECONDS)
            if self._was_rejected or self._difference:
                raise self._end()
        return False

    def all_renewed(self) -> tuple[str, ...]:
        """The tokens that were read since the first, and the pass phrases of their keys."""
        return self._renewed

    def _end(self) -> CredentialsEndedError:
        if self._difference:
            return CredentialsEndedError(self._describe_other(self._difference))
        return CredentialsEndedError(self._describe_end(self._session))

    def _ends_within(self, seconds: float) -> bool:
        return self._session.expires is not None and self._session.expires - seconds <= self._now()

    def _take_renewed(self) -> bool:
        """Take the token of the file if it is another one of the same user and tenancy. A file that is just being
        written is read the next time.
        """
        self._difference = None
        try:
            session = self._read()
        except InputError:
            return False
        if session.token == self._session.token:
            return False
        if session.expires is not None and session.expires <= self._now():
            return False
        self._difference = self._owner.differs(session.token)
        if self._difference:
            return False
        self._owner.learn(session.token)
        self._renewed += session.secrets
        self._session, self._was_rejected = session, False
        self._signer = KeySigner(_key_id(session), session.private_key, self._now)
        return True


def _key_id(session: Session) -> str:
    return f"ST${session.token}"


def _read_session(sources: CredentialSources, commands: RenewalCommands) -> Session:
    remedy = f"Create one with {commands.authenticate}"
    file = sources.token_file("security_token_file", "session token file", remedy)
    claims = token_claims(file.token)
    if claims is None:
        raise InputError(f"The session token file {file.path} ({file.source}) does not contain a token. {remedy}")
    if sources.get("api_user_key_content") is None and sources.get("api_user_key_file") is None:
        sources.from_profile("key_file", remedy)
    key = read_private_key(sources)
    _expect_key_of(claims, key.key, file, key.source, remedy)
    expires, tenant = claims.get("exp"), claims.get("tenant")
    return Session(
        file.token,
        float(expires) if isinstance(expires, (int, float)) and not isinstance(expires, bool) else None,
        key.key,
        tenant if isinstance(tenant, str) else None,
        (file.token, *key.secrets),
    )


def _expect_key_of(claims: Mapping[str, Any], private_key: Any, file: TokenFile, source: str, remedy: str) -> None:
    """Raise InputError if a token says that its key is another one (oci_semantics.md section 5: the claim ``jwk``)."""
    modulus = _modulus(claims.get("jwk"))
    if modulus is not None and modulus != private_key.public_key().public_numbers().n:
        raise InputError(
            f"The private key ({source}) is not that of the session token {file.path} ({file.source}). Give the key"
            f" that was made with it, or make both anew: {remedy[0].lower()}{remedy[1:]}"
        )


def _modulus(jwk: object) -> int | None:
    """The modulus of the public key that a token holds, as an object or as its text; None if it can't be read."""
    try:
        key = json.loads(jwk) if isinstance(jwk, str) else jwk
        encoded = key["n"]  # type: ignore[index]
        return int.from_bytes(urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)), "big")
    except (ValueError, TypeError, KeyError):
        return None


def _expired(sources: CredentialSources, session: Session, commands: RenewalCommands) -> str:
    when = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(session.expires or 0))
    verb = "expired" if (session.expires or 0) <= time.time() else "was rejected, and expires"
    return (
        f"The session token of {sources.where} {verb} at {when}. Renew it with {commands.refresh}, or if that is"
        f" refused, create a new one with {commands.authenticate}, then run this again"
    )


def _not_the_same(sources: CredentialSources, difference: str, commands: RenewalCommands) -> str:
    return (
        f"The renewed session token of {sources.where} is refused: it is {difference}, as which this run began."
        f" Authenticate as before with {commands.authenticate}, then run this again. To go on as somebody else, start a"
        " run of its own"
    )
