# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client of OCI: one signer, one SDK client per service and region, two kinds of calls, two kinds of errors.

Other packages use this file instead of the SDK. Nothing else should import ``sdk.py`` (loading), ``auth.py`` (signing),
``transport.py`` and ``retries.py``. It knows nothing of Ansible.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .._common.clock import Clock
from .._common.errors import InputError
from .._model.regions import RegionTable
from .auth import create_principal
from .credentials import Principal
from .decoding import UnreadableRow
from .operations import request
from .retries import ReadRetry, RetryingReads, once
from .sdk import load, region_table, without_model_copies
from .settings import ConnectionSettings
from .throttle import AdaptiveRateLimiter
from .transport import call, prepare, request_id, trust

__all__ = ["Connection", "ReadRetry", "Response", "Service", "connect", "known_regions"]

USER_AGENT = "ansible-collection/oci_keys.block_volume"


@dataclass(frozen=True)
class Response:
    """A service's response: ``data`` is a record, a list of records, or None if the operation returns no body.

    ``unreadable`` are the rows of a list that are not what the operation documents, and not in ``data``.
    """

    data: Any
    etag: str | None = None
    next_page: str | None = None
    opc_request_id: str | None = None
    unreadable: tuple[UnreadableRow, ...] = ()


class Service:
    """One service in one region. Operations have the names of the SDK client's methods, such as ``get_volume``.

    All calls raise ServiceError if the service responded with an error, and TransportError if there was no valid
    response. The service can be used by several threads at once; they share its rate limit.
    """

    def __init__(self, client: Any, host: str, reads: RetryingReads, limiter: AdaptiveRateLimiter) -> None:
        self._client = client
        self._limiter = limiter
        self._reads = reads
        self._once = once(limiter)
        self.host = host

    def read(self, operation: str, *args: Any, **kwargs: Any) -> Response:
        """Read, with retries after transient failures (see ReadRetry). The outcome is that of the last attempt."""
        return self._call(operation, self._reads, args, kwargs)

    def read_once(self, operation: str, *args: Any, **kwargs: Any) -> Response:
        """Read without retries, for a host that may not exist because it was only derived."""
        self._limiter.wait()
        return self._call(operation, self._once, args, kwargs)

    def wait_turn(self, remaining: Callable[[], float]) -> None:
        """Wait for the rate limit before a write, at most ``remaining`` seconds. Reads wait by themselves."""
        self._limiter.wait(remaining)

    def write(self, operation: str, *args: Any, **kwargs: Any) -> Response:
        """Write. The request is sent once; only after a 401 a principal's signer renews its token."""
        return self._call(operation, self._once, args, kwargs)

    def _call(self, operation: str, strategy: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Response:
        method = getattr(self._client, operation)
        http_response, unreadable = call(
            operation,
            request(operation, *args, **kwargs),
            self.host,
            lambda: method(*args, retry_strategy=strategy, **kwargs),
        )
        return Response(
            data=http_response.data,
            etag=http_response.headers.get("etag"),
            next_page=http_response.headers.get("opc-next-page") or None,
            opc_request_id=request_id(http_response.headers.get("opc-request-id")),
            unreadable=unreadable,
        )


class Connection:
    """Authenticated access to every region of a tenancy; created by :func:`connect`.

    ``region`` is the long name of the configured region, the default where none is given. ``secrets`` are the values
    that must not appear in any output, whether they come from options, the environment or files.
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
        self._retry = retry
        self._remaining: Callable[[], float] = lambda: math.inf
        self._services: dict[tuple[str, str], Service] = {}
        self._lock = threading.Lock()
        self._trust = trust(settings.cert_bundle, settings.sources.get("cert_bundle", "option cert_bundle"))
        self._client_arguments: dict[str, Any] = {
            "signer": principal.signer,
            "timeout": timeout,
            # The SDK's circuit breaker is shared by all clients of the process: one region would open it for all.
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
        """Start no further attempt of a read once ``remaining()``, in seconds, is zero."""
        self._remaining = remaining

    @property
    def sdk_version(self) -> str:
        return str(load("oci").__version__)

    def describe_principal(self) -> str:
        """The principal that signs requests, without secrets: "user ocid1.user… with the API key aa:bb:…"."""
        return self._principal.description

    def block_volume(self, region: str) -> Service:
        """Block Volume in a region, given by short code or long name, as in all these methods."""
        return self._regional("oci.core", "BlockstorageClient", region)

    def vaults(self, region: str) -> Service:
        """Vault in a region: its vaults, not their keys."""
        return self._regional("oci.key_management", "KmsVaultClient", region)

    def search(self, region: str) -> Service:
        """Resource Search in a region."""
        return self._regional("oci.resource_search", "ResourceSearchClient", region)

    def identity(self, region: str) -> Service:
        """Identity in a region."""
        return self._regional("oci.identity", "IdentityClient", region)

    def vault_management(self, endpoint: str) -> Service:
        """The keys of one vault, at the management endpoint that the vault has in a region."""
        endpoint = endpoint.strip().rstrip("/")  # with a slash, the SDK would sign a path that begins with two
        if not endpoint.startswith("https://"):
            raise InputError(f"{endpoint!r} is not a management endpoint of a vault: it must start with https://")

        def create() -> Any:
            client = load("oci.key_management").KmsManagementClient
            region = self.region or next(iter(self.regions.realms))  # the SDK requires one, but does not use it
            return client(self._config(region), endpoint, **self._client_arguments)

        return self._service("KmsManagementClient", endpoint, create)

    def management_endpoints(self, vault_prefix: str, region: str) -> tuple[str, ...]:
        """The management endpoints that a vault may have in a region, derived from the prefix in its keys' OCIDs.

        Only a guess, so prefer the endpoint that the vault reports. Newer regions use the second form.
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

    def _service(self, kind: str, place: str, create: Callable[[], Any]) -> Service:
        with self._lock:
            service = self._services.get((kind, place))
            if service is None:
                try:
                    with without_model_copies():
                        client = create()
                except InputError:
                    raise
                except Exception as error:  # such as a service disabled by a developer tool configuration
                    raise InputError(f"The SDK could not create its {kind} for {place}: {error}") from error
                prepare(client, concurrency=self._concurrency, trust=self._trust)
                host = urlsplit(client.base_client.get_endpoint()).netloc
                limiter = AdaptiveRateLimiter(self._clock)
                reads = RetryingReads(self._retry, self._clock, limiter, self._seconds_left)
                service = self._services[(kind, place)] = Service(client, host, reads, limiter)
            return service

    def _seconds_left(self) -> float:
        return self._remaining()

    def _config(self, region: str) -> dict[str, Any]:
        return {
            **self._principal.config,
            "region": region,
            "additional_user_agent": USER_AGENT,
            "log_requests": False,  # even if the config file enables it: stdout is for the module's result
        }


def connect(
    settings: ConnectionSettings,
    *,
    concurrency: int = 32,
    retry: ReadRetry | None = None,
    timeout: tuple[float, float] = (10.0, 60.0),
    clock: Clock | None = None,
) -> Connection:
    """Load the credentials and validate them as far as possible without calling OCI.

    ``concurrency`` limits the calls in flight to one service of a region; ``timeout`` is the seconds to wait for a
    connection and for a response. Only principals whose token has to be obtained make calls here.

    Raises InputError if a setting, a file or a service of the machine that is needed is missing or invalid.
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


def known_regions() -> RegionTable | None:
    """The regions that the SDK knows, for what runs on the controller; None if it can't be used with this interpreter.

    Role variables are read by the controller's interpreter, which may lack the SDK that the modules' interpreter has.
    """
    try:
        return region_table()
    except InputError:
        return None
