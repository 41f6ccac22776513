# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests for the operations of the table: path, query, headers and body. Pure.

On the wire they are what the SDK's own client sends for the same call, which a test compares; but an OCID of a path is
always percent-encoded, so that it is one segment of it whatever it contains.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from .._common.errors import TransportError
from .operation_table import OPERATIONS
from .operation_types import Operation, Request, in_python

__all__ = ["OPERATIONS", "Operation", "Request", "request"]


def request(name: str, /, *args: Any, **kwargs: Any) -> Request:
    """The request for an operation, by the name and arguments that the SDK's method has; None means not given.

    Raises TransportError if an OCID of its path is empty, KeyError or TypeError for what the table does not have.
    """
    operation = OPERATIONS[name]
    named = [argument for argument in operation.arguments if argument in kwargs]
    if len(args) + len(named) != len(operation.arguments) or named != list(operation.arguments[len(args) :]):
        raise TypeError(f"{name} takes {', '.join(operation.arguments) or 'no arguments by position'}")
    given: dict[str, Any] = {**dict(zip(operation.arguments, args)), **kwargs}
    details = given.pop("details") if operation.has_body else None
    asked = {argument: value for argument, value in given.items() if value is not None}
    path = operation.path
    for argument in operation.arguments:
        in_json = _in_json(argument)
        if f"{{{in_json}}}" in path:
            path = path.replace(f"{{{in_json}}}", _path_segment(operation, asked.get(argument)))
    known = {in_python(each): each for each in (*operation.query, *operation.headers)}
    unknown = [argument for argument in given if argument not in known and argument not in operation.arguments]
    if unknown:
        raise TypeError(f"{name} has no argument {unknown[0]}")
    query = [(each, _in_query(asked[in_python(each)])) for each in operation.query if in_python(each) in asked]
    return Request(
        operation,
        f"{path}?{urlencode(query)}" if query else path,
        {each: str(asked[in_python(each)]) for each in operation.headers if in_python(each) in asked},
        None if details is None else json.dumps(details).encode(),
        {**asked, **(details or {})},
    )


def _path_segment(operation: Operation, value: Any) -> str:
    """One segment of a path, whatever the value: it can neither begin another one nor lead up."""
    if not isinstance(value, str) or not value.strip():
        raise TransportError("the OCID to ask for is empty", operation=operation.name, was_sent=False)
    segment = quote(value, safe="")
    return segment.replace(".", "%2E") if segment.strip(".") == "" else segment


def _in_query(value: Any) -> str:
    return ("false", "true")[value] if isinstance(value, bool) else str(value)


@cache
def _in_json(argument: str) -> str:
    first, *others = argument.split("_")
    return first + "".join(map(str.capitalize, others))
