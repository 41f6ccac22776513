# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which ``auth_type`` is meant where nobody chose one: that of the credentials which are there. No SDK.

The SDK takes every profile for an API key, except one with ``authentication_type=instance_principal`` and a delegation
token, as in Cloud Shell. The command line takes every profile for one, without ``--auth`` or ``OCI_CLI_AUTH``. Both
take from [DEFAULT] what a profile lacks, so they sign with the key of a session as the user of [DEFAULT], which OCI
rejects with a 401. Here the profile of a session is one, and is never mixed with a user from elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .._common.errors import InputError
from .._common.text import quote
from .config_file import DEFAULT_PROFILE, Profile, find_profile
from .settings import AUTH_TYPES, TOKEN_FILE_VARIABLES, ConnectionSettings, rank

_API_KEY, _SESSION, _DELEGATION = "api_key", "security_token", "instance_obo_user"
_TYPE_NAME = "authentication_type"
# What says which it is, by its name in the settings and in the config file; the first one counts.
_EVIDENCE = (
    ("security_token_file", "security_token_file", _SESSION),
    ("api_user", "user", _API_KEY),
    ("delegation_token_file", "delegation_token_file", _DELEGATION),
)


def with_auth_type(settings: ConnectionSettings) -> ConnectionSettings:
    """The settings with an ``auth_type``: the chosen one, else that of the credentials, else ``api_key``.

    Credentials are looked for as values are: in options, in our variables, in those of the command line, in the
    profile, then in what it inherits. Whom an option names, as user or by the profile or config file, signs: there, no
    ``auth_type``, user or token file of the environment makes it somebody else. Raises InputError for an
    ``authentication_type`` that is unknown.
    """
    named = find_profile(settings) if _is_named_by_option(settings) else None
    if named is not None:
        settings = _without_token_files(settings, named)
    chosen = settings.sources.get("auth_type")
    if chosen is not None and rank(chosen) == 0:
        return settings
    found = _by_settings(settings, 0) or _by_profile(named)
    if found is None and chosen is None:
        found = _by_settings(settings, 1) or _by_settings(settings, 2) or _by_profile(find_profile(settings))
    if found is None:
        return settings
    auth_type, source = found
    return replace(settings, auth_type=auth_type, sources={**settings.sources, "auth_type": source})


def is_chosen_by_profile(settings: ConnectionSettings) -> bool:
    """Whether the ``auth_type`` comes from the config file."""
    source = settings.sources.get("auth_type")
    return source is not None and not source.startswith(("option", "environment variable"))


def _is_named_by_option(settings: ConnectionSettings) -> bool:
    """Whether an option says which profile is meant, or which config file."""
    sources = (settings.sources.get(name) for name in ("config_profile_name", "config_file_location"))
    return any(source is not None and rank(source) == 0 for source in sources)


def _without_token_files(settings: ConnectionSettings, profile: Profile) -> ConnectionSettings:
    """The settings without the token files of the environment that the profile has too: the key is the profile's."""
    dropped = [name for name in TOKEN_FILE_VARIABLES if name in settings.sources and name in profile.values]
    sources = {name: source for name, source in settings.sources.items() if name not in dropped}
    blanks: dict[str, Any] = dict.fromkeys(dropped)
    return replace(settings, sources=sources, **blanks)


def _by_settings(settings: ConnectionSettings, level: int) -> tuple[str, str] | None:
    for option, _name, auth_type in _EVIDENCE:
        source = settings.sources.get(option)
        if source is not None and rank(source) == level:
            return auth_type, source
    return None


def _by_profile(profile: Profile | None) -> tuple[str, str] | None:
    if profile is None:
        return None
    for section in (profile.own, profile.inherited):
        found = _by_section(profile, section)
        if found is not None:
            return found
    return None


def _by_section(profile: Profile, section: Mapping[str, str]) -> tuple[str, str] | None:
    named = section.get(_TYPE_NAME)
    if named is not None:
        return _named_type(profile, named), profile.source(_TYPE_NAME)
    for _option, name, auth_type in _EVIDENCE:
        if name in section:
            return auth_type, profile.source(name)
    return None


def _named_type(profile: Profile, named: str) -> str:
    """The ``auth_type`` for an ``authentication_type``. With a delegation token, an instance acts for a user."""
    auth_type = named.lower()
    if auth_type == "instance_principal" and "delegation_token_file" in profile.values:
        return _DELEGATION
    if auth_type not in AUTH_TYPES:
        raise InputError(
            f"{quote(named)} ({profile.source(_TYPE_NAME)}) is not valid; choose one of: {', '.join(AUTH_TYPES)}. Or"
            " leave it out, and set the option auth_type"
        )
    return auth_type


def expect_one_identity(profile: Profile | None, user_source: str, *, key_is_of_profile: bool) -> None:
    """Raise InputError if an API key would be made of a profile with a token and of a user from elsewhere.

    The key of a session belongs to its token, not to any user, and who has chosen such a profile does not mean the
    user of [DEFAULT].
    """
    if profile is None or "user" in profile.own:
        return
    token = next((name for name in ("security_token_file", "delegation_token_file") if name in profile.own), None)
    is_inherited = "user" in profile.inherited and user_source == profile.source("user")
    if token is None or not (is_inherited or key_is_of_profile):
        return
    auth_type = _SESSION if token == "security_token_file" else _DELEGATION
    whose = f"profile {DEFAULT_PROFILE}" if is_inherited else user_source
    raise InputError(
        f"The {profile.where} has a token ({token}), but with auth_type api_key it would sign as the user of {whose}."
        f" Different identities are not mixed. Set auth_type to {auth_type} or leave it out, or choose another profile"
    )
