# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Resource Search: the structured queries of oci_semantics.md section 1.9.

    query <type>[, <type>...] resources [return allAdditionalFields] [where <conditions>] [sorted by <field> asc|desc]

It leaves out silently what the caller may not inspect (0.24).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from simulator.api import Call, declare, scope
from simulator.kinds.compartments import inspectable
from simulator.state import Resource
from simulator.wire import Json, Reply, cut, date, encode, invalid

_LARGEST_PAGE = 1000
_BODY = frozenset({"type", "query", "matchingContextType"})
_QUERY = re.compile(
    r"\s*query\s+(?P<types>[\w\s,]+?)\s+resources"
    r"(?:\s+return\s+(?P<fields>[\w\s,]+?))?"
    r"(?:\s+where\s+(?P<where>.+?))?"
    r"(?:\s+sorted\s+by\s+(?P<sort>\w+)(?:\s+(?P<order>asc|desc))?)?\s*",
    re.IGNORECASE | re.DOTALL,
)
_TOKEN = re.compile(r"\s*(?:(?P<op>&&|\|\||!=|==|=|\(|\))|(?P<word>\w+)|'(?P<text>[^']*)'|\"(?P<text2>[^\"]*)\")")
_FIELDS = {
    name.lower(): name
    for name in ("identifier", "compartmentId", "displayName", "lifecycleState", "availabilityDomain", "resourceType")
}

#: What the switch `search_hides` hides.
_FAMILIES = {
    "Key": "keys",
    "Volume": "volumes",
    "BootVolume": "volumes",
    "VolumeBackup": "backups",
    "BootVolumeBackup": "backups",
    "VolumeGroupBackup": "backups",
}

Test = Callable[[Json], bool]


class _Conditions:
    """`field op 'value'` joined by && and ||, with brackets."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        position = 0
        while text[position:].strip():
            match = _TOKEN.match(text, position)
            if match is None:
                raise _wrong(text[position:])
            kind = match.lastgroup or ""
            self._tokens.append((kind.rstrip("2"), match[kind]))
            position = match.end()

    def parse(self) -> Test:
        test = self._any()
        if self._tokens:
            raise _wrong(self._tokens[0][1])
        return test

    def _next(self, *kinds: str) -> str:
        if not self._tokens or self._tokens[0][0] not in kinds:
            raise _wrong(self._tokens[0][1] if self._tokens else "the end")
        return self._tokens.pop(0)[1]

    def _joined(self, *operators: str) -> bool:
        if self._tokens and self._tokens[0][0] != "text" and self._tokens[0][1].lower() in operators:
            self._tokens.pop(0)
            return True
        return False

    def _any(self) -> Test:
        tests = [self._all()]
        while self._joined("||", "or"):
            tests.append(self._all())
        return lambda row: any(test(row) for test in tests)

    def _all(self) -> Test:
        tests = [self._single()]
        while self._joined("&&", "and"):
            tests.append(self._single())
        return lambda row: all(test(row) for test in tests)

    def _single(self) -> Test:
        if self._joined("("):
            inner = self._any()
            if not self._joined(")"):
                raise _wrong("a bracket that is not closed")
            return inner
        word = self._next("word")
        field = _FIELDS.get(word.lower())
        if field is None:
            raise invalid(f"Query is invalid: unknown field {word}.")
        operator = self._next("op")
        value = self._next("text")
        if operator == "==":
            return lambda row: row.get(field) == value
        if operator == "=":
            return lambda row: str(row.get(field)).lower() == value.lower()
        if operator == "!=":
            return lambda row: str(row.get(field)).lower() != value.lower()
        raise _wrong(operator)


def _wrong(what: str) -> Exception:
    return invalid(f"Query is invalid near: {what.strip()[:60]}")


def _search(call: Call) -> Reply:
    body = call.document(_BODY)
    if body.get("type") != "Structured" or not isinstance(body.get("query"), str):
        raise invalid("type must be Structured, with a query.")
    if "tenantId" in call.query and call.query["tenantId"] != call.cloud.tenancy.id:
        raise invalid("tenantId is not a tenancy that the caller may search.")
    match = _QUERY.fullmatch(body["query"])
    if match is None:
        raise _wrong(body["query"])
    types = {word.strip().lower() for word in match["types"].split(",")}
    fields = {word.strip().lower() for word in (match["fields"] or "").split(",")}
    test = _Conditions(match["where"]).parse() if match["where"] else lambda row: True
    rows = [row for row in _found(call, types, "alladditionalfields" in fields) if test(row)]
    if match["sort"]:
        field = _FIELDS.get(match["sort"].lower(), match["sort"])
        rows.sort(key=lambda row: str(row.get(field)), reverse=(match["order"] or "asc").lower() == "desc")
    page, following = cut(rows, scope(call), call.query, _LARGEST_PAGE, 500)
    return Reply(200, encode({"items": page}), {"opc-next-page": following} if following else {})


def _found(call: Call, types: set[str], additional: bool) -> list[Json]:
    known = set(_known_types(Resource))
    if "all" not in types and not types <= known:
        raise invalid(f"Query is invalid: unknown resource type {', '.join(sorted(types - known))}.")
    hides = call.switch("search_hides")
    rows = []
    for resource in call.cloud.resources.values():
        kind = resource.search_type
        if not kind or not ("all" in types or kind.lower() in types) or not inspectable(call.cloud, resource):
            continue
        if hides == "everything" or _FAMILIES.get(kind) == hides:
            continue
        resource.settle(call.cloud, call.now)
        state = resource.state_in(call.cloud, call.region)
        if state is not None:
            rows.append(_row(resource, state, additional))
    return rows


def _known_types(kind: type[Resource]) -> Iterator[str]:
    """The types that a query may name, be there anything of them or not."""
    if kind.search_type:
        yield kind.search_type.lower()
    for narrower in kind.__subclasses__():
        yield from _known_types(narrower)


def _row(resource: Resource, state: Json, additional: bool) -> Json:
    more: Any = state.get("additionalDetails", {}) if additional else {}
    return {
        "resourceType": resource.search_type,
        "identifier": resource.id,
        "compartmentId": resource.compartment_id,
        "timeCreated": date(resource.created),
        "displayName": resource.name,
        "availabilityDomain": None,
        "freeformTags": {},
        "definedTags": {},
        "systemTags": {},
        "searchContext": None,
        "identityContext": {},
        **state,
        "additionalDetails": more,
    }


declare("SearchResources", "query POST /20180409/resources", _search, "limit, page, tenantId")
