# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""Who makes the calls: a signer for each ``auth_type``. Part of ``_connection.py``; uses the SDK.

Everything that can be wrong with credentials and can be seen without a call is told here, before the SDK or a service
says it less clearly. No message holds a key, a pass phrase or a token.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from .._common.errors import InputError
from .._common.text import readable, shorten
from .._model.ocid import expect_type, parse
from .config_file import (
    Profile,
    read_file,
    read_profile,
)
from .sdk import load
from .settings import ConnectionSettings, how_to_set

METADATA_TIMEOUT = 3.0
"""Seconds that the metadata service of an instance may take to accept a connection."""

_FINGERPRINT = re.compile(r"([0-9a-f]{2}:){15}[0-9a-f]{2}")
_IN_PROFILE = {  # where the config file has another name for what an option says
    "api_user": "user",
    "api_user_fingerprint": "fingerprint",
    "api_user_key_file": "key_file",
    "api_user_key_pass_phrase": "pass_phrase",
}


@dataclass(frozen=True)
class Principal:
    """Who makes the calls. ``config`` is what the SDK's clients check (no secrets), ``region`` is as it was given."""

    signer: Any = field(repr=False)
    description: str
    tenancy: str | None = None
    region: str | None = None
    region_source: str = ""
    config: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class _CredentialSources:
    """Options and environment, and behind them the config file."""

    settings: ConnectionSettings
    profile: Profile | None

    def get(self, option: str) -> tuple[str, str] | None:
        """A value and where it comes from, or None."""
        value = getattr(self.settings, option)
        if value is not None:
            return value, self.settings.sources.get(option, f"option {option}")
        name = _IN_PROFILE.get(option, option)
        if self.profile is not None and name in self.profile.values:
            return self.profile.values[name], f"{name} in {self.profile.where}"
        return None

    def region(self) -> dict[str, Any]:
        found = self.get("region")
        return {"region": found[0], "region_source": found[1]} if found else {}


def create_principal(settings: ConnectionSettings) -> Principal:
    """The signer for the settings and what is known of it.

    Raises InputError where credentials are missing or wrong, as far as that shows without asking OCI, and where the
    services of the machine that a principal needs don't answer.
    """
    if settings.auth_type == "api_key":
        return _api_key(settings)
    if settings.auth_type == "security_token":
        return _security_token(settings)
    return _platform_principal(settings)


def _api_key(settings: ConnectionSettings) -> Principal:
    names = ("api_user", "api_user_fingerprint", "api_user_key_file", "tenancy", "region")
    have_key = settings.api_user_key_content is not None
    missing = tuple(
        name for name in names if getattr(settings, name) is None and not (have_key and name == "api_user_key_file")
    )
    sources = _CredentialSources(settings, read_profile(settings, missing, optional=("region",)))
    found = {name: sources.get(name) for name in names}
    lacking = [name for name in missing if found[name] is None and name != "region"]
    if lacking:
        nowhere = f", and {sources.profile.where} does not have it" if sources.profile else ""
        ways = "; ".join(f"{_IN_PROFILE.get(name, name)}: {how_to_set(name)}" for name in lacking)
        raise InputError(f"The API key is not complete{nowhere}. Missing are {ways}")
    user, user_source = found["api_user"] or ("", "")
    tenancy, tenancy_source = found["tenancy"] or ("", "")
    fingerprint, fingerprint_source = found["api_user_fingerprint"] or ("", "")
    _expect(user, "user", user_source)
    _expect(tenancy, "tenancy", tenancy_source)
    fingerprint = fingerprint.lower()
    if not _FINGERPRINT.fullmatch(fingerprint):
        raise InputError(
            f"{shorten(fingerprint)!r} ({fingerprint_source}) is not the fingerprint of an API key: it must be 16 pairs"
            " of hexadecimal digits with colons between them, as the console shows it"
        )
    pem, key_source = _key(sources)
    phrase = sources.get("api_user_key_pass_phrase")
    private_key = _load_key(pem, phrase[0] if phrase else None, key_source)
    actual = _fingerprint_of(private_key)
    if actual != fingerprint:
        raise InputError(
            f"The fingerprint {fingerprint} ({fingerprint_source}) is not that of the private key, which is {actual}"
            f" ({key_source}). The two must belong together, and the key be known to the user's account"
        )
    signer = _signer_class()(tenancy, user, fingerprint, private_key)
    return Principal(
        signer=signer,
        description=f"user {user} with the API key {fingerprint}",
        tenancy=tenancy,
        # The SDK's clients demand these five, though they sign with the signer.
        config={"tenancy": tenancy, "user": user, "fingerprint": fingerprint, "key_file": "held by the signer"},
        secrets=(phrase[0],) if phrase else (),
        **sources.region(),
    )


def _signer_class() -> Any:
    module = load("oci.signer")

    class LoadedKeySigner(module.AbstractBaseSigner):  # type: ignore[misc, name-defined, unused-ignore]
        """The SDK's signer for API keys, but for a key that is loaded already: that takes 30 ms of its 31."""

        def __init__(self, tenancy: str, user: str, fingerprint: str, private_key: Any) -> None:
            self.api_key = f"{tenancy}/{user}/{fingerprint}"
            self.private_key = private_key
            self.create_signers(
                self.api_key,
                private_key,
                ["date", "(request-target)", "host"],
                ["content-length", "content-type", "x-content-sha256"],
            )

    return LoadedKeySigner


def _security_token(settings: ConnectionSettings) -> Principal:
    # The file is needed in any case: nothing else says where the token is.
    sources = _CredentialSources(settings, read_profile(settings, ("security_token_file",)))
    path = _from_profile(sources, "security_token_file", "create one with 'oci session authenticate'")
    where = f"security_token_file in {sources.profile.where}" if sources.profile else "security_token_file"
    token = read_file(path, "session token file", where).decode("utf-8", "replace").strip()
    claims = _claims(token)
    if claims is None:
        raise InputError(
            f"The session token file {path} ({where}) does not hold a token. Create one with 'oci session authenticate'"
        )
    expires = claims.get("exp")
    if isinstance(expires, (int, float)) and expires <= time.time():
        when = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(expires))
        raise InputError(
            f"The session token of {sources.profile.where if sources.profile else path}"
            f" expired at {when}. Renew it with"
            " 'oci session refresh', or create one with 'oci session authenticate'"
        )
    if sources.get("api_user_key_content") is None and sources.get("api_user_key_file") is None:
        _from_profile(sources, "key_file", "create it with 'oci session authenticate'")
    pem, key_source = _key(sources)
    phrase = sources.get("api_user_key_pass_phrase")
    private_key = _load_key(pem, phrase[0] if phrase else None, key_source)
    tenancy = sources.get("tenancy")
    if tenancy:
        _expect(tenancy[0], "tenancy", tenancy[1])
    return Principal(
        signer=load("oci").auth.signers.SecurityTokenSigner(token, private_key),
        description=f"session token of {sources.profile.where if sources.profile else path}",
        tenancy=tenancy[0] if tenancy else _text(claims.get("tenant")),
        secrets=(token, phrase[0]) if phrase else (token,),
        **sources.region(),
    )


def _platform_principal(settings: ConnectionSettings) -> Principal:
    """A principal whose token comes from the machine that this runs on."""
    kind = settings.auth_type
    secrets: tuple[str, ...] = ()
    if kind == "instance_obo_user":
        sources = _CredentialSources(settings, read_profile(settings, ("delegation_token_file",)))
        path = _from_profile(sources, "delegation_token_file", "Cloud Shell makes such a file")
        where = f"delegation_token_file in {sources.profile.where}" if sources.profile else "delegation_token_file"
        token = read_file(path, "delegation token file", where).decode("utf-8", "replace").strip()
        secrets = (token,)
        signer = _instance_signer(settings, delegation_token=token)
        description = f"the user of the delegation token {path}, by an instance principal"
    else:
        sources = _CredentialSources(settings, read_profile(settings, ()))
        if kind == "instance_principal":
            signer, description = _instance_signer(settings), "an instance principal"
        elif kind == "resource_principal":
            signer, description = _resource_signer(), "a resource principal"
        else:
            signer, description = _workload_signer(), "an OKE workload identity"
    region = sources.region()
    if not region and getattr(signer, "region", None):
        region = {"region": signer.region, "region_source": f"the {kind.replace('_', ' ')}"}
    tenancy = sources.get("tenancy")
    if tenancy:
        _expect(tenancy[0], "tenancy", tenancy[1])
    return Principal(
        signer=signer,
        description=description,
        tenancy=tenancy[0] if tenancy else _tenancy_of(signer),
        secrets=secrets,
        **region,
    )


def _tenancy_of(signer: Any) -> str | None:
    tenancy = getattr(signer, "tenancy_id", None)
    if not tenancy:
        token = getattr(getattr(signer, "security_token", None), "security_token", "")
        tenancy = (_claims(token) or {}).get("res_tenant")
    return _text(tenancy)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _instance_signer(settings: ConnectionSettings, **arguments: Any) -> Any:
    signers = load("oci").auth.signers
    signer_class = (
        signers.InstancePrincipalsDelegationTokenSigner
        if "delegation_token" in arguments
        else signers.InstancePrincipalsSecurityTokenSigner
    )
    _probe_metadata_service(signer_class)
    if settings.cert_bundle:
        arguments["federation_client_cert_bundle_verify"] = os.path.expanduser(settings.cert_bundle)
    # The SDK would try for minutes, though what has answered once has no reason to be slow.
    retry = load("oci").retry.RetryStrategyBuilder(
        max_attempts=3,
        total_elapsed_time_seconds=30,
        service_error_retry_config={-1: [], 404: [], 429: []},
        retry_max_wait_between_calls_seconds=3,
    )
    arguments["federation_client_circuit_breaker_strategy"] = load("oci").circuit_breaker.NoCircuitBreakerStrategy()
    return _create_platform_signer(
        settings.auth_type, lambda: signer_class(retry_strategy=retry.get_retry_strategy(), **arguments)
    )


def _probe_metadata_service(signer_class: Any) -> None:
    """Raise InputError at once where this is no instance: the SDK would need minutes to find out."""
    chosen = os.environ.get("OCI_METADATA_BASE_URL", "").strip()
    urls = [chosen] if chosen else [signer_class.DEFAULT_METADATA_URL_BASE, signer_class.DEFAULT_METADATA_URL_BASE_IPV6]
    utils = load("oci.base_client").requests.utils
    fault = ""
    for url in urls:
        if utils.select_proxy(url, utils.get_environ_proxies(url, no_proxy=None)):
            return  # then it is the proxy's business
        address = urlsplit(url)
        try:
            port = address.port or (443 if address.scheme == "https" else 80)
            socket.create_connection((address.hostname or "", port), METADATA_TIMEOUT).close()
            return
        except (OSError, ValueError) as error:
            fault = fault or getattr(error, "strerror", None) or str(error) or type(error).__name__
    raise InputError(
        f"The metadata service {urls[0]} does not answer ({fault}), so there is no instance principal: that works on"
        " compute instances of OCI only. Elsewhere choose another auth_type"
    )


def _resource_signer() -> Any:
    version = os.environ.get("OCI_RESOURCE_PRINCIPAL_VERSION", "").strip()
    if not version:
        raise InputError(
            "There is no resource principal here: the environment variable OCI_RESOURCE_PRINCIPAL_VERSION is not set."
            " It is set inside of functions, jobs and the like of OCI; elsewhere choose another auth_type"
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
            f"A resource principal of version {version} needs the environment variables {', '.join(missing)} too"
        )
    return _create_platform_signer("resource_principal", load("oci").auth.signers.get_resource_principals_signer)


def _workload_signer() -> Any:
    if not os.environ.get("KUBERNETES_SERVICE_HOST", "").strip():
        raise InputError(
            "There is no OKE workload identity here: the environment variable KUBERNETES_SERVICE_HOST is not set. It is"
            " set in the pods of a cluster; elsewhere choose another auth_type"
        )
    return _create_platform_signer(
        "oke_workload_identity", load("oci").auth.signers.get_oke_workload_identity_resource_principal_signer
    )


def _create_platform_signer(auth_type: str, make: Any) -> Any:
    try:
        return make()
    except Exception as error:  # anything from OSError to KeyError, depending on what the services answered
        exceptions = load("oci").exceptions
        transport = load("oci.base_client").requests.exceptions
        if isinstance(error, exceptions.ServiceError):
            reason = f"{error.status} {error.message}"
        elif isinstance(error, (OSError, transport.RequestException, ValueError, RuntimeError)):
            reason = f"{type(error).__name__}: {error}"
        else:  # one of the SDK's own has a private key in its text
            reason = type(error).__name__
        raise InputError(f"No {auth_type} could be had: {readable(reason, 300)}") from error


def _from_profile(sources: _CredentialSources, name: str, remedy: str) -> str:
    if sources.profile is None or name not in sources.profile.values:
        where = sources.profile.where if sources.profile else "config file"
        raise InputError(f"The {where} has no {name}, which auth_type {sources.settings.auth_type} needs; {remedy}")
    return sources.profile.values[name]


def _expect(value: str, kind: str, source: str) -> None:
    try:
        expect_type(parse(value), kind)
    except InputError as error:
        raise InputError(f"{source}: {error}") from None


def _key(sources: _CredentialSources) -> tuple[bytes, str]:
    """The private key in PEM form, and where it comes from."""
    content = sources.settings.api_user_key_content
    if content is not None:
        # What went through a form or a variable often has its line breaks as "\n".
        text = content.replace("\\r", "").replace("\\n", "\n") if "\n" not in content else content
        return text.encode("utf-8"), sources.settings.sources.get("api_user_key_content", "option api_user_key_content")
    path, source = sources.get("api_user_key_file") or ("", "")
    return read_file(path, "private key file", source), f"{path}, {source}"


def _load_key(pem: bytes, phrase: str | None, source: str) -> Any:
    module = load("oci.signer")
    try:
        # As bytes: the SDK encodes text as ASCII, and its error then shows the text.
        key = module.load_private_key(pem.strip(), None if phrase is None else phrase.encode("utf-8"))
    except Exception as error:  # from the SDK and from cryptography, by the dozen
        raise InputError(f"The private key ({source}) {_explain_key_error(pem, phrase, error)}") from None
    if not isinstance(key, load("cryptography.hazmat.primitives.asymmetric.rsa").RSAPrivateKey):
        raise InputError(f"The private key ({source}) is not an RSA key, as the keys for the API of OCI are")
    return key


def _explain_key_error(pem: bytes, phrase: str | None, error: Exception) -> str:
    if type(error).__name__ == "MissingPrivateKeyPassphrase":
        return f"is encrypted, but there is no pass phrase. Give it with {how_to_set('api_user_key_pass_phrase')}"
    if b"PUBLIC KEY" in pem or pem.startswith(b"ssh-") or "public key" in str(error):
        return "is a public key. The private one is needed, to sign the requests with"
    if b"BEGIN CERTIFICATE" in pem:
        return "is a certificate. The private key is needed, to sign the requests with"
    if b"BEGIN OPENSSH" in pem:
        return "is in the format of OpenSSH. Convert a copy with 'ssh-keygen -p -m PEM -f <file>'"
    if b"PRIVATE KEY-----" not in pem:
        return (
            "is not a private key in PEM form: there is no line '-----BEGIN PRIVATE KEY-----' or '-----BEGIN RSA ...'"
        )
    if b"ENCRYPTED" in pem and phrase is not None:
        return "can't be decrypted with the pass phrase given, or is damaged"
    return "is damaged: it can't be read. Are all of its lines there, each on a line of its own?"


def _fingerprint_of(private_key: Any) -> str:
    serialization = load("cryptography.hazmat.primitives.serialization")
    der = private_key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return ":".join(f"{byte:02x}" for byte in hashlib.md5(der, usedforsecurity=False).digest())


def _claims(token: str) -> dict[str, Any] | None:
    """What a JWT claims, unverified: that is the service's business. None where it is no JWT."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return None
    return claims if isinstance(claims, dict) else None
