# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls that look keys up: at the rate that Vault allows, and not to hosts that could not be reached before."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from .._api.client import Connection, Response, Service
from .._common.clock import Clock
from .._common.concurrency import FixedRateLimiter
from .._common.errors import ApiError, ServiceError, TransportError
from .not_found import is_definite

# Vault may throttle a tenancy at ten calls a second (oci_semantics.md section 9), and others call it too.
_CALLS_PER_SECOND = 4


class LookupCalls:
    """All calls that look keys up. They raise ApiError; a host that could not be connected to is not tried again."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._limit = FixedRateLimiter(_CALLS_PER_SECOND, clock)
        self._unreachable: dict[str, TransportError] = {}
        self._credentials_accepted = False
        self._unauthenticated: ServiceError | None = None

    @property
    def refused_credentials(self) -> ServiceError | None:
        """The 401, if there was one and no call so far showed that the credentials are accepted."""
        return None if self._credentials_accepted else self._unauthenticated

    def search(self, region: str, details: dict[str, str], **query: Any) -> Response:
        """Search in a region. It is only a shortcut, so it is called twice at most: there are other ways to a vault."""
        host = f"search {region}"
        self._expect_reachable(host)
        call = partial(self._connection.search(region).read_once, "search_resources", details, **query)
        try:
            return self._record_credentials(call)
        except ApiError as error:
            if is_definite(error):
                raise
        return self._record_reachability(host, call)

    def vaults(self, region: str, operation: str, *args: Any, **kwargs: Any) -> Response:
        """An operation on the vaults of a region."""
        return self._read(self._connection.vaults(region), f"kms {region}", operation, *args, **kwargs)

    def keys(self, endpoint: str, operation: str, *args: Any, **kwargs: Any) -> Response:
        """An operation at the management endpoint of a vault."""
        return self._read(self._connection.vault_management(endpoint), endpoint, operation, *args, **kwargs)

    def key_at_derived_endpoint(self, endpoint: str, kms_key_id: str) -> Response:
        """GetKey at an endpoint that may not exist, without retries."""
        service = self._connection.vault_management(endpoint)
        self._limit.wait()
        return self._record_credentials(partial(service.read_once, "get_key", kms_key_id))

    def _read(self, service: Service, host: str, operation: str, *args: Any, **kwargs: Any) -> Response:
        self._expect_reachable(host)
        self._limit.wait()
        self._expect_reachable(host)  # another thread may have found out meanwhile
        return self._record_reachability(host, partial(service.read, operation, *args, **kwargs))

    def _expect_reachable(self, host: str) -> None:
        if host in self._unreachable:
            raise self._unreachable[host]

    def _record_reachability(self, host: str, call: Callable[[], Response]) -> Response:
        try:
            return self._record_credentials(call)
        except TransportError as error:
            if not error.was_sent:
                self._unreachable[host] = error
            raise

    def _record_credentials(self, call: Callable[[], Response]) -> Response:
        """Record what a response says about the credentials, which OCI checks before everything else."""
        try:
            response = call()
        except ServiceError as error:
            if error.status == 401:
                self._unauthenticated = error
            elif is_definite(error):
                self._credentials_accepted = True
            raise
        self._credentials_accepted = True
        return response
