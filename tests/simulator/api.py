# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How an operation is declared, and what it is given: one call, already authenticated and parsed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .hosts import Target
from .kinds.compartments import accessible
from .state import CloudState, Site
from .wire import ApiError, Json, Reply, encode, invalid, missing, not_found


@dataclass(frozen=True, slots=True)
class Operation:
    """One line of Appendix A: how the call is made, and the function that answers it."""

    name: str
    service: str
    method: str
    path: str
    run: Callable[[Call], Reply]
    query: frozenset[str]
    required: tuple[str, ...]
    is_list: bool


OPERATIONS: list[Operation] = []


def declare(
    name: str,
    request: str,
    run: Callable[[Call], Reply],
    query: str = "",
) -> None:
    """`request` is `service METHOD /path/*`; `query` lists the parameters, `*` marking the required ones."""
    service, method, path = request.split()
    names = query.replace(",", " ").split()
    OPERATIONS.append(
        Operation(
            name=name,
            service=service,
            method=method,
            path=path,
            run=run,
            query=frozenset(word.rstrip("*") for word in names),
            required=tuple(word[:-1] for word in names if word.endswith("*")),
            is_list="page" in names,
        )
    )


@dataclass(slots=True)
class Call:
    """One request to one operation."""

    cloud: CloudState
    operation: Operation
    target: Target
    site: Site
    ident: str
    query: dict[str, str]
    body: bytes
    headers: Mapping[str, str]
    now: float
    #: Lists show the state before the last change (a fault of that name).
    stale: bool = False

    @property
    def region(self) -> str:
        return self.site.region.name

    def switch(self, name: str) -> Any:
        return self.cloud.switches[name]

    def compartment(self) -> str | None:
        """The compartment asked for, if any; a closed or unknown one is a 404 (section 4)."""
        wanted = self.query.get("compartmentId")
        if wanted is not None and not accessible(self.cloud, wanted):
            raise not_found()
        return wanted

    def document(self, fields: frozenset[str]) -> Json:
        """The JSON body, with no other fields than these."""
        try:
            parsed = json.loads(self.body)
        except ValueError as error:
            raise ApiError(400, "CannotParseRequest", "The request body is not valid JSON.") from error
        if not isinstance(parsed, dict):
            raise ApiError(400, "CannotParseRequest", "The request body must be a JSON object.")
        if not parsed.keys() <= fields:
            raise invalid(f"Unrecognized field: {', '.join(sorted(parsed.keys() - fields))}.")
        return parsed

    def check_match(self, etag: str) -> None:
        """`if-match` (section 4)."""
        wanted = self.headers.get("if-match")
        if wanted is not None and wanted not in ("*", etag):
            raise ApiError(
                int(self.switch("stale_etag_code")),
                "NoEtagMatch",
                "The resource has changed since the given etag was read.",
            )

    def check_query(self) -> None:
        operation = self.operation
        if not self.query.keys() <= operation.query:
            raise invalid(f"Unknown query parameter: {', '.join(sorted(self.query.keys() - operation.query))}.")
        for name in operation.required:
            if name not in self.query:
                raise missing(name)


def one(document: Any, etag: str = "") -> Reply:
    return Reply(200, encode(document), {"etag": etag} if etag else {})


def many(rows: list[Json], next_page: str = "", etag: str = "") -> Reply:
    headers = {"opc-next-page": next_page} if next_page else {}
    if etag:
        headers["etag"] = etag
    return Reply(200, encode(rows), headers)


def scope(call: Call) -> str:
    """What a page token is good for: this operation, this region, these filters."""
    filters = sorted((name, value) for name, value in call.query.items() if name not in ("page", "limit"))
    return f"{call.operation.name} {call.region} {call.target.vault} {filters} {call.body!r}"


def checked(call: Call, name: str, values: tuple[str, ...], default: str) -> str:
    """An enumerated query parameter."""
    value = call.query.get(name, default)
    if value not in values:
        raise invalid(f"{name} must be one of {', '.join(values)}.")
    return value
