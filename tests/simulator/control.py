# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plain-HTTP listener: the control API for tests, and the instance metadata service.

Control API (JSON both ways): see README.md. Metadata: `OCI_METADATA_BASE_URL` is `<url>/opc/v2`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

from .faults import FaultError
from .fleet import FleetError, read
from .home import Home
from .service import Service
from .switches import SwitchError
from .wire import Json

Handler = Callable[[str, dict[str, str], Any], Any]


class Control:
    """Answers on the second listener."""

    def __init__(self, service: Service, home: Home, describe: Callable[[], Json]) -> None:
        self._service = service
        self._home = home
        self._describe = describe
        #: How it was started; a reset without arguments goes back to it.
        self._first_fleet = service.fleet
        self._first_settings = service.switches.as_dict()
        self._routes: dict[tuple[str, str], Handler] = {
            ("GET", "ready"): lambda rest, query, body: describe(),
            ("POST", "reset"): self._reset,
            ("GET", "switches"): lambda rest, query, body: service.switches.as_dict(),
            ("POST", "switches"): lambda rest, query, body: service.set(body),
            ("POST", "faults"): lambda rest, query, body: service.spoil(body),
            ("DELETE", "faults"): lambda rest, query, body: service.faults.clear(),
            ("GET", "calls"): lambda rest, query, body: service.journal.calls(query.get("operation")),
            ("GET", "counts"): self._counts,
            ("DELETE", "counts"): self._reset_counts,
            ("GET", "resources"): self._resources,
            ("POST", "resources"): lambda rest, query, body: service.alter(rest, body),
            ("GET", "id"): lambda rest, query, body: {"id": self._id(query["name"])},
        }

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path.startswith("/opc/"):
            return self._metadata(request)
        name, _slash, rest = request.path.strip("/").partition("/")
        handler = self._routes.get((request.method, name))
        if handler is None:
            return _json({"error": f"there is no {request.method} /{name}"}, 404)
        text = await request.text()
        try:
            return _json(handler(rest, dict(request.query), json.loads(text) if text else None))
        except (FleetError, SwitchError, FaultError) as error:
            return _json({"error": str(error)}, 400)
        except KeyError as error:
            return _json({"error": f"there is no {error}"}, 404)

    def _reset(self, rest: str, query: dict[str, str], body: Json) -> Json:
        service = self._service
        fleet = read(body["fleet"]) if body.get("fleet") is not None else self._first_fleet
        given = {name: body[name] for name in ("settle", "latency") if body.get(name) is not None}
        service.reset(fleet, self._first_settings | given)
        self._home.write(service.cloud, service.tokens)
        return self._describe()

    def _counts(self, rest: str, query: dict[str, str], body: Any) -> Json:
        journal = self._service.journal
        return {
            "operations": journal.counts(),
            "regions": journal.counts_by_region(),
            "needless_puts": self._service.cloud.needless_puts,
            "strangers": dict(sorted(self._service.strangers.items())),
        }

    def _reset_counts(self, rest: str, query: dict[str, str], body: Any) -> None:
        self._service.journal.clear()
        self._service.strangers.clear()
        self._service.cloud.needless_puts = 0

    def _resources(self, rest: str, query: dict[str, str], body: Any) -> Any:
        service = self._service
        if rest:
            return service.truth(rest)
        kind = query.get("kind")
        return [service.truth(one.id) for one in service.cloud.resources.values() if kind in (None, one.kind)]

    def _id(self, name: str) -> str:
        tenancy = self._service.cloud.tenancy
        if name in ("tenancy", "root", f"tenancy:{tenancy.name}"):
            return tenancy.id
        return self._service.cloud.lookup(name).id

    def _metadata(self, request: web.BaseRequest) -> web.StreamResponse:
        """The parts of the instance metadata service that the SDK asks for (oci/auth/signers)."""
        instance = self._service.instance
        if request.headers.get("Authorization") != "Bearer Oracle":
            return web.Response(status=401, text="Unauthorized")
        path = request.path.removeprefix("/opc/v2/")
        region = instance.region
        if path == "instance/region":
            return web.Response(text=region.in_ocid)
        if path == "instance/id":
            return web.Response(text=instance.id)
        if path == "instance/regionInfo":
            return _json(
                {
                    "realmKey": region.realm,
                    "realmDomainComponent": region.domain,
                    "regionKey": region.key,
                    "regionIdentifier": region.name,
                }
            )
        folder, _slash, name = path.partition("/")
        if folder == "identity" and name in ("cert.pem", "key.pem", "intermediate.pem"):
            return web.Response(body=instance.file(name))
        return web.Response(status=404, text="Not found")


def _json(value: Any, status: int = 200) -> web.Response:
    return web.json_response(value, status=status)
