# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client of OCI: one signer, one transport, one service per host, two kinds of calls, two kinds of errors.

Other packages use this file, and ``region_tables.py`` where nothing is asked; nothing else should import ``auth.py``
(credentials), ``transport.py``, ``operations.py``, ``decoding.py`` and ``retries.py``. It knows nothing of Ansible.
"""

from __future__ import annotations

import json
import math
import os
import platform
import re
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .._common.clock import Clock
from .._common.errors import ApiError, ServiceError, TransportError
from .._common.latest_reading import LatestReading
from .._common.text import readable
from .._model.regions import RegionTable
from .auth import create_principal
from .connecting import Connector, load_trust
from .credentials import Principal
from .decoding import InvalidResponseError, UnreadableRow, decode
from .endpoints import management_host, management_hosts, service_host
from .failures import CredentialsEndedError, ForeignEndpointError, explain
from .operation_types import ServiceRegion
from .operations import Request, request
from .region_tables import region_table
from .retries import ReadRetry, RetryingReads
from .sdk import sdk_version
from .settings import ConnectionSettings
from .signing import Signer
from .throttle import AdaptiveRateLimiter
from .transport import HttpRequest, HttpResponse, Transport

__all__ = ["Connection", "ReadRetry", "Response", "Service", "connect"]

USER_AGENT = "ansible-collection/oci_keys.block_volume"


@dataclass(frozen=True)
class Response:
    """A service's response: ``data`` is a record, a list of records, or None if the operation returns no body.

    ``unreadable`` are the rows of the list that can't be believed.
    """

    data: Any
    etag: str | None = None
    next_page: str | None = None
    opc_request_id: str | None = None
    unreadable: tuple[UnreadableRow, ...] = ()


class Gate:
    """Signs requests, sends them and reads their answers, whatever the service. Every call to OCI passes here."""

    def __init__(self, signer: Signer, transport: Transport, environment: Mapping[str, str]) -> None:
        self._signer = signer
        self._transport = transport
        self._headers = _client_headers(environment)

    def exchange(self, call: Request, host: str, *, is_retried: bool, send_by: float = math.inf) -> HttpResponse:
        """The answer to a call. After a 401, a principal's token is renewed, and the call sent once more, which is safe
        for writes too: the service carries out nothing that it does not accept the signature of.

        Raises TransportError if there is no answer, or if it could not be sent by ``send_by`` (monotonic clock), and
        ServiceError if the credentials have ended.
        """
        http_request = self._signed(call, host, is_retried)
        http_response = self._transport.send(http_request._replace(send_by=send_by))
        if http_response.status == 401 and self._renew(http_request):
            http_response = self._transport.send(self._signed(call, host, is_retried)._replace(send_by=send_by))
        return http_response

    def _signed(self, call: Request, host: str, is_retried: bool) -> HttpRequest:
        operation = call.operation
        headers = {**self._headers, "opc-request-id": uuid.uuid4().hex.upper(), **call.headers}
        if is_retried:
            headers["opc-client-retries"] = "true"
        if call.body is None and operation.method != "GET":
            headers["content-length"] = "0"
        try:
            signed = self._signer.sign(operation.method, host, call.target, headers, call.body)
        except Exception as error:  # signers of the SDK ask for tokens, and raise whatever comes of it
            raise _not_signed(error, operation.name, host) from error
        return HttpRequest(operation.name, operation.method, host, call.target, signed, call.body)

    def _renew(self, rejected: HttpRequest) -> bool:
        try:
            return self._signer.renew(rejected.headers)
        except Exception as error:  # as above
            raise _not_signed(error, rejected.operation, rejected.host) from error


class Service:
    """One service in one region. Operations have the names of the SDK client's methods, such as ``get_volume``.

    All calls raise ServiceError if the service responded with an error, and TransportError if there was no valid
    response. The service can be used by several threads at once; they share its rate limit.
    """

    def __init__(
        self,
        gate: Gate,
        host: str,
        reads: RetryingReads,
        limiter: AdaptiveRateLimiter,
        region: ServiceRegion | None = None,
        latest: LatestReading | None = None,
    ) -> None:
        self._gate = gate
        self._region = region
        self._limiter = limiter
        self._reads = reads
        self._latest = latest
        self.host = host

    def relying_on(self, latest: LatestReading) -> Service:
        """The same service for the requests of one change: a write is not sent once the latest reading is too old."""
        return Service(self._gate, self.host, self._reads, self._limiter, self._region, latest)

    def read(self, operation: str, *args: Any, **kwargs: Any) -> Response:
        """Read, with retries after transient failures (see ReadRetry). The outcome is that of the last attempt."""
        call = self._request(operation, *args, **kwargs)
        return self._reads.call(lambda: self._read_attempt(call))

    def read_once(self, operation: str, *args: Any, **kwargs: Any) -> Response:
        """Read without retries, for a host that may not exist because it was only derived."""
        self._limiter.wait()
        return self._attempt(self._request(operation, *args, **kwargs))

    def wait_turn(self, remaining: Callable[[], float]) -> None:
        """Wait for the rate limit before a write, at most ``remaining`` seconds. Reads wait by themselves."""
        self._limiter.wait(remaining)

    def write(self, operation: str, *args: Any, **kwargs: Any) -> Response:
        """Write. The request is sent once; only after a 401 a principal's signer renews its token.

        With ``relying_on``, it is not sent at all if there was no connection in time: see TransportError.
        """
        send_by = math.inf if self._latest is None else self._latest.usable_until
        return self._attempt(self._request(operation, *args, **kwargs), send_by=send_by)

    def _request(self, operation: str, *args: Any, **kwargs: Any) -> Request:
        return request(operation, *args, **kwargs)._replace(here=self._region)

    def _read_attempt(self, call: Request) -> Response:
        if self._latest is not None:
            self._latest.ask()
        return self._attempt(call, is_retried=True)

    def _attempt(self, call: Request, *, is_retried: bool = False, send_by: float = math.inf) -> Response:
        http_response = self._gate.exchange(call, self.host, is_retried=is_retried, send_by=send_by)
        headers = http_response.headers
        if http_response.status == 429:
            self._limiter.record_throttled(_retry_after(headers))
        else:
            self._limiter.record_accepted()
        if http_response.status >= 400:
            raise _service_error(call, http_response)
        try:
            decoded = decode(call, http_response.body)
        except InvalidResponseError as error:
            raise TransportError(f"{self.host}: {error}", operation=call.operation.name, was_sent=True) from error
        return Response(
            data=decoded.data,
            etag=headers.get("etag"),
            next_page=headers.get("opc-next-page") or None,
            opc_request_id=_request_id(headers),
            unreadable=decoded.unreadable,
        )


class Connection:
    """Authenticated access to every region of a tenancy; created by :func:`connect`.

    ``region`` is the long name of the configured region, the default where none is given.
    """

    def __init__(
        self,
        principal: Principal,
        regions: RegionTable,
        settings: ConnectionSettings,
        environment: Mapping[str, str],
        *,
        concurrency: int,
        retry: ReadRetry,
        timeout: tuple[float, float],
        clock: Clock,
    ) -> None:
        self._principal = principal
        self._environment = environment
        self._realm_specific = settings.realm_specific_endpoint_template_enabled
        self._clock = clock
        self._retry = retry
        self._remaining: Callable[[], float] = lambda: math.inf
        self._services: dict[str, Service] = {}
        self._lock = threading.Lock()
        trust = load_trust(settings.cert_bundle, settings.sources.get("cert_bundle", "option cert_bundle"), environment)
        connect_timeout, read_timeout = timeout
        self._gate = Gate(
            principal.signer,
            Transport(
                Connector(trust, connect_timeout, clock, environment),
                read_timeout=read_timeout,
                concurrency=concurrency,
                clock=clock,
                remaining=self._seconds_left,
            ),
            environment,
        )
        self.regions = regions
        self.tenancy = principal.tenancy
        self.region = regions.expect(principal.region, f"{principal.region_source} names") if principal.region else None
        self.auth_type = principal.auth_type
        self._given_secrets = settings.secrets

    def limit_reads(self, remaining: Callable[[], float]) -> None:
        """Start no further attempt of a read once ``remaining()``, in seconds, is zero, and wait no longer than that,
        but for a few seconds at least, for an answer that is under way.
        """
        self._remaining = remaining

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that must not appear in any output, whether they come from options, the environment or files.

        There are more of them once a token has been renewed.
        """
        principal = self._principal
        return tuple(dict.fromkeys([*self._given_secrets, *principal.secrets, *principal.renewed_secrets()]))

    @property
    def sdk_version(self) -> str | None:
        """The version of the installed SDK, or None without one, which API keys and session tokens don't need."""
        return sdk_version()

    def describe_principal(self) -> str:
        """The principal that signs requests, without secrets: "user ocid1.user… with the API key aa:bb:…"."""
        return self._principal.description

    @property
    def credentials_remedy(self) -> str:
        """What to check or to do if OCI rejects the credentials."""
        return self._principal.remedy

    def block_volume(self, region: str) -> Service:
        """Block Volume in a region, given by short code or long name, as in all these methods.

        All of them raise InputError for a region that is not known, and TransportError, before anything is sent, for
        one of another realm than the tenancy's, which answers may name.
        """
        return self._regional("block_volume", region)

    def compute(self, region: str) -> Service:
        """Compute in a region, which has the host of Block Volume."""
        return self._regional("compute", region)

    def compute_management(self, region: str) -> Service:
        """Instance configurations and instance pools in a region, on the host of Block Volume."""
        return self._regional("compute_management", region)

    def container_engine(self, region: str) -> Service:
        """Container Engine (OKE) in a region."""
        return self._regional("container_engine", region)

    def vaults(self, region: str) -> Service:
        """Vault in a region: its vaults, not their keys."""
        return self._regional("vaults", region)

    def search(self, region: str) -> Service:
        """Resource Search in a region."""
        return self._regional("search", region)

    def identity(self, region: str) -> Service:
        """Identity in a region."""
        return self._regional("identity", region)

    def vault_management(self, endpoint: str) -> Service:
        """The keys of one vault, at the management endpoint that the vault has in a region.

        Raises TransportError, before anything is sent, for an endpoint that is none of the Vault service, or that is of
        another realm than the tenancy: signed requests go to the service's own hosts only.
        """
        try:
            host = management_host(endpoint, self.regions, self._realms())
        except ValueError as error:
            raise ForeignEndpointError(
                f"the management endpoint is refused: {error}. No request was sent to it", operation="GetKey"
            ) from None
        return self._service(host)

    def management_endpoints(self, vault_prefix: str, region: str) -> tuple[str, ...]:
        """The management endpoints that a vault may have in a region, derived from the prefix in its keys' OCIDs.

        Only a guess, so prefer the endpoint that the vault reports. Newer regions use the second form.
        """
        hosts = management_hosts(vault_prefix, self.regions.expect(region, "region"), self.regions)
        return tuple(f"https://{host}" for host in hosts)

    def _realms(self) -> tuple[str, ...]:
        """The realms that are the tenancy's, by its OCID and by the configured region; none if neither is known."""
        parts = re.split("[.:]", self.tenancy or "")  # "ocid1.tenancy.oc1..x", "ocidv1:tenancy:oc1:phx:x"
        realms = [self.regions.realms[self.region]] if self.region else []
        return tuple(dict.fromkeys([*realms, *parts[2:3]]))

    def foreign_realm(self, region: str) -> str | None:
        """The realm of a known region, if that is not the tenancy's: there is nothing of the tenancy."""
        long_name = self.regions.region(region)
        realm = self.regions.realms[long_name] if long_name else None
        realms = self._realms()
        return None if not realms or realm in realms else realm

    def _regional(self, service: str, region: str) -> Service:
        long_name = self.regions.expect(region, "region")
        foreign = self.foreign_realm(long_name)
        if foreign is not None:
            raise ForeignEndpointError(
                f"the region {long_name} is refused: it belongs to realm {foreign}, and the tenancy to"
                f" {', '.join(self._realms())}. No request was sent to it",
                operation=service,
            )
        host = service_host(
            service, long_name, self.regions, realm_specific=self._realm_specific, environment=self._environment
        )
        return self._service(host, ServiceRegion(long_name, self.regions))

    def _service(self, host: str, region: ServiceRegion | None = None) -> Service:
        with self._lock:
            service = self._services.get(host)
            if service is None:
                limiter = AdaptiveRateLimiter(self._clock)
                reads = RetryingReads(self._retry, self._clock, limiter, self._seconds_left)
                service = self._services[host] = Service(self._gate, host, reads, limiter, region)
            return service

    def _seconds_left(self) -> float:
        return self._remaining()


def connect(
    settings: ConnectionSettings,
    *,
    concurrency: int = 32,
    retry: ReadRetry | None = None,
    timeout: tuple[float, float] = (8.0, 60.0),
    clock: Clock | None = None,
) -> Connection:
    """Load the credentials and validate them as far as possible without calling OCI.

    ``concurrency`` limits the calls in flight to one service of a region; ``timeout`` is the seconds to wait for a
    connection and for a response. Only principals whose token has to be obtained make calls here.

    Raises InputError if a setting, a file or a service of the machine that is needed is missing or invalid.
    """
    environment = dict(os.environ)
    regions = region_table(environment)
    return Connection(
        create_principal(settings),
        regions,
        settings,
        environment,
        concurrency=concurrency,
        retry=retry or ReadRetry(),
        timeout=timeout,
        clock=clock or Clock(),
    )


def _client_headers(environment: Mapping[str, str]) -> dict[str, str]:
    """What every request says of its client, as the SDK would."""
    version = sdk_version()
    sdk = f"Oracle-PythonSDK/{version}" if version else "Oracle-PythonSDK/none"
    agent = f"{sdk} (python {platform.python_version()}; {platform.machine()}-{platform.system()}) {USER_AGENT}"
    extra = environment.get("OCI_SDK_APPEND_USER_AGENT")
    return {
        "user-agent": f"{agent} {extra}" if extra else agent,
        "accept": "application/json",
        "connection": "keep-alive",
        "content-type": "application/json",
        "opc-client-info": sdk,
    }


def _not_signed(error: Exception, operation: str, host: str) -> ApiError:
    """The error for a request that was not sent because its signer has no valid token: for credentials that have ended,
    the one that OCI would answer with.
    """
    if isinstance(error, CredentialsEndedError):
        return ServiceError(str(error), operation=operation, status=401, code="NotAuthenticated")
    return TransportError(explain(error, host, was_sent=False), operation=operation, was_sent=False)


def _service_error(call: Request, http_response: HttpResponse) -> ServiceError:
    """The error that a service answered with. Its body should be an object with code and message."""
    try:
        body = json.loads(http_response.body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        body = None
    error = body if isinstance(body, dict) else {}
    message, code = error.get("message"), error.get("code")
    return ServiceError(
        readable(message if isinstance(message, str) and message.strip() else "no message", 600),
        operation=call.operation.name,
        status=http_response.status,
        code=readable(code if isinstance(code, str) and code.strip() else "NoErrorCode", 100),
        opc_request_id=_request_id(http_response.headers),
    )


def _request_id(headers: Mapping[str, str]) -> str | None:
    """The request ID of a response, made readable; real ones are half as long as the limit."""
    header = headers.get("opc-request-id")
    return readable(header, 200) if header else None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """The Retry-After header if it is a number of seconds. OCI does not document it (oci_semantics.md section 4)."""
    text = headers.get("retry-after", "").strip()
    return float(text) if text.isdecimal() and text.isascii() else None
