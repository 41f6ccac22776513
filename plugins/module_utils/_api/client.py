# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""The way to OCI: one signer, one client per service and region, two kinds of calls, two kinds of failures.

Nothing above this file knows the SDK. It is made of ``_sdk.py`` (loading), ``_signers.py`` (who we are) and
``_wire.py`` (how requests travel), which nothing else should import. It knows nothing of Ansible.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .._common.clock import Clock
from .._common.errors import InputError
from .._model.regions import RegionTable
from . import transport as _wire
from .auth import Principal, create_principal
from .sdk import load, region_table, without_model_copies
from .settings import ConnectionSettings
from .throttle import AdaptiveRateLimiter
from .transport import ReadRetry

__all__ = ["Connection", "ReadRetry", "Response", "Service", "connect", "region_table"]

USER_AGENT = "ansible-collection/oci_keys.block_volume"


@dataclass(frozen=True)
class Response:
    """What a service answered: ``data`` is an SDK model, a list of them, or None where the operation has no body."""

    data: Any
    etag: str | None = None
    next_page: str | None = None
    opc_request_id: str | None = None


class Service:
    """One service in one region. Operations go by the name of their SDK client's method, such as ``get_volume``.

    All calls raise ServiceError where the service answered with an error, and TransportError where it gave no answer
    that could be understood. They may be made by several threads at once, and all of them go at one pace.
    """

    def __init__(self, client: Any, host: str, reads: _wire.RetryingReads, limiter: AdaptiveRateLimiter) -> None:
        self._client = client
        self._limiter = limiter
        self._reads = _wire.RateLimitedReads(reads, limiter)
        self._once = _wire.once(limiter)
        self.host = host

    def read(self, operation: str, *args: Any, **kwargs: Any) -> Response:
        """Ask for something, again after a transient failure (see ReadRetry), and give the last attempt's outcome."""
        return self._call(operation, self._reads, args, kwargs)

    def read_once(self, operation: str, *args: Any, **kwargs: Any) -> Response:
        """Ask for something once, for where there may be nobody to answer: a host that is only a guess."""
        self._limiter.wait()
        return self._call(operation, self._once, args, kwargs)

    def wait_turn(self, remaining: Callable[[], float]) -> None:
        """Wait until a write may go, but no longer than the ``remaining`` seconds. Reads do so by themselves."""
        self._limiter.wait(remaining)

    def write(self, operation: str, *args: Any, **kwargs: Any) -> Response:
        """Change something. The request is sent once; only after a 401 a principal's signer renews its token."""
        return self._call(operation, self._once, args, kwargs)

    def _call(self, operation: str, strategy: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Response:
        method = getattr(self._client, operation)
        response = _wire.call(operation, self.host, lambda: method(*args, retry_strategy=strategy, **kwargs))
        return Response(
            data=response.data,
            etag=response.headers.get("etag"),
            next_page=response.headers.get("opc-next-page") or None,
            opc_request_id=_wire.request_id(response.headers.get("opc-request-id")),
        )


class Connection:
    """Authenticated access to every region of a tenancy; made by :func:`connect`.

    ``region`` is the long name of the configured region, for what names none; ``secrets`` are the values that must
    not appear in any output, whether they came from options, the environment or files.
    """

    def __init__(
        self,
        principal: Principal,
        regions: RegionTable,
        settings: ConnectionSettings,
        *,
        concurrency: int,
        retry: ReadRetry,
        timeout: tuple[float, float],
        clock: Clock,
    ) -> None:
        self._principal = principal
        self._concurrency = concurrency
        self._clock = clock
        self._reads = _wire.RetryingReads(retry, clock.sleep, clock.monotonic)
        self._services: dict[tuple[str, str], Service] = {}
        self._lock = threading.Lock()
        self._trust = _wire.trust(settings.cert_bundle, settings.sources.get("cert_bundle", "option cert_bundle"))
        self._client_arguments: dict[str, Any] = {
            "signer": principal.signer,
            "timeout": timeout,
            # The SDK's breaker is one object for all clients of the process: one region would open it for all.
            "circuit_breaker_strategy": load("oci").circuit_breaker.NoCircuitBreakerStrategy(),
        }
        if settings.realm_specific_endpoint_template_enabled is not None:
            self._client_arguments["client_level_realm_specific_endpoint_template_enabled"] = (
                settings.realm_specific_endpoint_template_enabled
            )
        self.regions = regions
        self.tenancy = principal.tenancy
        self.region = regions.expect(principal.region, f"{principal.region_source} names") if principal.region else None
        self.auth_type = settings.auth_type
        self.secrets = tuple(dict.fromkeys([*settings.secrets, *principal.secrets]))

    def limit_reads(self, remaining: Callable[[], float]) -> None:
        """Begin no further attempt of a read once ``remaining`` seconds are none."""
        self._reads.remaining = remaining

    @property
    def sdk_version(self) -> str:
        return str(load("oci").__version__)

    def describe_principal(self) -> str:
        """Who makes the calls, without any secret: "user ocid1.user… with the API key aa:bb:…"."""
        return self._principal.description

    def block_volume(self, region: str) -> Service:
        """Block Volume in a region (short code or long name)."""
        return self._regional("oci.core", "BlockstorageClient", region)

    def vaults(self, region: str) -> Service:
        """The vaults of a region."""
        return self._regional("oci.key_management", "KmsVaultClient", region)

    def search(self, region: str) -> Service:
        """Resource Search in a region."""
        return self._regional("oci.resource_search", "ResourceSearchClient", region)

    def identity(self, region: str) -> Service:
        """Identity in a region."""
        return self._regional("oci.identity", "IdentityClient", region)

    def vault_management(self, endpoint: str) -> Service:
        """The keys of one vault, at the management endpoint that the vault gives for a region."""
        endpoint = endpoint.strip().rstrip("/")  # with a slash the SDK would sign a path that begins with two
        if not endpoint.startswith("https://"):
            raise InputError(f"{endpoint!r} is not the management endpoint of a vault: it must begin with https://")

        def make() -> Any:
            client = load("oci.key_management").KmsManagementClient
            region = self.region or next(iter(self.regions.realms))  # asked for by the SDK, used for nothing
            return client(self._config(region), endpoint, **self._client_arguments)

        return self._service("KmsManagementClient", endpoint, make)

    def management_endpoints(self, vault_prefix: str, region: str) -> tuple[str, ...]:
        """The hosts that a vault may have in a region, by the prefix in its OCID and those of its keys.

        Only a guess: the vault itself knows better. Newer regions have the second form.
        """
        long_name = self.regions.expect(region, "region")
        domain = self.regions.domains[self.regions.realms[long_name]]
        host = f"https://{vault_prefix}-management.kms.{long_name}"
        return f"{host}.{domain}", f"{host}.oci.{domain}"

    def _regional(self, module: str, name: str, region: str) -> Service:
        long_name = self.regions.expect(region, "region")
        return self._service(
            name,
            long_name,
            lambda: getattr(load(module), name)(self._config(long_name), **self._client_arguments),
        )

    def _service(self, kind: str, place: str, make: Callable[[], Any]) -> Service:
        with self._lock:
            service = self._services.get((kind, place))
            if service is None:
                try:
                    with without_model_copies():
                        client = make()
                except InputError:
                    raise
                except Exception as error:  # such as a service that a developer tool configuration switches off
                    raise InputError(f"The SDK's {kind} for {place} can't be made: {error}") from error
                _wire.prepare(client, concurrency=self._concurrency, trust=self._trust)
                host = urlsplit(client.base_client.get_endpoint()).netloc
                service = self._services[(kind, place)] = Service(
                    client, host, self._reads, AdaptiveRateLimiter(self._clock)
                )
            return service

    def _config(self, region: str) -> dict[str, Any]:
        return {
            **self._principal.config,
            "region": region,
            "additional_user_agent": USER_AGENT,
            "log_requests": False,  # whatever the config file says: it goes to stdout, where a module's result goes
        }


def connect(
    settings: ConnectionSettings,
    *,
    concurrency: int = 32,
    retry: ReadRetry | None = None,
    timeout: tuple[float, float] = (10.0, 60.0),
    clock: Clock | None = None,
) -> Connection:
    """Find out who we are, and check it as far as that goes without asking OCI.

    ``concurrency`` is how many calls may be under way at once to one service of a region, ``timeout`` the seconds to
    wait for a connection and for an answer. Only principals whose token must be fetched make calls here.

    Raises InputError where anything that the user gave, or the machine should have, is missing or wrong.
    """
    load("oci")
    regions = region_table()
    return Connection(
        create_principal(settings),
        regions,
        settings,
        concurrency=concurrency,
        retry=retry or ReadRetry(),
        timeout=timeout,
        clock=clock or Clock(),
    )
