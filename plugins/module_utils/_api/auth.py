# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who makes the calls: a signer for each ``auth_type``.

Needs the package cryptography for API keys and session tokens, and the SDK for all others (``platform_auth.py``).
Reports everything that can be wrong with credentials and is visible without a call, before a service reports it less
clearly. No message contains a key, a pass phrase or a token.
"""

from __future__ import annotations

import re
from dataclasses import replace

from .._common.errors import InputError
from .._common.text import quote
from .auth_choice import expect_one_identity, with_auth_type
from .config_file import read_profile
from .credentials import PROFILE_NAMES, CredentialSources, Principal, expect_ocid
from .key_files import fingerprint_of, read_private_key
from .settings import ConnectionSettings, how_to_set
from .signing import KeySigner

_FINGERPRINT = re.compile(r"([0-9a-f]{2}:){15}[0-9a-f]{2}")


def create_principal(settings: ConnectionSettings) -> Principal:
    """The principal for the settings; without ``auth_type``, for the credentials that are there.

    Raises InputError if credentials are missing or invalid, as far as that is visible without calling OCI, and if the
    services of the machine that a principal needs don't respond.
    """
    settings = with_auth_type(settings)
    if settings.auth_type == "api_key":
        principal = _api_key(settings)
    elif settings.auth_type == "security_token":
        # Only here, since a call has one kind of credentials: the others take 12 ms of a start.
        from .session_token import session_principal

        principal = session_principal(settings)
    else:
        from .platform_auth import platform_principal

        principal = platform_principal(settings)
    return replace(principal, auth_type=settings.auth_type)


def _api_key(settings: ConnectionSettings) -> Principal:
    names = ("api_user", "api_user_fingerprint", "api_user_key_file", "tenancy", "region")
    have_key = settings.api_user_key_content is not None
    missing = tuple(
        name for name in names if getattr(settings, name) is None and not (have_key and name == "api_user_key_file")
    )
    sources = CredentialSources(settings, read_profile(settings, missing, optional=("region",)))
    found = {name: sources.get(name) for name in names}
    lacking = [name for name in missing if found[name] is None and name != "region"]
    if lacking:
        profile = f" ({sources.where})" if sources.profile else ""
        values = ", ".join(f"{PROFILE_NAMES.get(name, name)} ({how_to_set(name)})" for name in lacking)
        raise InputError(f"Incomplete API key configuration{profile}. Missing: {values}{_other_ways(sources)}")
    user, user_source = found["api_user"] or ("", "")
    tenancy, tenancy_source = found["tenancy"] or ("", "")
    fingerprint, fingerprint_source = found["api_user_fingerprint"] or ("", "")
    expect_ocid(user, "user", user_source)
    expect_ocid(tenancy, "tenancy", tenancy_source)
    fingerprint = fingerprint.lower()
    if not _FINGERPRINT.fullmatch(fingerprint):
        raise InputError(
            f"{quote(fingerprint)} ({fingerprint_source}) is not the fingerprint of an API key. Give 16 pairs of"
            " hexadecimal digits separated by colons, as the console shows it"
        )
    key_is_of_profile = sources.profile is not None and _key_source(sources) == sources.profile.source("key_file")
    expect_one_identity(sources.profile, user_source, key_is_of_profile=key_is_of_profile)
    private_key, key_source, phrases = read_private_key(sources)
    actual = fingerprint_of(private_key.public_key())
    if actual != fingerprint:
        raise InputError(
            f"The fingerprint {fingerprint} ({fingerprint_source}) is not that of the private key ({key_source}), which"
            f" is {actual}. Give a key and its own fingerprint, and upload the key's public half for the user"
        )
    return Principal(
        signer=KeySigner(f"{tenancy}/{user}/{fingerprint}", private_key),
        description=f"user {user} with the API key {fingerprint}",
        tenancy=tenancy,
        secrets=phrases,
        remedy="Check that the API key with this fingerprint is uploaded for this user, and that this machine's clock"
        " is right to within five minutes.",
        **sources.region(),
    )


def _key_source(sources: CredentialSources) -> str:
    """Where the private key comes from: an option, a variable, or the config file."""
    found = sources.get("api_user_key_content") or sources.get("api_user_key_file")
    return found[1] if found else ""


def _other_ways(sources: CredentialSources) -> str:
    """What the profile has that belongs to another ``auth_type`` than the chosen one."""
    if sources.profile is None or "security_token_file" not in sources.profile.values:
        return ""
    return ". The profile has a session token: leave auth_type out, or set it to security_token, to use that"
