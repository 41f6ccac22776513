# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults on request: rules that spoil the answers to some calls (oci_semantics.md section 11, last row)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .wire import ApiError

#: Kind to what it does; the README shows the same table.
KINDS: dict[str, str] = {
    "throttle": "429 TooManyRequests, not committed",
    "error_500": "500 InternalServerError, not committed",
    "bad_gateway": "502 with an HTML body, not committed",
    "unavailable": "503 ServiceUnavailable, not committed",
    "status": "any status, code and message, or `text` (details: status, code, message, headers), not committed",
    "clock_skew": "401 NotAuthenticated as for a wrong clock, not committed",
    "token_expired": "401 NotAuthenticated, for this call and whatever else comes with the same session token",
    "page_expired": "400 InvalidParameter for the page token",
    "refuse": "new connections are closed before the proxy answers, open ones before the answer; not committed",
    "drop_before": "the connection is cut before the commit",
    "drop_after": "the connection is cut after the commit, no answer",
    "late": "the connection is cut at once, and the request carried out `seconds` later",
    "slow": "committed, answered after `seconds`",
    "garbage": "committed, answered 200 with something that is not JSON",
    "truncated": "committed, answered with half of the body",
    "body": "committed, answered with `text`, `count` times over, and with status 200 or `status`",
    "empty_page": "a list page without rows, with the token of the page asked for",
    "stale_list": "a list with the state before the last change",
    "meanwhile": "answered as ever, but at that moment others change something (details: changes, by OCID)",
    "trickle": "committed, answered with a byte of the body every `seconds`, or every second",
    "redirect": "307 to the same path at `host`, or at elsewhere.example; not committed",
    "other_record": "committed, answered with the record of another resource: of `other`, or of one of the same sort",
    "foreign_row": "a list with a row more that was not asked for: `of` another compartment, type or realm",
    "lagging_row": "a list of which one row (that of `row`) is as before its last change",
    "bare_record": "committed, a record, or one row (that of `row`), with nothing but id and compartmentId",
    "odd_value": "committed, a record, or one row (that of `row`), `field`, or that of its key, being `value` or false",
    "repeated_member": "committed, a record, or one row (that of `row`), with `field` or its id twice, then with null",
    "foreign_endpoint": "a vault, or a replica, with `url` or https://elsewhere.example as management endpoint",
    "unknown_region": "committed, a record with a region that doesn't exist in `field` or as destinationRegion",
    "repeating_token": "a list whose last page leads to its first one",
    "endless_pages": "a list whose last page leads to an empty one, and that to the next, with new tokens",
}
#: These spoil lists only, whatever the rule's operation.
_LIST_KINDS = frozenset(
    {"empty_page", "stale_list", "page_expired", "foreign_row", "lagging_row", "repeating_token", "endless_pages"}
)
_DETAILS: dict[str, dict[str, type | tuple[type, ...]]] = {
    "status": {"status": int, "code": str, "message": str, "headers": dict, "text": str},
    "late": {"seconds": (int, float)},
    "slow": {"seconds": (int, float)},
    "body": {"text": str, "count": int, "status": int},
    "meanwhile": {"changes": dict},
    "trickle": {"seconds": (int, float)},
    "redirect": {"host": str},
    "other_record": {"other": str},
    "foreign_row": {"of": str},
    "lagging_row": {"row": str},
    "bare_record": {"row": str},
    "odd_value": {"field": str, "value": object, "row": str},
    "repeated_member": {"field": str, "row": str},
    "foreign_endpoint": {"url": str},
    "unknown_region": {"field": str},
}
#: What a row is not of, in `foreign_row`.
_FOREIGN = ("compartment", "type", "realm")
_UNAUTHENTICATED = ApiError(
    401,
    "NotAuthenticated",
    "The required information to complete authentication was not provided or was incorrect.",
)
_ANSWERS = {
    "throttle": ApiError(429, "TooManyRequests", "User-rate limit exceeded."),
    "error_500": ApiError(500, "InternalServerError", "An internal server error occurred."),
    "unavailable": ApiError(503, "ServiceUnavailable", "The service is currently unavailable."),
    "clock_skew": _UNAUTHENTICATED,
    "token_expired": _UNAUTHENTICATED,
    "page_expired": ApiError(400, "InvalidParameter", "page is invalid or has expired."),
}


class FaultError(ValueError):
    """A rule that can't be; the message names what can."""


@dataclass(slots=True)
class Rule:
    """Spoils `times` calls (None: all) after `after` that match."""

    kind: str
    operation: str = "*"
    times: int | None = 1
    after: int = 0
    region: str | None = None
    resource: str | None = None
    details: dict[str, Any] = field(default_factory=dict)

    def hits(self, operation: str, region: str, resource: str, is_list: bool) -> bool:
        """Whether this call is to be spoilt; counts the matches."""
        if self.times == 0 or self.operation not in ("*", operation):
            return False
        if self.kind in _LIST_KINDS and not is_list:
            return False
        if self.region not in (None, region) or self.resource not in (None, resource):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True

    def error(self) -> ApiError | None:
        """The refusal, for the kinds that are one."""
        if self.kind == "status":
            more = self.details
            return ApiError(more["status"], more.get("code", "Unknown"), more.get("message", "Injected."))
        return _ANSWERS.get(self.kind)


class Faults:
    """The rules in the order given; the first one that matches spoils the call."""

    def __init__(self, operations: frozenset[str]) -> None:
        self._operations = operations | {"*", "Connect"}
        self.rules: list[Rule] = []

    def add(self, data: Mapping[str, Any]) -> None:
        self.rules.append(self._checked(dict(data)))

    def clear(self) -> None:
        self.rules.clear()

    def find(self, operation: str, region: str, resource: str, is_list: bool) -> Rule | None:
        return next((rule for rule in self.rules if rule.hits(operation, region, resource, is_list)), None)

    def refuses_connection(self, region: str) -> bool:
        """Before there is an operation: only rules for all of them, or for `Connect`."""
        rules = [rule for rule in self.rules if rule.kind == "refuse"]
        return any(rule.resource is None and rule.hits("Connect", region, "", False) for rule in rules)

    def _checked(self, data: dict[str, Any]) -> Rule:
        rule = Rule(
            kind=data.pop("kind", ""),
            operation=data.pop("operation", "*"),
            times=data.pop("times", 1),
            after=data.pop("after", 0),
            region=data.pop("region", None),
            resource=data.pop("resource", None),
            details=data,
        )
        if rule.kind not in KINDS:
            raise FaultError(f"there is no fault {rule.kind!r}; there are: {', '.join(KINDS)}")
        if rule.operation not in self._operations:
            raise FaultError(
                f"there is no operation {rule.operation!r}; there are: {', '.join(sorted(self._operations))}"
            )
        if not _count(rule.after) or not (rule.times is None or _count(rule.times)):
            raise FaultError("after must be a whole number, times too or null for ever")
        allowed = _DETAILS.get(rule.kind, {})
        for name, value in rule.details.items():
            if name not in allowed:
                raise FaultError(
                    f"fault {rule.kind} takes no {name!r}; it takes: {', '.join(allowed) or 'nothing more'}"
                )
            if not isinstance(value, allowed[name]):
                raise FaultError(f"fault {rule.kind}: {name} can't be {value!r}")
        if rule.kind == "status" and "status" not in rule.details:
            raise FaultError("fault status needs a status")
        if rule.kind in ("late", "slow") and "seconds" not in rule.details:
            raise FaultError(f"fault {rule.kind} needs seconds")
        if rule.kind == "body" and "text" not in rule.details:
            raise FaultError("fault body needs a text")
        if rule.details.get("of", _FOREIGN[0]) not in _FOREIGN:
            raise FaultError(f"fault foreign_row: of must be one of {', '.join(_FOREIGN)}")
        if rule.kind == "meanwhile" and not rule.details.get("changes"):
            raise FaultError("fault meanwhile needs changes")
        return rule


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
