# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads of Identity: any region of the tenancy can answer them. Among them the regions that it is subscribed to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .._api.client import Connection, Response
from .._api.iam import refused_credentials
from .._api.pagination import complete_rows
from .._api.settings import how_to_set
from .._common.errors import ApiError, InputError, ServiceError


@dataclass(frozen=True)
class Subscription:
    """A region that the tenancy is subscribed to; ``status`` is READY or IN_PROGRESS."""

    name: str
    status: str
    is_home: bool

    @property
    def is_ready(self) -> bool:
        return self.status == "READY"


class IdentityReader:
    """Reads Identity. Its responses are the same in every region, so if one region
    can't be reached, another one is asked.

    ``regions`` are the ones to ask besides the region of the connection options. Raises InputError if tenancy or region
    are not set, or if OCI does not accept the credentials.
    """

    def __init__(self, connection: Connection, regions: Iterable[str] = ()) -> None:
        self._connection = connection
        own = [connection.region] if connection.region else []
        self._regions = list(dict.fromkeys([*own, *regions]))
        if not self._regions:
            raise InputError(f"No region is set: {how_to_set('region')}")
        if connection.tenancy is None:
            raise InputError(f"No tenancy is set: {how_to_set('tenancy')}")
        self.id: str = connection.tenancy
        self._unreachable: ApiError | None = None

    def subscriptions(self) -> list[Subscription]:
        """ListRegionSubscriptions. Raises ApiError."""
        rows = complete_rows(self.read("list_region_subscriptions", self.id), "region subscriptions")
        return [Subscription(row.region_name, row.status, bool(row.is_home_region)) for row in rows]

    def read(self, operation: str, *args: Any, **kwargs: Any) -> Response:
        """Read in the first region that responds, which is the first one to ask from then on."""
        if self._unreachable is not None:
            raise self._unreachable
        failures: list[ApiError] = []
        for region in self._regions:
            try:
                response = self._connection.identity(region).read(operation, *args, **kwargs)
            except ApiError as error:
                if not error.is_region_wide:
                    raise
                failures.append(error)
            else:
                if failures:
                    self._regions = [region, *(other for other in self._regions if other != region)]
                return response
        first = failures[0]
        if isinstance(first, ServiceError) and first.status == 401:
            raise refused_credentials(self._connection, first.code, first.message)
        self._unreachable = first
        raise first
