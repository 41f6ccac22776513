# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The SDK's clients of one tenancy, a client for each region and service. Nothing of the collection is used in here."""

from __future__ import annotations

import configparser
import contextlib
import os
import time
from collections.abc import Callable
from typing import Any, Protocol

import oci

from .recording import Recorder
from .settings import SettingsError

MODELS = oci.core.models
_CLIENTS = {
    "block": oci.core.BlockstorageClient,
    "identity": oci.identity.IdentityClient,
    "vaults": oci.key_management.KmsVaultClient,
    "keys": oci.key_management.KmsManagementClient,
    "search": oci.resource_search.ResourceSearchClient,
}


class Clock(Protocol):
    def now(self) -> float: ...
    def sleep(self, seconds: float) -> None: ...


class RealClock:
    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class Cloud:
    """`adapter` takes the place of the network in tests."""

    def __init__(
        self, config: dict[str, Any], signer: Any, recorder: Recorder, clock: Clock, adapter: Any = None
    ) -> None:
        self.config = config
        self.recorder = recorder
        self.clock = clock
        self._signer = signer
        self._adapter = adapter
        self._clients: dict[tuple[str, str, str], Any] = {}

    def client(self, service: str, region: str, endpoint: str = "") -> Any:
        """Without retries, which would hide what the service answers, and without the breaker of the process."""
        place = (service, region, endpoint)
        if place not in self._clients:
            more: dict[str, Any] = {"service_endpoint": endpoint} if endpoint else {}
            made = _CLIENTS[service](
                self.config | {"region": region},
                signer=self._signer,
                retry_strategy=oci.retry.NoneRetryStrategy(),
                circuit_breaker_strategy=oci.circuit_breaker.NoCircuitBreakerStrategy(),
                timeout=(30, 120),
                **more,
            )
            session = made.base_client.session
            session.hooks["response"].append(self.recorder.keep)
            if self._adapter is not None:
                session.mount("https://", self._adapter)
                # There is no network, so there are no proxies to be looked for at each request.
                session.trust_env = False
            self._clients[place] = made
        return self._clients[place]

    def block(self, region: str) -> Any:
        return self.client("block", region)


#: What says who signs. A profile that has any of these inherits none of the others.
_CREDENTIALS = (
    "authentication_type",
    "delegation_token_file",
    "fingerprint",
    "key_content",
    "key_file",
    "pass_phrase",
    "security_token_file",
    "user",
)


def profile_of(file: str, name: str) -> dict[str, Any]:
    """A profile as the SDK reads it, which adds what only [DEFAULT] has; but the credentials of two are never mixed.

    Raises SettingsError where it signs in another way than with an API key or a session token.
    """
    config: dict[str, Any] = dict(oci.config.from_file(file, name))
    parser = configparser.ConfigParser(interpolation=None, default_section="")
    parser.read(os.path.expanduser(file), encoding="utf-8-sig")
    own = set(parser[name]).intersection(_CREDENTIALS)
    for inherited in set(_CREDENTIALS) - own if own else ():
        config.pop(inherited, None)
    kind = config.get("authentication_type") or "api_key"
    if kind not in ("api_key", "security_token") or config.get("delegation_token_file"):
        raise SettingsError(
            f"Profile {name} of {file} signs by {kind}. Choose one with an API key or a session token, such as"
            " oci session authenticate makes."
        )
    return config


class TokenSigner(oci.auth.signers.SecurityTokenSigner):  # type: ignore[misc, name-defined, unused-ignore]
    """Signs with a session token and its key, and reads both again whenever one of the files has changed.

    A session ends after an hour, and a run may take longer: `oci session refresh` beside it is enough.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        self._token_file = os.path.expanduser(config["security_token_file"])
        self._key_file = os.path.expanduser(config["key_file"])
        self._pass_phrase = config.get("pass_phrase")
        self._read_at = self._changed()
        super().__init__(*self._read())

    def _changed(self) -> tuple[tuple[int, int], ...]:
        found = (os.stat(self._token_file), os.stat(self._key_file))
        return tuple((one.st_mtime_ns, one.st_ino) for one in found)

    def _read(self) -> tuple[str, Any]:
        with open(self._token_file, encoding="utf-8") as stream:
            token = stream.read().strip()
        if not token:
            raise ValueError(f"{self._token_file} is empty")
        return token, oci.signer.load_private_key_from_file(self._key_file, self._pass_phrase)

    def do_request_sign(self, *args: Any, **kwargs: Any) -> Any:
        # A file that is just being written counts as soon as it can be read.
        with contextlib.suppress(OSError, ValueError, oci.exceptions.InvalidPrivateKey):
            changed = self._changed()
            if changed != self._read_at:
                super().__init__(*self._read())
                self._read_at = changed
        return super().do_request_sign(*args, **kwargs)


def connect(file: str, profile: str, recorder: Recorder, region: str = "") -> Cloud:
    """By a profile of the SDK's configuration file, with an API key or a session token. Raises SettingsError."""
    config = profile_of(file, profile)
    if region:
        config["region"] = region
    try:
        if config.get("security_token_file"):
            signer = TokenSigner(config)
        else:
            oci.config.validate_config(config)
            signer = oci.signer.Signer(
                config["tenancy"], config["user"], config["fingerprint"], config["key_file"], config.get("pass_phrase")
            )
    except KeyError as error:
        raise SettingsError(f"Profile {profile} of {file} lacks {error}. Add it.") from error
    except (OSError, ValueError, oci.exceptions.InvalidPrivateKey) as error:
        raise SettingsError(
            f"The key or token of profile {profile} of {file} can't be read: {error}. Correct the profile."
        ) from error
    return Cloud(config, signer, recorder, RealClock())


def all_pages(call: Callable[..., Any], *args: Any, **kwargs: Any) -> list[Any]:
    """Every row, by following the tokens; a list that doesn't end is an error."""
    rows: list[Any] = []
    page = None
    for _page in range(1000):
        response = call(*args, **kwargs, **({"page": page} if page else {}))
        rows += response.data
        page = response.headers.get("opc-next-page")
        if not page:
            return rows
    raise RuntimeError("The list did not end after 1,000 pages.")
