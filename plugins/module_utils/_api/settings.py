# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection options, and the settings that they and the environment result in. Pure: the environment is an
argument.

An option takes precedence over the environment, the environment over the config file (read by ``config_file.py``). In
the environment, the variables that are ours or those of Oracle's Ansible collection come before those of Oracle's
command line (``OCI_CLI_*``). A blank value (``''``, white space, null) counts as not set in all of them: AWX sends
``''`` for whatever its user left out.
That is why no option here has a default, choices or an ``env_fallback``: an argument spec would apply them to ``''``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._common.errors import InputError
from .._common.text import quote, without_secrets
from .._common.values import is_blank, parse_boolean
from .proxies import SHORTEST_SECRET, proxy_secrets

AUTH_TYPES = (
    "api_key",
    "instance_principal",
    "instance_obo_user",
    "resource_principal",
    "security_token",
    "oke_workload_identity",
)

CONNECTION_OPTIONS: dict[str, dict[str, Any]] = {
    "config_file_location": {"type": "path"},
    "config_profile_name": {"type": "str"},
    "api_user": {"type": "str"},
    "api_user_fingerprint": {"type": "str", "no_log": False},
    "api_user_key_file": {"type": "path", "no_log": False},
    "api_user_key_content": {"type": "str", "no_log": True},
    "api_user_key_pass_phrase": {"type": "str", "no_log": True},
    "tenancy": {"type": "str"},
    "region": {"type": "str"},
    "auth_type": {"type": "str"},
    "cert_bundle": {"type": "path"},
    "realm_specific_endpoint_template_enabled": {"type": "str"},
}
"""Argument spec entries of the connection options, for every module."""

ENVIRONMENT: Mapping[str, tuple[str, ...]] = {
    "config_file_location": ("OCI_CONFIG_FILE", "OCI_CLI_CONFIG_FILE"),
    "config_profile_name": ("OCI_CONFIG_PROFILE", "OCI_CLI_PROFILE"),
    "api_user": ("OCI_USER_ID", "OCI_CLI_USER"),
    "api_user_fingerprint": ("OCI_USER_FINGERPRINT", "OCI_CLI_FINGERPRINT"),
    "api_user_key_file": ("OCI_USER_KEY_FILE", "OCI_CLI_KEY_FILE"),
    "api_user_key_content": ("OCI_USER_KEY_CONTENT", "OCI_CLI_KEY_CONTENT"),
    "api_user_key_pass_phrase": ("OCI_USER_KEY_PASS_PHRASE", "OCI_CLI_PASSPHRASE"),
    "tenancy": ("OCI_TENANCY", "OCI_TENANCY_ID", "OCI_CLI_TENANCY"),
    "region": ("OCI_REGION", "OCI_CLI_REGION"),
    "auth_type": ("OCI_ANSIBLE_AUTH_TYPE", "OCI_AUTH_TYPE", "OCI_CLI_AUTH"),
    "cert_bundle": ("OCI_ANSIBLE_CERT_BUNDLE", "OCI_CLI_CERT_BUNDLE"),
}
"""The environment variables of each option, in order of precedence.

``realm_specific_endpoint_template_enabled`` has none here: the SDK reads its own.
"""

TOKEN_FILE_VARIABLES: Mapping[str, tuple[str, ...]] = {
    "security_token_file": ("OCI_CLI_SECURITY_TOKEN_FILE",),
    "delegation_token_file": ("OCI_DELEGATION_TOKEN_FILE", "OCI_CLI_DELEGATION_TOKEN_FILE"),
}
"""The environment variables of what is no option, and stands in the config file otherwise."""

_VARIABLE = "environment variable"
_SECRET = ("api_user_key_content", "api_user_key_pass_phrase")


@dataclass(frozen=True)
class ConnectionSettings:
    """The connection settings from options and environment. Each field has its option's name; None if it is not set.

    ``sources`` says for each field that is set where its value comes from, as error messages show it. Without one for
    ``auth_type``, nobody has chosen it, and the config file may (``auth_choice.py``). The two token files are no
    options.
    """

    config_file_location: str | None = None
    config_profile_name: str | None = None
    api_user: str | None = None
    api_user_fingerprint: str | None = None
    api_user_key_file: str | None = None
    api_user_key_content: str | None = field(default=None, repr=False)
    api_user_key_pass_phrase: str | None = field(default=None, repr=False)
    tenancy: str | None = None
    region: str | None = None
    auth_type: str = "api_key"
    cert_bundle: str | None = None
    security_token_file: str | None = None
    delegation_token_file: str | None = None
    realm_specific_endpoint_template_enabled: bool | None = None
    sources: Mapping[str, str] = field(default_factory=dict)
    other_secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret value from options or the environment, to be kept out of all output.

        Besides key and pass phrase: the credentials of proxies, and keys that stand where something else should.
        """
        return tuple(value for value in (*(getattr(self, name) for name in _SECRET), *self.other_secrets) if value)


def how_to_set(option: str) -> str:
    """The ways to set an option, for error messages: "option tenancy, environment variable OCI_TENANCY"."""
    variables = ENVIRONMENT.get(option, ())
    return f"option {option}" + (f", environment variable {variables[0]}" if variables else "")


def rank(source: str) -> int:
    """The precedence of a source: 0 for an option, 1 for a variable of ours, 2 for one of Oracle's command line."""
    if source.startswith("option"):
        return 0
    return 2 if source.startswith(f"{_VARIABLE} OCI_CLI_") else 1


def resolve_connection(options: Mapping[str, object], environment: Mapping[str, str]) -> ConnectionSettings:
    """The connection settings: the option, else the environment, else None.

    Raises InputError for an unknown ``auth_type`` and for a ``realm_specific_endpoint_template_enabled`` that is not a
    boolean.
    """
    values: dict[str, str] = {}
    sources: dict[str, str] = {}
    for name in (*CONNECTION_OPTIONS, *TOKEN_FILE_VARIABLES):
        found = _find(name, options, environment)
        if found is not None:
            values[name], sources[name] = found
    # Key file and key content are two ways to set the key: the one whose source comes first counts.
    for name, other in (
        ("api_user_key_content", "api_user_key_file"),
        ("api_user_key_file", "api_user_key_content"),
    ):
        if name in sources and other in sources and rank(sources[name]) > rank(sources[other]):
            del values[name], sources[name]

    template = values.pop("realm_specific_endpoint_template_enabled", None)
    given_type = values.pop("auth_type", AUTH_TYPES[0])
    auth_type = given_type.lower()
    if auth_type not in AUTH_TYPES:
        raise InputError(
            f"{quote(given_type)} ({sources['auth_type']}) is not valid; choose one of: {', '.join(AUTH_TYPES)}"
        )
    return ConnectionSettings(
        auth_type=auth_type,
        realm_specific_endpoint_template_enabled=None if template is None else _expect_boolean(template),
        sources=sources,
        other_secrets=(*_misplaced_secrets(values), *proxy_secrets(environment)),
        **values,
    )


def _misplaced_secrets(values: Mapping[str, str]) -> Iterator[str]:
    """Values that are secrets though their options take none, as a whole and line by line."""
    for name, value in values.items():
        if name not in _SECRET and without_secrets(value) != value:
            yield value
            yield from (line for line in value.splitlines() if len(line) >= SHORTEST_SECRET and "---" not in line)


def _find(name: str, options: Mapping[str, object], environment: Mapping[str, str]) -> tuple[str, str] | None:
    option = options.get(name) if name in CONNECTION_OPTIONS else None
    if not is_blank(option):
        return _clean(name, str(option)), f"option {name}"
    for variable in ENVIRONMENT.get(name) or TOKEN_FILE_VARIABLES.get(name, ()):
        value = environment.get(variable)
        if value is not None and not is_blank(value):
            return _clean(name, value), f"{_VARIABLE} {variable}"
    return None


def _clean(name: str, value: str) -> str:
    return value if name == "api_user_key_pass_phrase" else value.strip()


def _expect_boolean(value: str) -> bool:
    parsed = parse_boolean(value)
    if parsed is None:
        raise InputError(
            f"{quote(value)} (option realm_specific_endpoint_template_enabled) is not valid; choose one of: true,"
            " false. Leave it out to let the SDK decide"
        )
    return parsed
