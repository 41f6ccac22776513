# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers that are well formed and wrong: small transformers of what an operation has answered.

An operation is carried out as ever; then a transformer, named as the kind of fault is, gets its answer with status 200
and the details of the rule, and gives another answer. Records are those of the answer itself, or of its rows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from .api import OPERATIONS, Call, Operation, scope
from .kinds.assignments import Assigned
from .state import Resource
from .wire import ApiError, Json, Reply, encode, page_offset, page_token

Details = Mapping[str, Any]
Transformer = Callable[[Call, Reply, Details], Reply]

#: Any host of this domain exists, and plays the part of every service. All that it is asked is logged as `Elsewhere`.
ELSEWHERE_DOMAIN = ".example"
ELSEWHERE = "elsewhere.example"

_KEY_FIELDS = ("kmsKeyId", "xrcKmsKeyId")
_AGAIN = "\x00again"


def wrong(kind: str, call: Call, reply: Reply, details: Details) -> Reply:
    """The reply as this kind of fault spoils it; refusals, and answers without a body, stay as they are."""
    transform = TRANSFORMERS.get(kind)
    if transform is None or reply.status != 200 or not reply.body:
        return reply
    return transform(call, reply, details)


# --- about another resource


def _other_record(call: Call, reply: Reply, details: Details) -> Reply:
    """The answer to the same question about another resource, of the same sort unless `other` names one."""
    document = json.loads(reply.body)
    asked = _asked_for(call, document)
    for other in _others(call, asked, details):
        try:
            return _answer_about(call, other)
        except ApiError:
            continue
    if "other" in details:
        raise AssertionError(f"{call.operation.name} can't be answered with {details['other']}")
    return _edited(reply, lambda record: record.update(id=_alike(str(record["id"]))))


def _asked_for(call: Call, document: Any) -> str:
    """The OCID of which the operation speaks: in the path, in the query, or that of what was made."""
    made = document.get("id") if isinstance(document, dict) and call.operation.method == "POST" else None
    return str(made or call.query.get("assetId") or call.ident)


def _others(call: Call, asked: str, details: Details) -> Iterator[str]:
    if "other" in details:
        yield str(details["other"])
        return
    resource = call.cloud.resources.get(asked)
    if resource is not None:
        yield from (one.id for one in list(call.cloud.all(type(resource))) if one.id != asked)
    if "assetId" in call.query:
        yield from (asset for asset in call.cloud.shelf(Assigned) if asset != asked)


def _answer_about(call: Call, other: str) -> Reply:
    query = call.query | ({"assetId": other} if "assetId" in call.query else {})
    resource = call.cloud.resources.get(other)
    here = call.site if resource is None else call.cloud.sites.get(resource.region, call.site)
    target = replace(call.target, vault=_vault_of(resource) or call.target.vault)
    asked = replace(call, operation=_read_of(call.operation), ident=other, query=query, body=b"", target=target)
    try:
        reply = asked.operation.run(asked)
    except ApiError:
        # A copy is in another region than where it was asked for.
        reply = asked.operation.run(replace(asked, site=here))
    if query != call.query and reply.body == b"[]":
        raise ApiError(404, "NotFound", "It has none.")
    return reply


def _vault_of(resource: Resource | None) -> str:
    return str(getattr(getattr(resource, "vault", None), "id", ""))


def _read_of(operation: Operation) -> Operation:
    """The operation that reads what this one changes or makes."""
    if operation.method == "GET":
        return operation
    paths = (operation.path, f"{operation.path}/*", "/".join(operation.path.split("/")[:4]))
    reads = {one.path: one for one in OPERATIONS if one.service == operation.service and one.method == "GET"}
    return next(reads[path] for path in paths if path in reads and not reads[path].is_list)


def _foreign_row(call: Call, reply: Reply, details: Details) -> Reply:
    """A list with one row more, which is not of the compartment, of the type, or of the realm that was asked for."""
    of = details.get("of", "compartment")

    def add(rows: list[Json]) -> None:
        model = next((row for row in rows if _id_field(row)), None)
        if model is None:
            return
        field = str(_id_field(model))
        parts = _alike(str(model[field])).split(".")
        if of == "type":
            parts[1] = "instance" if parts[1] != "instance" else "image"
        if of == "realm":
            parts[2] = "oc2" if parts[2] != "oc2" else "oc3"
        row = model | {field: ".".join(parts), "displayName": f"foreign {of}"}
        if of == "compartment":
            row["compartmentId"] = _alike(str(row.get("compartmentId") or call.cloud.tenancy.id))
        rows.insert(0, row)

    return _with_rows(reply, add)


def _id_field(row: Json) -> str | None:
    return next((name for name in ("id", "identifier") if isinstance(row.get(name), str)), None)


def _alike(ocid: str) -> str:
    """An OCID that nothing has, made of another one's."""
    return re.sub(r"[^.:]{0,8}$", "foreign2", ocid, count=1)


# --- records that can't be, or are too old


def _lagging_row(call: Call, reply: Reply, details: Details) -> Reply:
    """A list of which one row is as it was before its last change: that of `row`, or the first that has changed."""
    former = {row.get("id"): row for row in _rows(json.loads(call.operation.run(replace(call, stale=True)).body))}
    lagging = details.get("row")

    def put_back(rows: list[Json]) -> None:
        for index, row in enumerate(rows):
            before = former.get(row.get("id"), row)
            if before != row and lagging in (None, row.get("id")):
                rows[index] = before
                return

    return _with_rows(reply, put_back)


def _bare_record(call: Call, reply: Reply, details: Details) -> Reply:
    """A record of which `id` and `compartmentId` are left, and nothing else."""

    def strip(record: Json) -> None:
        for name in record.keys() - {"id", "compartmentId", "identifier"}:
            del record[name]

    return _edited(reply, strip, details.get("row"))


def _odd_value(call: Call, reply: Reply, details: Details) -> Reply:
    """A record with a value that can't be: in `field`, whose parts are separated by dots, or in that of its key."""
    value = details.get("value", False)

    def put(record: Json) -> None:
        field = details.get("field") or next((name for name in _KEY_FIELDS if name in record), _KEY_FIELDS[0])
        *parents, name = field.split(".")
        for parent in parents:
            record[parent] = dict(record.get(parent) or {})
            record = record[parent]
        record[name] = value

    return _edited(reply, put, details.get("row"))


def _repeated_member(call: Call, reply: Reply, details: Details) -> Reply:
    """A JSON object in which one member, `field`, stands twice, the second time with null."""
    field = details.get("field", "id")
    spoilt = _edited(reply, lambda record: record.update({f"{field}{_AGAIN}": None}), details.get("row"))
    # The mark as JSON writes it.
    spoilt.body = spoilt.body.replace(json.dumps(_AGAIN)[1:-1].encode(), b"")
    return spoilt


def _foreign_endpoint(call: Call, reply: Reply, details: Details) -> Reply:
    """A vault, or a replica of one, that names a management endpoint which is none of OCI's."""
    url = details.get("url", f"https://{ELSEWHERE}")
    return _odd_value(call, reply, {"field": "managementEndpoint", "value": url})


def _unknown_region(call: Call, reply: Reply, details: Details) -> Reply:
    """A record that names a region which nobody knows: a backup policy that copies there, unless `field` is another."""
    field = details.get("field", "destinationRegion")
    return _odd_value(call, reply, {"field": field, "value": "xx-nowhere-1"})


# --- pages that don't end


def _repeating_token(call: Call, reply: Reply, details: Details) -> Reply:
    """A last page that leads to the first one."""
    if "opc-next-page" in reply.headers:
        return reply
    return Reply(200, reply.body, reply.headers | {"opc-next-page": page_token(scope(call), 0)})


def _endless_pages(call: Call, reply: Reply, details: Details) -> Reply:
    """After the last page another one without rows, with a token never seen before, and so on."""
    if "opc-next-page" in reply.headers:
        return reply
    start = page_offset(scope(call), call.query.get("page"))
    token = page_token(scope(call), start + max(1, len(_rows(json.loads(reply.body)))))
    return Reply(200, reply.body, reply.headers | {"opc-next-page": token})


TRANSFORMERS: dict[str, Transformer] = {
    "other_record": _other_record,
    "foreign_row": _foreign_row,
    "lagging_row": _lagging_row,
    "bare_record": _bare_record,
    "odd_value": _odd_value,
    "repeated_member": _repeated_member,
    "foreign_endpoint": _foreign_endpoint,
    "unknown_region": _unknown_region,
    "repeating_token": _repeating_token,
    "endless_pages": _endless_pages,
}


# --- records and rows


def _rows(document: Any) -> list[Json]:
    """The rows of a list, of a search, or the one record."""
    rows = document.get("items", [document]) if isinstance(document, dict) else document
    return rows if isinstance(rows, list) else []


def _with_rows(reply: Reply, change: Callable[[list[Json]], None]) -> Reply:
    document = json.loads(reply.body)
    change(_rows(document))
    return Reply(reply.status, encode(document), reply.headers)


def _edited(reply: Reply, change: Callable[[Json], None], row: str | None = None) -> Reply:
    """With one record changed: the one with that OCID, or else the first."""

    def edit(rows: list[Json]) -> None:
        for record in rows:
            if row in (None, record.get("id"), record.get("identifier")):
                change(record)
                return

    return _with_rows(reply, edit)
