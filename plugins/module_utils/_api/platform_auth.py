# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Principals whose token comes from the machine that this runs on: instances, resources, OKE pods. Uses the SDK.

Checks what it can before the SDK does, which takes minutes to give up on an absent metadata service. No request for a
token follows a redirect, which would hand the token to whoever it names.

Whom the SDK asks for a token can't all be checked here: the metadata service is at 169.254.169.254, fd00:c1::a9fe:a9fe
or OCI_METADATA_BASE_URL, and names the region whose federation service is asked; the other endpoints are in the
environment variables OCI_RESOURCE_PRINCIPAL_* and KUBERNETES_SERVICE_HOST, which OCI sets.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from .._common.errors import InputError
from .._common.text import readable
from .auth_choice import is_chosen_by_profile
from .config_file import Profile, find_profile, read_profile
from .credentials import CredentialSources, Principal, TokenFile, TokenOwner, token_claims
from .failures import CredentialsEndedError
from .metadata_service import chosen_url, exempt_metadata_service, probe_metadata_service
from .proxies import proxies_in_words, remove_credentials
from .sdk import load, load_requests
from .session_token import RENEWAL_SECONDS
from .settings import ConnectionSettings
from .signing import SdkSigner

_redirect_limit = threading.Lock()


def platform_principal(settings: ConnectionSettings) -> Principal:
    """The principal for an ``auth_type`` of the platform.

    Raises InputError if this machine does not provide it, or the services that issue its token don't respond.
    """
    kind = settings.auth_type
    secrets: tuple[str, ...] = ()
    renewed_secrets: Callable[[], tuple[str, ...]] = tuple
    signs: SdkSigner
    if kind == "instance_obo_user":
        missing = () if settings.delegation_token_file else ("delegation_token_file",)
        sources = CredentialSources(settings, _profile(settings, missing))
        file = _delegation_token(sources)
        secrets = (file.token,)
        signer = _instance_signer(settings, delegation_token=file.token)
        signs = DelegationSigner(signer, file.path, lambda: _delegation_token(sources))
        renewed_secrets = signs.all_renewed
        description = f"the user of the delegation token {file.path}, through an instance principal"
    else:
        sources = CredentialSources(settings, _profile(settings, ()))
        if kind == "instance_principal":
            signer, description = _instance_signer(settings), "an instance principal"
        elif kind == "resource_principal":
            signer, description = _resource_signer(), "a resource principal"
        else:
            signer, description = _workload_signer(), "an OKE workload identity"
        signs = SdkSigner(signer, renews=_renews(kind))
    region = sources.region()
    if not region and getattr(signer, "region", None):
        region = {"region": signer.region, "region_source": f"the {kind.replace('_', ' ')}"}
    return Principal(
        signer=signs,
        description=description,
        tenancy=sources.tenancy() or _tenancy_of(signer),
        secrets=secrets,
        renewed_secrets=renewed_secrets,
        **region,
    )


def _profile(settings: ConnectionSettings, missing: tuple[str, ...]) -> Profile | None:
    """The profile, if it is named, needed, or what has chosen the ``auth_type``."""
    return read_profile(settings, missing) or (find_profile(settings) if is_chosen_by_profile(settings) else None)


def _delegation_token(sources: CredentialSources) -> TokenFile:
    remedy = "Cloud Shell provides such a file"
    return sources.token_file("delegation_token_file", "delegation token file", remedy)


class DelegationSigner(SdkSigner):
    """Signs for an instance that acts for a user, and reads the user's token again before it ends, and when OCI rejects
    it. Once it has ended, and the file has no other of the same user, nothing is signed any more.
    """

    def __init__(
        self, signer: Any, path: str, read: Callable[[], TokenFile], now: Callable[[], float] = time.time
    ) -> None:
        super().__init__(signer, renews=True)
        self._obo_signer = signer
        self._path = path
        self._read = read
        self._now = now
        self._owner = TokenOwner(self._token)
        self._difference: str | None = None
        self._renewed: tuple[str, ...] = ()

    def sign(
        self, method: str, host: str, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> dict[str, str]:
        """Raises CredentialsEndedError if the token has ended and was not renewed."""
        if self._ends(self._token, RENEWAL_SECONDS) and not self._take_renewed() and self._ends(self._token, 0.0):
            if self._difference:
                raise self._refusal()
            raise CredentialsEndedError(
                f"The delegation token {self._path} has expired. Write a new one into that file; Cloud Shell has"
                " one in each new session"
            )
        return super().sign(method, host, target, headers, body)

    def renew(self, signed: Mapping[str, str]) -> bool:
        """Whether the file has another token than the one that was rejected, or the instance's own was renewed."""
        was_read_already = signed.get("opc-obo-token") != self._token
        if was_read_already or self._take_renewed():
            return True
        if self._difference:
            raise self._refusal()
        return super().renew(signed)

    def all_renewed(self) -> tuple[str, ...]:
        """The tokens that were read since the first."""
        return self._renewed

    def _refusal(self) -> CredentialsEndedError:
        return CredentialsEndedError(
            f"The renewed delegation token {self._path} is refused: it is {self._difference}, as which this run began."
            " Write one of the same user into that file, then run this again. To go on as somebody else, start a run of"
            " its own"
        )

    @property
    def _token(self) -> str:
        return str(self._obo_signer.delegation_token)

    def _ends(self, token: str, seconds: float) -> bool:
        expires = (token_claims(token) or {}).get("exp")
        return isinstance(expires, (int, float)) and expires - seconds <= self._now()

    def _take_renewed(self) -> bool:
        """Take the token of the file if it is another one of the same user, and complete: it may be half written."""
        self._difference = None
        try:
            token = self._read().token
        except InputError:
            return False
        is_cut_off = token_claims(token) is None and token_claims(self._token) is not None
        if token == self._token or is_cut_off or self._ends(token, 0.0):
            return False
        self._difference = self._owner.differs(token)
        if self._difference:
            return False
        self._owner.learn(token)
        self._renewed += (token,)
        self._obo_signer.delegation_token = token
        return True


def _renews(kind: str) -> bool:
    """Whether a rejected token is renewed, which for OKE the environment may forbid, as in the SDK."""
    if kind != "oke_workload_identity":
        return True
    return os.environ.get("OCI_OKE_WORKLOAD_REFRESH_ENABLED", "true").lower() == "true"


def _tenancy_of(signer: Any) -> str | None:
    tenancy = getattr(signer, "tenancy_id", None)
    if not tenancy:
        token = getattr(getattr(signer, "security_token", None), "security_token", "")
        tenancy = (token_claims(token) or {}).get("res_tenant")
    return tenancy if isinstance(tenancy, str) else None


def _instance_signer(settings: ConnectionSettings, **arguments: Any) -> Any:
    signers = load("oci.auth.signers")
    signer_class = (
        signers.InstancePrincipalsDelegationTokenSigner
        if "delegation_token" in arguments
        else signers.InstancePrincipalsSecurityTokenSigner
    )
    exempt_metadata_service()
    probe_metadata_service()
    signer_class = _at_chosen_metadata_service(signer_class)
    if settings.cert_bundle:
        arguments["federation_client_cert_bundle_verify"] = os.path.expanduser(settings.cert_bundle)
    # The SDK would retry for minutes, but a service that has just accepted a connection has no reason to be slow.
    retry = load("oci.retry").RetryStrategyBuilder(
        max_attempts=3,
        total_elapsed_time_seconds=30,
        service_error_retry_config={-1: [], 404: [], 429: []},
        retry_max_wait_between_calls_seconds=3,
    )
    arguments["federation_client_circuit_breaker_strategy"] = load("oci.circuit_breaker").NoCircuitBreakerStrategy()
    return _create_platform_signer(
        settings.auth_type, lambda: signer_class(retry_strategy=retry.get_retry_strategy(), **arguments)
    )


def _at_chosen_metadata_service(signer_class: Any) -> Any:
    """The signer, for the metadata service of OCI_METADATA_BASE_URL, which older SDKs don't read."""
    chosen = chosen_url()
    if not chosen or hasattr(signer_class, "METADATA_URL_BASE_ENV_VAR"):
        return signer_class
    urls = {
        "METADATA_URL_BASE": chosen,
        "GET_REGION_URL": f"{chosen}/instance/region",
        "LEAF_CERTIFICATE_URL": f"{chosen}/identity/cert.pem",
        "LEAF_CERTIFICATE_PRIVATE_KEY_URL": f"{chosen}/identity/key.pem",
        "INTERMEDIATE_CERTIFICATE_URL": f"{chosen}/identity/intermediate.pem",
    }
    return type(signer_class.__name__, (signer_class,), urls)


def _resource_signer() -> Any:
    version = os.environ.get("OCI_RESOURCE_PRINCIPAL_VERSION", "").strip()
    if not version:
        raise InputError(
            "No resource principal is available: the environment variable OCI_RESOURCE_PRINCIPAL_VERSION is not set."
            " OCI sets it in functions, jobs and similar; elsewhere, choose another auth_type"
        )
    needed = {
        "1.1": ("RPT_ENDPOINT",),
        "2.1": ("RPT_ENDPOINT", "RPST_ENDPOINT", "RESOURCE_ID", "PRIVATE_PEM"),
        "2.1.1": ("RPT_ENDPOINT", "RPST_ENDPOINT", "RESOURCE_ID", "PRIVATE_PEM", "TENANCY_ID"),
        "2.1.2": ("RPT_ENDPOINT", "RPST_ENDPOINT", "RESOURCE_ID", "PRIVATE_PEM", "TENANCY_ID"),
        "2.2": ("RPST", "PRIVATE_PEM"),
    }.get(version, ())
    missing = [
        f"OCI_RESOURCE_PRINCIPAL_{name}" for name in needed if not os.environ.get(f"OCI_RESOURCE_PRINCIPAL_{name}")
    ]
    if missing:
        raise InputError(
            f"A resource principal of version {version} also requires the environment variables {', '.join(missing)}"
        )
    return _create_platform_signer("resource_principal", load("oci.auth.signers").get_resource_principals_signer)


def _workload_signer() -> Any:
    if not os.environ.get("KUBERNETES_SERVICE_HOST", "").strip():
        raise InputError(
            "No OKE workload identity is available: the environment variable KUBERNETES_SERVICE_HOST is not set. It is"
            " set in the pods of a cluster; elsewhere, choose another auth_type"
        )
    return _create_platform_signer(
        "oke_workload_identity", load("oci.auth.signers").get_oke_workload_identity_resource_principal_signer
    )


def _create_platform_signer(auth_type: str, create: Callable[[], Any]) -> Any:
    exempt_metadata_service()
    try:
        with _without_redirects():
            return create()
    except Exception as error:  # anything from OSError to KeyError, depending on the services' responses
        if isinstance(error, load("oci.exceptions").ServiceError):
            reason = f"{error.status} {error.message}"
        elif isinstance(error, load_requests().exceptions.TooManyRedirects):
            reason = f"{_redirect_of(error)}, which is not followed"
        elif isinstance(error, (OSError, ValueError, RuntimeError)):  # also what the requests library raises
            reason = f"{type(error).__name__}: {error}"
        else:  # the text of one of the SDK's own contains a private key
            reason = type(error).__name__
        proxies = proxies_in_words(os.environ) if isinstance(error, OSError) else ""
        way = (
            f". Requests for tokens go through {proxies}. Correct that, or name their host in NO_PROXY"
            if proxies
            else ""
        )
        raise InputError(
            f"Authentication with auth_type {auth_type} failed: {readable(remove_credentials(reason), 300)}{way}"
        ) from error


@contextmanager
def _without_redirects() -> Iterator[None]:
    """Sessions of the SDK's requests library that are created within never follow a redirect.

    Signers create their sessions and ask for a token in one go, so there is no time at which to tell a session.
    """
    sessions = load_requests().sessions
    with _redirect_limit:
        limit = sessions.DEFAULT_REDIRECT_LIMIT
        sessions.DEFAULT_REDIRECT_LIMIT = 0
        try:
            yield
        finally:
            sessions.DEFAULT_REDIRECT_LIMIT = limit


def _redirect_of(error: Any) -> str:
    """A redirect, in words: who answered, and whom it names."""
    response = getattr(error, "response", None)
    if response is None:
        return "the answer was a redirect"
    where = urlsplit(response.headers.get("location", "")).netloc.rpartition("@")[2]
    return f"{urlsplit(response.url).netloc} answered {response.status_code}, a redirect to {where or 'itself'}"
