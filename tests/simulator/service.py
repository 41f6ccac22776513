# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way of a request: host, route, signature, faults, rates, operation, log (oci_semantics.md sections 1, 4, 5)."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, unquote

from .api import Call, Operation, scope
from .build import build
from .faults import FaultError, Faults, Rule
from .federation import FEDERATION_PATH, PROXYMUX_PATH, Instance, federate, federate_elsewhere, proxymux
from .fleet import Entry as FleetEntry
from .hosts import Target, directory
from .journal import Entry, Journal, kept_headers
from .operations import ALL
from .principals import Principal, Tokens
from .signatures import key_id, verify
from .switches import Switches
from .wire import ApiError, Json, Reply, page_offset, page_token, request_id
from .wrong_answers import ELSEWHERE, ELSEWHERE_DOMAIN, wrong

_ROUTES = {(one.service, one.method, one.path): one for one in ALL}
_PATHS = {(one.service, one.path) for one in ALL}
#: What is asked of a host that is none of OCI's.
_ELSEWHERE = "Elsewhere"
OPERATION_NAMES = frozenset({one.name for one in ALL} | {"Federate", "Proxymux", _ELSEWHERE})
_TOKEN_SERVICES = {("auth", FEDERATION_PATH): "Federate", ("proxymux", PROXYMUX_PATH): "Proxymux"}


#: What the key ids of session tokens begin with.
_SESSION = "ST$"
#: Services whose lists tell the limit that they were asked for.
_TELLS_LIMIT = frozenset({"identity", "kms", "management"})
#: A page without rows, where it is not a bare array.
_EMPTY = {"query": b'{"items":[]}'}


@dataclass(slots=True)
class Outcome:
    """What is to be put on the wire, or not."""

    reply: Reply
    request_id: str = ""
    delay: float = 0.0
    cut: bool = False
    truncated: bool = False
    #: Seconds between the bytes of the body.
    pause: float = 0.0


class Window:
    """At most so many in a second, in any second."""

    def __init__(self) -> None:
        self._times: deque[float] = deque()

    def admits(self, rate: float, now: float) -> bool:
        if rate <= 0:
            return True
        while self._times and self._times[0] <= now - 1.0:
            self._times.popleft()
        if len(self._times) >= rate:
            return False
        self._times.append(now)
        return True


class Service:
    """The simulated cloud."""

    def __init__(self, fleet: Mapping[str, Any], settings: Mapping[str, Any], api_key: Principal) -> None:
        """`api_key` is the caller's key; its user and tenancy come from the fleet."""
        self.tokens = Tokens()
        self.faults = Faults(OPERATION_NAMES)
        self.journal = Journal()
        #: How often the proxy was asked for hosts that are none of OCI's, by `host:port`.
        self.strangers: Counter[str] = Counter()
        self._api_key = api_key
        self.reset(fleet, settings)

    def reset(self, fleet: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
        """A new cloud. If the fleet is wrong the old one stays."""
        switches = Switches(settings)
        cloud = build(fleet, switches)
        self.fleet = dict(fleet)
        self.switches = switches
        self.cloud = cloud
        self.hosts = directory(cloud)
        self.instance = Instance(cloud)
        tenancy = cloud.tenancy
        self._callers = {
            f"{tenancy.id}/{tenancy.user_id}/{self._api_key.id}": Principal(
                "api_key", tenancy.user_id, self._api_key.key
            )
        }
        self.faults.clear()
        self.journal.clear()
        self.strangers.clear()
        self._kms = Window()
        self._block_volume: dict[str, Window] = {}

    def set(self, settings: Mapping[str, Any]) -> None:
        self.switches.update(settings)
        for resource in self.cloud.resources.values():
            resource.forget()

    def alter(self, ocid: str, fields: Mapping[str, Any]) -> Json:
        """Edits a resource behind everybody's back, with the names of the fleet file; gives its true state."""
        resource = self.cloud.resources[ocid]
        description = FleetEntry(f"{resource.kind} {resource.name}", fields)
        self.truth(ocid)
        resource.alter(self.cloud, description)
        description.done()
        return resource.truth(self.cloud)

    def truth(self, ocid: str) -> Json:
        resource = self.cloud.resources[ocid]
        resource.settle(self.cloud, self.cloud.clock())
        return resource.truth(self.cloud)

    def spoil(self, rule: Mapping[str, Any]) -> None:
        """A new rule for faults."""
        changes = rule.get("changes")
        unknown = [ocid for ocid in changes if ocid not in self.cloud.resources] if isinstance(changes, dict) else []
        if unknown:
            raise FaultError(f"fault {rule.get('kind')}: there is no {unknown[0]}")
        self.faults.add(rule)

    # --- names ------------------------------------------------------------------------------------------------------

    def resolve(self, host: str, port: int) -> str | None:
        """The region of a host, for the proxy; None for one that doesn't exist."""
        target = self._target(host if port == 443 else f"{host}:{port}")
        if target is None or target.service == _ELSEWHERE:
            self.strangers[f"{host}:{port}"] += 1
        return target.region if target else None

    def _target(self, host: str) -> Target | None:
        target = self.hosts.get(host)
        if target is None and host.partition(":")[0].endswith(ELSEWHERE_DOMAIN):
            target = Target(_ELSEWHERE, next(site.region.name for site in self.cloud.sites.values() if site.home))
        return target

    def refuses(self, region: str) -> bool:
        return self.faults.refuses_connection(region)

    def _caller(self, key_id: str) -> Principal | None:
        if key_id.startswith(_SESSION):
            return self.tokens.principal(key_id.removeprefix(_SESSION))
        return self._callers.get(key_id)

    # --- requests ---------------------------------------------------------------------------------------------------

    def answer(self, method: str, raw_path: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """Everything but the waiting and the sending."""
        cloud = self.cloud
        now = cloud.clock()
        host = headers.get("host", "").lower().removesuffix(":443")
        path, _mark, query_text = raw_path.partition("?")
        target = self._target(host)
        log = Entry(
            operation="Unknown",
            method=method,
            path=path,
            query={},
            host=host,
            region=target.region if target else "",
            resource="",
            status=0,
            request=body.decode("utf-8", "replace"),
            request_id=request_id(headers.get("opc-request-id")),
            principal_type="",
            principal="",
            headers=kept_headers(headers),
            fault="",
            time=now,
        )
        try:
            if target is None:
                raise ApiError(404, "NotFound", f"There is no service at {host}.")
            log.query = dict(parse_qsl(query_text, keep_blank_values=True)) if query_text else {}
            outcome = self._dispatch(target, log, raw_path, headers, body)
        except ApiError as error:
            outcome = Outcome(Reply(error.status, error.body()))
        outcome.request_id = log.request_id
        log.status = 0 if outcome.cut else outcome.reply.status
        self.journal.write(log)
        return outcome

    def _dispatch(self, target: Target, log: Entry, raw_path: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        if target.service == _ELSEWHERE:
            return self._answer_elsewhere(target, log, raw_path, headers, body)
        token_service = _TOKEN_SERVICES.get((target.service, log.path)) if log.method == "POST" else None
        if token_service:
            log.operation = token_service
            rule = self._fault(log, False)
            return self._finish(rule, raw_path, lambda: self._token(token_service, raw_path, headers, body))
        operation = self._route(target, log)
        caller = verify(log.method, raw_path, headers, body, self._caller)
        obo = "opc-obo-token" in headers and caller.type == "instance_principal"
        log.principal_type = "instance_obo_user" if obo else caller.type
        log.principal = caller.id
        if operation is None:
            if any(service == target.service and _starred(log.path) == path for service, path in _PATHS):
                raise ApiError(405, "MethodNotAllowed", "The target resource does not support the HTTP method.")
            raise ApiError(404, "NotFound", "There is no operation supported at the URI path and HTTP method.")
        rule = self._fault(log, operation.is_list)
        if rule is not None and rule.kind == "token_expired":
            self.tokens.expire(key_id(headers).removeprefix(_SESSION))
        call = Call(
            cloud=self.cloud,
            operation=operation,
            target=target,
            site=self.cloud.sites[target.region],
            ident=log.resource,
            query=log.query,
            body=body,
            headers=headers,
            now=log.time,
        )
        if rule is not None and rule.kind == "empty_page":
            # The token leads to the very page that was asked for.
            token = page_token(scope(call), page_offset(scope(call), log.query.get("page")))
            return Outcome(Reply(200, _EMPTY.get(target.service, b"[]"), {"opc-next-page": token}))
        if rule is not None and rule.kind == "late":
            self._carry_out_later(call, float(rule.details["seconds"]))
            return Outcome(Reply(0), cut=True)
        call.stale = rule is not None and rule.kind == "stale_list"
        return self._finish(rule, raw_path, lambda: self._spoilt(rule, call))

    def _answer_elsewhere(
        self, target: Target, log: Entry, raw_path: str, headers: Mapping[str, str], body: bytes
    ) -> Outcome:
        """A host that is none of OCI's asks no signature, and answers what the one whose part it plays would."""
        log.operation = _ELSEWHERE
        rule = self._fault(log, False)
        if log.method == "POST" and log.path == FEDERATION_PATH:
            return self._finish(rule, raw_path, lambda: federate_elsewhere(self.instance, self.tokens, body))
        path = _starred(log.path)
        operation = next((one for one in ALL if (one.method, one.path) == (log.method, path)), None)
        if operation is None:
            raise ApiError(404, "NotFound", "There is no operation supported at the URI path and HTTP method.")
        parts = log.path.split("/", 4)
        log.resource = unquote(parts[3]) if len(parts) > 3 else ""
        resource = self.cloud.resources.get(log.resource)
        region = getattr(resource, "region", "") or target.region
        vault = getattr(getattr(resource, "vault", None), "id", "")
        call = Call(
            cloud=self.cloud,
            operation=operation,
            target=Target(operation.service, region, vault),
            site=self.cloud.sites[region],
            ident=log.resource,
            query=log.query,
            body=body,
            headers=headers,
            now=log.time,
        )
        return self._finish(rule, raw_path, lambda: operation.run(call))

    def _route(self, target: Target, log: Entry) -> Operation | None:
        parts = log.path.split("/", 4)
        operation = _ROUTES.get((target.service, log.method, _starred(log.path.rstrip("/"))))
        if operation is not None:
            log.operation = operation.name
            if len(parts) > 3:
                log.resource = unquote(parts[3])
        return operation

    def _fault(self, log: Entry, is_list: bool) -> Rule | None:
        if not self.faults.rules:
            return None
        rule = self.faults.find(log.operation, log.region, log.resource, is_list)
        log.fault = rule.kind if rule else ""
        return rule

    def _carry_out_later(self, call: Call, seconds: float) -> None:
        cloud = self.cloud

        def carry_out() -> None:
            if self.cloud is cloud:  # and no other test's by now
                _reply(lambda: self._run(replace(call, now=cloud.clock())))

        asyncio.get_running_loop().call_later(seconds, carry_out)

    def _spoilt(self, rule: Rule | None, call: Call) -> Reply:
        reply = self._run(call)
        return reply if rule is None else wrong(rule.kind, call, reply, rule.details)

    def _run(self, call: Call) -> Reply:
        service = call.target.service
        if service in ("kms", "management"):
            if not self._kms.admits(self.switches["kms_rate"], call.now):
                return self._throttled("Tenancy request rate limit for Vault management exceeded.")
        elif service == "iaas" and self.switches["block_volume_rate"]:
            window = self._block_volume.setdefault(call.region, Window())
            if not window.admits(self.switches["block_volume_rate"], call.now):
                return self._throttled("User-rate limit exceeded.")
        call.check_query()
        reply = call.operation.run(call)
        if call.operation.is_list and reply.status == 200:
            self._finish_page(call, reply)
        return reply

    def _finish_page(self, call: Call, reply: Reply) -> None:
        """The headers of a page besides those that follow from its rows."""
        if call.target.service in _TELLS_LIMIT and "limit" in call.query:
            reply.headers["opc-limit"] = call.query["limit"]
        if self.switches["trailing_empty_page"] == "on" and "opc-next-page" not in reply.headers:
            rows = json.loads(reply.body)
            rows = rows["items"] if isinstance(rows, dict) else rows
            if rows:
                start = page_offset(scope(call), call.query.get("page"))
                reply.headers["opc-next-page"] = page_token(scope(call), start + len(rows))

    def _throttled(self, why: str) -> Reply:
        seconds = int(self.switches["retry_after"])
        headers = {"retry-after": str(seconds)} if seconds else {}
        return Reply(429, ApiError(429, "TooManyRequests", why).body(), headers)

    def _token(self, name: str, raw_path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        if name == "Federate":
            return federate(self.instance, self.tokens, raw_path, headers, body)
        return proxymux(self.cloud, self.tokens, headers, body)

    def _finish(self, rule: Rule | None, raw_path: str, work: Callable[[], Reply]) -> Outcome:
        """The operation's own reply, spoilt by the rule if there is one."""
        if rule is None:
            return Outcome(_reply(work))
        if rule.kind in ("drop_before", "refuse"):
            return Outcome(Reply(0), cut=True)
        if rule.kind == "bad_gateway":
            return Outcome(
                Reply(502, b"<html><body><h1>502 Bad Gateway</h1></body></html>", {"content-type": "text/html"})
            )
        if rule.kind == "redirect":
            place = f"https://{rule.details.get('host', ELSEWHERE)}{raw_path}"
            return Outcome(Reply(307, b"", {"location": place}))
        error = rule.error()
        if error is not None:
            body = rule.details["text"].encode() if "text" in rule.details else error.body()
            return Outcome(Reply(error.status, body, dict(rule.details.get("headers", {}))))
        reply = _reply(work)
        for ocid, fields in rule.details.get("changes", {}).items():
            self.alter(ocid, fields)
        if rule.kind == "garbage":
            reply = Reply(200, b"\x00<!doctype html>garbage", {"content-type": "application/json"})
        if rule.kind == "body":
            more = rule.details
            reply = Reply(more.get("status", 200), more["text"].encode() * more.get("count", 1))
        return Outcome(
            reply,
            delay=float(rule.details["seconds"]) if rule.kind == "slow" else 0.0,
            cut=rule.kind == "drop_after",
            truncated=rule.kind == "truncated",
            pause=float(rule.details.get("seconds", 1.0)) if rule.kind == "trickle" else 0.0,
        )


def _reply(work: Callable[[], Reply]) -> Reply:
    try:
        return work()
    except ApiError as error:
        return Reply(error.status, error.body())


def _starred(path: str) -> str:
    """The path with a star for the id, which is the third segment in every operation."""
    parts = path.split("/", 4)
    if len(parts) > 3:
        parts[3] = "*"
    return "/".join(parts)
