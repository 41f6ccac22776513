# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The SDK's clients of one tenancy, a client for each region and service. Nothing of the collection is used in here."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

import oci

from .recording import Recorder

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
            self._clients[place] = made
        return self._clients[place]

    def block(self, region: str) -> Any:
        return self.client("block", region)


def connect(file: str, profile: str, recorder: Recorder, region: str = "") -> Cloud:
    """By a profile of the SDK's configuration file, with an API key or a session token."""
    config = oci.config.from_file(file, profile)
    if region:
        config["region"] = region
    if config.get("security_token_file"):
        with open(config["security_token_file"], encoding="utf-8") as token:
            key = oci.signer.load_private_key_from_file(config["key_file"], config.get("pass_phrase"))
            signer = oci.auth.signers.SecurityTokenSigner(token.read().strip(), key)
    else:
        oci.config.validate_config(config)
        signer = oci.signer.Signer(
            config["tenancy"], config["user"], config["fingerprint"], config["key_file"], config.get("pass_phrase")
        )
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
