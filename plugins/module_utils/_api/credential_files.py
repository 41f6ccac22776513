# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files that hold credentials, or lead to them. Nothing is ever written to them."""

from __future__ import annotations

import configparser
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from .._common.errors import InputError
from .config_file import DEFAULT_PATH
from .settings import resolve_connection

_IN_PROFILES = ("key_file", "security_token_file", "delegation_token_file")


def credential_files(options: Mapping[str, object], environment: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    """What each file is, and its path: from the options, the environment, and every profile of the config file."""
    try:
        settings = resolve_connection(options, environment)
    except InputError:
        return  # reported when the connection is made
    config = _expanded(settings.config_file_location or DEFAULT_PATH)
    yield "the OCI config file", config
    if settings.api_user_key_file:
        yield "the file of the API key", _expanded(settings.api_user_key_file)
    if settings.cert_bundle:
        yield "the CA bundle", _expanded(settings.cert_bundle)
    for name, value in environment.items():
        if name.startswith("OCI_") and os.sep in value and "\n" not in value:
            yield f"the file of the environment variable {name}", _expanded(value)
    yield from _of_profiles(config)


def _of_profiles(config: Path) -> Iterator[tuple[str, Path]]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read(config, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError, configparser.Error):
        return  # reported when the connection is made
    for profile in (parser.default_section, *parser.sections()):
        for name in _IN_PROFILES:
            value = parser[profile].get(name, "").strip()
            if value:
                yield f"{name} of profile {profile}", _expanded(value)


def _expanded(path: str) -> Path:
    return Path(os.path.abspath(os.path.expanduser(path)))
