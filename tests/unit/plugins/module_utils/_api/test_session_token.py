# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sessions that are renewed while a run lasts, and what is said when they end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from unit.support.credentials import TENANCY, USER, Keys, fault, token, write_config

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api import client, session_token
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.config_file import read_file
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.credentials import TokenFile
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.failures import CredentialsEndedError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.iam import refused_credentials
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.operations import request
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.platform_auth import DelegationSigner
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.settings import resolve_connection
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.transport import HttpRequest, HttpResponse
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import ServiceError

pytestmark = pytest.mark.usefixtures("home")
BEGIN, END = 2_000_000_000.0, 2_000_003_600.0
COMMAND = "'oci session refresh --profile S'"


class Run:
    """A run with the session of profile S, on a clock that the test sets."""

    def __init__(self, keys: Keys, home: Path, monkeypatch: pytest.MonkeyPatch, **claims: object) -> None:
        self.now = BEGIN
        self.home, self.keys = home, keys
        monkeypatch.setattr(session_token, "time", SimpleNamespace(time=lambda: self.now, **_OF_TIME))
        self.write(END, **claims)
        self.write_key(keys)
        write_config(
            home,
            f"[S]\nkey_file={home}/session.pem\nsecurity_token_file={home}/token\nregion=iad\ntenancy={TENANCY}\n",
        )
        principal = session_token.session_principal(
            resolve_connection({"config_profile_name": "S", "auth_type": "security_token"}, {})
        )
        self.principal = principal
        self.signer = principal.signer
        self.signer._now = lambda: self.now  # type: ignore[attr-defined]

    def write(self, expires: float, keys: Keys | None = None, **claims: object) -> str:
        content = token(exp=int(expires), jwk=(keys or self.keys).jwk, **claims)
        (self.home / "token").write_text(content)
        return content

    def write_key(self, keys: Keys) -> None:
        (self.home / "session.pem").write_text(keys.plain)

    def sign(self) -> dict[str, str]:
        return self.signer.sign("GET", "host", "/", {}, None)

    def signs_with(self, content: str) -> bool:
        return f'keyId="ST${content}"' in self.sign()["authorization"]


_OF_TIME: dict[str, Any] = {"gmtime": session_token.time.gmtime, "strftime": session_token.time.strftime}


@pytest.fixture
def run(keys: Keys, home: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    return Run(keys, home, monkeypatch)


def test_a_renewed_token_is_taken_before_the_old_one_ends(run: Run) -> None:
    renewed = run.write(END + 3600)
    assert not run.signs_with(renewed)
    run.now = END - session_token.RENEWAL_SECONDS
    assert run.signs_with(renewed)
    run.now = END + 1800
    assert run.signs_with(renewed)
    assert run.principal.renewed_secrets() == (renewed,)


def test_a_renewed_token_is_taken_after_a_401(run: Run) -> None:
    signed = run.sign()
    renewed = run.write(END + 3600)
    assert run.signer.renew(signed)
    assert run.signs_with(renewed)
    assert run.signer.renew(signed)  # another thread, which was told of the same token


def test_a_401_without_a_new_token_stands(run: Run) -> None:
    assert not run.signer.renew(run.sign())
    run.sign()  # the session has not ended: the 401 was about something else


def test_a_session_that_has_ended_signs_nothing_and_says_how_to_renew_it(run: Run) -> None:
    run.now = END
    for _attempt in range(3):
        with pytest.raises(CredentialsEndedError) as caught:
            run.sign()
        text = str(caught.value)
        assert f"The session token of profile S of {run.home}/.oci/config expired at 2033-05-18 04:33:20 UTC" in text
        assert f"Renew it with {COMMAND}, or if that is refused, create a new one with" in text
        assert "'oci session authenticate --profile-name S --region iad'" in text
        assert "SECRET" not in text


def test_it_signs_again_once_somebody_renews_it(run: Run) -> None:
    run.now = END + 60
    with pytest.raises(CredentialsEndedError):
        run.sign()
    assert run.signs_with(run.write(END + 3600))


def test_a_401_shortly_before_the_end_is_the_end(run: Run) -> None:
    """OCI's clock may be ahead by five minutes."""
    signed = run.sign()
    run.now = END - 200
    with pytest.raises(CredentialsEndedError, match="was rejected, and expires at"):
        run.signer.renew(signed)
    with pytest.raises(CredentialsEndedError):
        run.sign()
    assert run.signs_with(run.write(END + 3600))


@pytest.mark.parametrize("content", ["", "e", "eyJ.half", None])
def test_a_file_that_is_just_being_written_is_read_the_next_time(content: str | None, run: Run) -> None:
    former = run.write(END)
    run.now = END - 100
    (run.home / "token").unlink() if content is None else (run.home / "token").write_text(content)
    assert run.signs_with(former)
    assert run.signs_with(run.write(END + 3600))


def test_a_new_session_brings_its_own_key(run: Run, other_keys: Keys) -> None:
    """``oci session authenticate`` writes a new key first, then the token."""
    former = run.write(END)
    run.now = END - 100
    run.write_key(other_keys)
    assert run.signs_with(former)
    renewed = run.write(END + 3600, other_keys)
    assert run.signs_with(renewed)


def test_an_older_token_is_not_taken(run: Run) -> None:
    run.write(BEGIN - 1)
    run.now = END
    with pytest.raises(CredentialsEndedError):
        run.sign()


def test_threads_read_it_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    signed = run.sign()
    run.write(END + 3600)
    reads: list[int] = []
    read = run.signer._read  # type: ignore[attr-defined]
    monkeypatch.setattr(run.signer, "_read", lambda: (reads.append(1), read())[1])
    threads = [threading.Thread(target=run.signer.renew, args=(signed,)) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(reads) == 1


# --- a token of somebody else

MINE: dict[str, object] = {"tenant": TENANCY, "sub": USER}
OTHERS = [
    ({"tenant": "ocid1.tenancy.oc1..other"}, f"another tenancy, 'ocid1.tenancy.oc1..other' instead of '{TENANCY}'"),
    ({"sub": "ocid1.user.oc1..other"}, f"another user, 'ocid1.user.oc1..other' instead of '{USER}'"),
    ({"tenant": "ocid1.tenancy.oc1..other", "sub": "ocid1.user.oc1..other"}, "another tenancy, 'ocid1.tenancy"),
]


@pytest.fixture
def my_run(keys: Keys, home: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    return Run(keys, home, monkeypatch, **MINE)


@pytest.mark.parametrize(("changes", "words"), OTHERS)
def test_a_token_of_somebody_else_is_no_renewal(changes: dict[str, object], words: str, my_run: Run) -> None:
    first = my_run.write(END, **MINE)
    signed = my_run.sign()
    my_run.write(END + 3600, **{**MINE, **changes})
    with pytest.raises(CredentialsEndedError) as caught:
        my_run.signer.renew(signed)
    text = str(caught.value)
    assert f"The renewed session token of profile S of {my_run.home}/.oci/config is refused: it is of {words}" in text
    assert "Authenticate as before with 'oci session authenticate --profile-name S --region iad'" in text
    assert "SECRET" not in text
    my_run.now = END - 100
    assert my_run.signs_with(first)  # it has not ended
    my_run.now = END
    with pytest.raises(CredentialsEndedError, match="is refused"):
        my_run.sign()
    assert my_run.signs_with(my_run.write(END + 3600, **MINE))


@pytest.mark.parametrize("changes", [{}, {"sub": None}, {"tenant": None}, {"sub": None, "tenant": 7}])
def test_a_token_that_says_the_same_or_nothing_is_a_renewal(changes: dict[str, object], my_run: Run) -> None:
    renewed = my_run.write(END + 3600, **{**MINE, **changes})
    my_run.now = END - 100
    assert my_run.signs_with(renewed)
    my_run.write(END + 7200, **{**MINE, "sub": "ocid1.user.oc1..other"})
    my_run.now = END + 3600
    with pytest.raises(CredentialsEndedError, match="of another user"):
        my_run.sign()


def test_a_first_token_that_does_not_say_whose_it_is_learns_it_from_the_next(run: Run) -> None:
    renewed = run.write(END + 3600, **MINE)
    run.now = END - 100
    assert run.signs_with(renewed)
    run.write(END + 7200, **{**MINE, "sub": "ocid1.user.oc1..other"})
    run.now = END + 3600
    with pytest.raises(CredentialsEndedError, match="of another user"):
        run.sign()


class FakeTransport:
    def __init__(self, answer: Callable[[HttpRequest], int]) -> None:
        self.answer = answer
        self.sent: list[HttpRequest] = []

    def send(self, http_request: HttpRequest) -> HttpResponse:
        self.sent.append(http_request)
        return HttpResponse(self.answer(http_request), {}, b"{}")


def test_one_request_tells_the_end_and_a_hundred_are_not_sent(run: Run) -> None:
    transport = FakeTransport(lambda _request: 401)
    gate = client.Gate(run.signer, transport, {})  # type: ignore[arg-type]
    run.now = END - 10
    messages = set()
    for _number in range(100):
        with pytest.raises(ServiceError) as caught:
            gate.exchange(request("get_volume", "ocid1.volume.oc1.iad.x"), "host", is_retried=False)
        assert (caught.value.status, caught.value.code) == (401, "NotAuthenticated")
        messages.add(str(caught.value))
    assert len(transport.sent) == 1
    assert len(messages) == 1
    assert COMMAND in messages.pop()


def test_a_write_is_sent_again_with_the_renewed_token(run: Run) -> None:
    renewed: list[str] = []

    def answer(http_request: HttpRequest) -> int:
        if not renewed:
            renewed.append(run.write(END + 3600))
            return 401
        return 200 if renewed[0] in http_request.headers["authorization"] else 401

    transport = FakeTransport(answer)
    call = request("update_volume_kms_key", "ocid1.volume.oc1.iad.x", {"kmsKeyId": "ocid1.key.oc1.iad.v.k"})
    gate = client.Gate(run.signer, transport, {})  # type: ignore[arg-type]
    assert gate.exchange(call, "host", is_retried=False).status == 200
    assert len(transport.sent) == 2


def test_a_refusal_names_the_command_of_a_session_and_no_api_key(run: Run) -> None:
    caller = SimpleNamespace(
        credentials_remedy=run.principal.remedy, describe_principal=lambda: run.principal.description
    )
    text = str(refused_credentials(caller, "NotAuthenticated", "No."))
    assert COMMAND in text
    assert "API key" not in text


def test_the_commands_name_a_config_file_that_is_not_the_usual_one(keys: Keys, home: Path) -> None:
    (home / "token").write_text(token(exp=1_000_000_000))
    (home / "k").write_text(keys.plain)
    (home / "other").write_text(f"[S]\nkey_file={home}/k\nsecurity_token_file={home}/token\n")
    text = fault({"config_profile_name": "S", "config_file_location": f"{home}/other", "auth_type": ""})
    assert f"--profile-name S --config-location {home}/other" in text


# --- the token of a user for whom an instance acts


class FakeDelegation:
    def __init__(self, content: str) -> None:
        self.delegation_token = content
        self.renewed = 0

    def __call__(self, prepared: Any) -> None:
        prepared.headers["opc-obo-token"] = self.delegation_token
        prepared.headers["authorization"] = 'Signature keyId="ST$instance"'

    def refresh_security_token(self) -> None:
        self.renewed += 1


def test_a_delegation_token_is_read_again(home: Path) -> None:
    old, new = token(exp=END), token(exp=END + 3600)
    (home / "obo").write_text(old)
    now = [BEGIN]
    sdk = FakeDelegation(old)

    def read() -> TokenFile:
        return TokenFile(read_file(str(home / "obo"), "token", "the test").decode(), "~/obo", "the test")

    signer = DelegationSigner(sdk, "~/obo", read, lambda: now[0])
    signed = signer.sign("GET", "host", "/", {}, None)
    assert signed["opc-obo-token"] == old
    assert signer.renew(signed)
    assert sdk.renewed == 1  # the file has no other, so it may be the instance's own
    now[0] = END - 100
    for cut_off in ("", new[:20], token(exp=BEGIN)):
        (home / "obo").write_text(cut_off)
        assert signer.sign("GET", "host", "/", {}, None)["opc-obo-token"] == old
    (home / "obo").write_text(new)
    assert signer.renew(signed)
    assert signer.renew(signed)
    assert (sdk.delegation_token, sdk.renewed) == (new, 1)
    assert signer.all_renewed() == (new,)
    now[0] = END + 3600
    (home / "obo").unlink()
    with pytest.raises(CredentialsEndedError, match="delegation token ~/obo has expired"):
        signer.sign("GET", "host", "/", {}, None)


@pytest.mark.parametrize(("changes", "words"), OTHERS)
def test_a_delegation_token_of_somebody_else_is_refused(changes: dict[str, object], words: str) -> None:
    old, other = token(exp=END, **MINE), token(exp=END + 3600, **{**MINE, **changes})
    sdk = FakeDelegation(old)
    file, now = [other], [BEGIN]
    signer = DelegationSigner(sdk, "~/obo", lambda: TokenFile(file[0], "~/obo", "the test"), lambda: now[0])
    signed = signer.sign("GET", "host", "/", {}, None)
    with pytest.raises(CredentialsEndedError) as caught:
        signer.renew(signed)
    assert f"The renewed delegation token ~/obo is refused: it is of {words}" in str(caught.value)
    assert "SECRET" not in str(caught.value)
    now[0] = END - 100
    assert signer.sign("GET", "host", "/", {}, None)["opc-obo-token"] == old
    now[0] = END
    with pytest.raises(CredentialsEndedError, match="is refused"):
        signer.sign("GET", "host", "/", {}, None)
    file[0] = token(exp=END + 3600, **MINE)
    assert signer.sign("GET", "host", "/", {}, None)["opc-obo-token"] == file[0]
