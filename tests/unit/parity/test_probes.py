# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Probes notice when OCI behaves otherwise, and never take a refusal of another kind for an answer.

That each finds its switch as it is set is what ``make parity`` checks.
"""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from parity import simulated
from parity.catalog import ALL, CLOUDED, NOT_PROBED
from parity.probe import AS_ASSUMED, DIFFERS, SKIPPED, UNKNOWN, Finding, Probe, UnclearError, ask
from parity.simulated import Simulated
from parity.testbed import GONE, Testbed
from simulator.service import Outcome
from simulator.switches import TABLE
from simulator.wire import Reply, encode

SOAK = bool(os.environ.get("SOAK"))

Answerer = Callable[[str, str, Any, bytes], Outcome]
Mutant = Callable[[Simulated, Answerer, str, str, Any, bytes], Outcome]


def _mutate(bed: Simulated, mutant: Mutant) -> None:
    honest = bed.service.answer
    bed.service.answer = lambda *request: mutant(bed, honest, *request)  # type: ignore[method-assign]


def _finding(name: str, bed: Simulated) -> Finding:
    return ask(ALL[name], bed.bed)


def _with_body(outcome: Outcome, body: Any) -> Outcome:
    return replace(outcome, reply=Reply(outcome.reply.status, encode(body), outcome.reply.headers))


def _swallowed(status: int = 200, body: Any = None) -> Outcome:
    return Outcome(Reply(status, encode(body if body is not None else {})), request_id="swallowed")


def _refused(status: int, code: str) -> Outcome:
    return _swallowed(status, {"code": code, "message": "No."})


def _rows_without_key(bed: Simulated, honest: Answerer, method: str, path: str, headers: Any, body: bytes) -> Outcome:
    outcome = honest(method, path, headers, body)
    if method == "GET" and path.startswith("/20160918/volumes?"):
        rows = [{name: row[name] for name in row if name != "kmsKeyId"} for row in json.loads(outcome.reply.body)]
        return _with_body(outcome, rows)
    return outcome


def _rows_lag(bed: Simulated, honest: Answerer, method: str, path: str, headers: Any, body: bytes) -> Outcome:
    outcome = honest(method, path, headers, body)
    if method == "GET" and path.startswith("/20160918/volumes?"):
        key = bed.bed.settings.key_a
        return _with_body(outcome, [row | {"kmsKeyId": key} for row in json.loads(outcome.reply.body)])
    return outcome


def _no_deleted_rows(collection: str) -> Mutant:
    def mutant(bed: Simulated, honest: Answerer, method: str, path: str, headers: Any, body: bytes) -> Outcome:
        outcome = honest(method, path, headers, body)
        if method == "GET" and path.startswith(f"/20160918/{collection}?"):
            rows = json.loads(outcome.reply.body)
            return _with_body(outcome, [row for row in rows if row["lifecycleState"] not in GONE])
        return outcome

    return mutant


def _own_key_is_lost(bed: Simulated, honest: Answerer, method: str, path: str, headers: Any, body: bytes) -> Outcome:
    """An update of a backup with the key that it has."""
    backup: Any = bed.service.cloud.resources.get(path.rpartition("/")[2])
    own = method == "PUT" and "/volumeBackups/" in path and json.loads(body).get("kmsKeyId") == backup.key
    outcome = honest(method, path, headers, body)
    if own:
        backup.key = None
        backup.touched()
    return outcome


def _key_of_source(bed: Simulated, honest: Answerer, method: str, path: str, headers: Any, body: bytes) -> Outcome:
    """A copy that is asked for without a key gets that of its source."""
    outcome = honest(method, path, headers, body)
    if method == "POST" and "/actions/copy" in path and "kmsKeyId" not in json.loads(body):
        made: Any = bed.service.cloud.resources[json.loads(outcome.reply.body)["id"]]
        made.key = bed.bed.settings.key_a
        made.touched()
    return outcome


def _every_etag_is_stale(
    bed: Simulated, honest: Answerer, method: str, path: str, headers: Any, body: bytes
) -> Outcome:
    if {name.lower() for name in headers} >= {"if-match"} and "/volumes/" in path:
        return _refused(412, "NoEtagMatch")
    return honest(method, path, headers, body)


def _answers(
    method: str,
    part: str,
    outcome: Callable[[], Outcome],
    when: Callable[[Simulated, bytes], bool] = lambda _b, _d: True,
) -> Mutant:
    """Calls whose path has that part are answered so, and not carried out."""

    def mutant(bed: Simulated, honest: Answerer, sent: str, path: str, headers: Any, body: bytes) -> Outcome:
        if sent == method and part in path and when(bed, body):
            return outcome()
        return honest(sent, path, headers, body)

    return mutant


def _same_key(bed: Simulated, body: bytes) -> bool:
    wanted = json.loads(body).get("kmsKeyId")
    volumes = [one for one in bed.service.cloud.resources.values() if one.kind == "volume"]
    return any(getattr(one, "key", None) == wanted for one in volumes if one.name != "attached")


def _without_header(name: str, part: str, *, of_request: bool) -> Mutant:
    def mutant(bed: Simulated, honest: Answerer, method: str, path: str, headers: Any, body: bytes) -> Outcome:
        if of_request:
            return honest(
                method, path, {key: headers[key] for key in headers if key.lower() != name} | _low(headers, name), body
            )
        outcome = honest(method, path, headers, body)
        if part in path and method != "GET":
            outcome.reply.headers.pop(name, None)
        return outcome

    return mutant


def _low(headers: Any, without: str) -> dict[str, str]:
    """The names in lower case, too, as the simulator asks for them."""
    return {key.lower(): value for key, value in headers.items() if key.lower() != without}


def _key_lost(part: str) -> Mutant:
    """What is made by a POST has no key."""

    def mutant(bed: Simulated, honest: Answerer, method: str, path: str, headers: Any, body: bytes) -> Outcome:
        outcome = honest(method, path, headers, body)
        if method == "POST" and part in path and outcome.reply.status == 200:
            made: Any = bed.service.cloud.resources[json.loads(outcome.reply.body)["id"]]
            made.key = None
            made.touched()
        return outcome

    return mutant


def _etags_of_their_own(bed: Simulated, honest: Answerer, method: str, path: str, headers: Any, body: bytes) -> Outcome:
    outcome = honest(method, path, headers, body)
    if method == "GET" and path.endswith("/kmsKey"):
        outcome.reply.headers["etag"] = path
    return outcome


MUTANTS: dict[str, Mutant] = {
    "field_in_lists": _rows_without_key,
    "delete_key": _answers("DELETE", "/kmsKey", lambda: _swallowed(202)),
    "same_key_put": _answers("PUT", "/kmsKey", _swallowed, _same_key),
    "put_empty_key": _answers("PUT", "/kmsKey", _swallowed, lambda _bed, body: b'""' in body),
    "rsa_key": _answers(
        "PUT",
        "/kmsKey",
        lambda: _refused(404, "NotAuthorizedOrNotFound"),
        lambda bed, body: bed.bed.settings.rsa_key.encode() in body,
    ),
    "attached_volume": _answers("PUT", "/kmsKey", lambda: _refused(409, "Conflict")),
    "etag_of_one_key": _etags_of_their_own,
    "headers_of_kms_key": _without_header("etag", "/kmsKey", of_request=False),
    "backup_empty_key": _answers("PUT", "/volumeBackups/", _swallowed, lambda _bed, body: b'""' in body),
    "key_of_new_backup": _key_lost("/volumeBackups"),
    "key_of_copy": _key_lost("/actions/copy"),
    "copy_again": _without_header("opc-retry-token", "", of_request=True),
    "copy_token_with_other_content": _without_header("opc-retry-token", "", of_request=True),
    "another_policy": _answers(
        "POST",
        "/volumeBackupPolicyAssignments",
        lambda: _refused(409, "Conflict"),
        lambda bed, _body: any(one.kind == "policy_assignment" for one in bed.service.cloud.resources.values()),
    ),
    "remove_assignment": _answers("DELETE", "/volumeBackupPolicyAssignments/", lambda: _swallowed(204)),
    "list_after_change": _rows_lag,
    "deleted_rows": _no_deleted_rows("volumeBackups"),
    "deleted_volume_rows": _no_deleted_rows("volumes"),
    "backup_own_key": _own_key_is_lost,
    "boot_backup_empty_key": _answers("PUT", "/bootVolumeBackups/", _swallowed, lambda _bed, body: b'""' in body),
    "copy_without_key": _key_of_source,
    "current_if_match": _every_etag_is_stale,
    "headers_of_copy": _without_header("location", "/actions/copy", of_request=False),
    "headers_of_assignment": _without_header("etag", "/volumeBackupPolicyAssignments", of_request=False),
}


def test_every_probe_has_a_switch_or_a_mutant() -> None:
    assert {name for name, one in ALL.items() if not one.switch} == set(MUTANTS)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_probe_without_a_switch_notices_that_the_simulator_behaves_otherwise(name: str) -> None:
    bed = simulated.start()
    assert _finding(name, bed).verdict == AS_ASSUMED

    bed = simulated.start()
    _mutate(bed, MUTANTS[name])
    assert _finding(name, bed).verdict != AS_ASSUMED


@pytest.mark.parametrize("name", sorted({one.switch for one in ALL.values() if one.switch}))
def test_the_probes_of_a_switch_tell_all_of_its_settings_apart(name: str) -> None:
    (switch,) = (one for one in TABLE if one.name == name)
    probes = [one for one in ALL.values() if one.switch == name]
    together = {tuple(one.answer_at(value) for one in probes) for value in switch.values}
    assert len(together) == len(switch.values)


def _truth(one: Probe, value: str | float | None) -> str:
    return one.assumed if value is None else one.answer_at(value)


def _with_other_codes(bed: Simulated) -> list[int]:
    """Refusals keep their status and get a code that means something else; gives those that were changed."""
    honest, changed = bed.service.answer, list[int]()

    def answer(*request: Any) -> Outcome:
        outcome = honest(*request)
        status = outcome.reply.status
        # What those say is about the caller, whatever the code.
        if not 400 <= status < 500 or status in (401, 403, 429):
            return outcome
        changed.append(status)
        return _with_body(outcome, {"code": "SomethingElse", "message": "No."})

    bed.service.answer = answer  # type: ignore[method-assign]
    return changed


def test_a_refusal_of_another_kind_is_no_answer_though_its_status_is_the_same() -> None:
    # As far as answers tell, which of them are refusals.
    cases = [
        (one, value)
        for one, value in simulated.cells()
        if re.match(r"refused|conflict|not_found|.*_parameter|limit_exceeded|late|4\d\d", _truth(one, value))
    ]
    tried = 0
    for one, value in list(simulated.cells()) if SOAK else cases:
        bed = simulated.start(simulated.switches_at(one, value))
        changed = _with_other_codes(bed)
        finding = ask(one, bed.bed)
        if changed:
            tried += 1
            assert finding.verdict in (UNKNOWN, SKIPPED), (one.name, value, finding.seen)
    assert tried >= len(cases) > 20


def test_every_switch_has_a_probe_or_a_reason() -> None:
    assert simulated.unprobed() == []
    assert not set(NOT_PROBED) - {switch.name for switch in TABLE}


def test_a_probe_that_can_not_tell_is_red(monkeypatch: pytest.MonkeyPatch) -> None:
    blind = replace(ALL["when_a_key_shows"], ask=lambda _bed: "at_available")
    monkeypatch.setattr(simulated, "ALL", {blind.name: blind})

    assert [line for _number, line in simulated.red_cells() if line] == [
        "when_a_key_shows at key_visible=at_put saw: at_available (as assumed)"
    ]


def _raise(error: Exception) -> Callable[[Testbed], str]:
    def asked(_bed: Testbed) -> str:
        raise error

    return asked


@pytest.mark.parametrize(
    ("asked", "verdict"),
    [
        (_raise(UnclearError("answered 429 TooManyRequests")), UNKNOWN),
        (_raise(TypeError("'NoneType' object is not iterable")), UNKNOWN),
        (lambda _bed: "418 Teapot", UNKNOWN),
        (lambda _bed: "", UNKNOWN),
        (lambda _bed: "at_put", DIFFERS),
        (lambda _bed: "at_available", AS_ASSUMED),
    ],
)
def test_what_no_answer_is_known_for_is_never_as_assumed(asked: Callable[[Testbed], str], verdict: str) -> None:
    one = replace(ALL["when_a_key_shows"], ask=asked)
    assert ask(one, simulated.start().bed).verdict == verdict


@pytest.mark.parametrize("name", sorted({need for one in ALL.values() for need in one.needs}))
def test_a_probe_without_its_settings_is_skipped_by_name(name: str) -> None:
    without = {name: False if name in ("retention", "replicas", "limits") else ""}
    for one in ALL.values():
        if name in one.needs:
            finding = ask(one, simulated.start(**without).bed)
            assert (finding.verdict, finding.seen) == (SKIPPED, f"not in the settings: {name}")


def _used(one: Probe) -> list[str]:
    """The operations that it calls."""
    bed = simulated.start()
    ask(one, bed.bed)
    return sorted(bed.service.journal.counts())


#: 401 is the caller's, 404 what a missing permission looks like, 429 and 503 pass.
REFUSALS = {401: "NotAuthenticated", 404: "NotAuthorizedOrNotFound", 429: "TooManyRequests", 503: "ServiceUnavailable"}


#: Settings of other switches, of which a probe has to be independent, or not to be able to tell.
NUMBERS = {"kms_rate": 5.0, "block_volume_rate": 4.0, "retry_after": 7.0, "copy_limit": 1.0, "external_key_delay": 1.0}
TIMES = {"settle": 3.0, "copy_settle": 3.0, "latency": 0.2}


DEFAULTS = {one.name: one.default for one in TABLE}


def _foreign(one: Probe) -> list[tuple[str, Any]]:
    """Each setting, but for the default, of each switch that is not its own."""
    settings = [(switch.name, value) for switch in TABLE for value in switch.values[1:]]
    return [case for case in settings + list((NUMBERS | TIMES).items()) if case[0] != one.switch]


@pytest.mark.parametrize("name", ALL)
def test_an_answer_does_not_depend_on_how_other_switches_are_set(name: str) -> None:
    """It is the same, or there is none: only where CLOUDED says so."""
    one = ALL[name]
    cases = _foreign(one)
    if not SOAK:
        # Over all probes, each setting once.
        number = list(ALL).index(name)
        cases = [cases[number % len(cases)]]
    own = {one.switch: DEFAULTS[one.switch]} if one.switch else {}
    wrong: list[str] = []
    for switch, value in cases:
        finding = ask(one, simulated.start(own | simulated.together(one) | {switch: value}).bed)
        clouded = name in CLOUDED.get(switch, ())
        if finding.verdict != AS_ASSUMED and not (clouded and finding.verdict in (UNKNOWN, SKIPPED)):
            wrong.append(f"{switch}={value}: {finding.seen} ({finding.verdict})")
    assert wrong == []


@pytest.mark.parametrize("name", ALL)
def test_a_missing_permission_or_a_poor_service_is_never_an_answer(name: str) -> None:
    """Whichever operation is refused all the time: the answer is the one that the switch gives, or there is none."""
    one = ALL[name]
    settings = [value for each, value in simulated.cells() if each is one]
    cases = [(operation, value, status) for operation in _used(one) for value in settings for status in REFUSALS]
    if not SOAK:
        cases = [random.Random(name).choice(cases)]
    wrong: list[str] = []
    for operation, value, status in cases:
        bed = simulated.start(simulated.switches_at(one, value), patience_seconds=2.0)
        details = {"status": status, "code": REFUSALS[status]}
        bed.service.spoil({"kind": "status", "operation": operation, "times": None, **details})
        finding = ask(one, bed.bed)
        if finding.verdict not in (SKIPPED, UNKNOWN) and finding.seen != _truth(one, value):
            wrong.append(f"at {value}, {operation} {status}: {finding.seen} ({finding.verdict})")
    assert wrong == []
