# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads a profile of an OCI config file, and the files that it refers to. No SDK; messages never quote file content."""

from __future__ import annotations

import configparser
import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from .._common.errors import InputError
from .._common.text import given_path, quote
from .._common.values import is_blank
from .settings import CONNECTION_OPTIONS, ENVIRONMENT, ConnectionSettings, how_to_set

DEFAULT_PATH = "~/.oci/config"
DEFAULT_PROFILE = "DEFAULT"


@dataclass(frozen=True)
class Profile:
    """The values of one profile that are not blank: its ``own``, and those ``inherited`` from DEFAULT, as in the SDK.

    What a profile leaves blank it does not inherit. ``where`` is the profile and its file, for error messages.
    """

    path: str
    name: str
    own: Mapping[str, str]
    inherited: Mapping[str, str] = field(default_factory=dict)

    @property
    def values(self) -> Mapping[str, str]:
        return {**self.inherited, **self.own}

    @property
    def where(self) -> str:
        return f"profile {self.name} of {given_path(self.path)}"

    def source(self, name: str) -> str:
        """Where a value comes from: "user in profile X of ~/.oci/config"."""
        if name in self.own or name not in self.inherited:
            return f"{name} in {self.where}"
        return f"{name} in profile {DEFAULT_PROFILE} of {given_path(self.path)}, which profile {self.name} inherits"


def read_profile(
    settings: ConnectionSettings, missing: tuple[str, ...], *, optional: tuple[str, ...] = ()
) -> Profile | None:
    """The profile, if it is needed: because options are ``missing`` without it, or because file or profile are set.

    ``optional`` are those of the missing options that are not required. Raises InputError if a file that is needed does
    not exist, or if one that exists can't be read or has no such profile.
    """
    path, name = _place(settings)
    named = [
        settings.sources.get(option, f"option {option}")
        for option in ("config_file_location", "config_profile_name")
        if getattr(settings, option)
    ]
    needed = [option for option in missing if option not in optional]
    if not missing and not named:
        return None
    if not os.path.exists(path):
        # The environment's setting is for every tool; here it does not matter if all values are set without the file.
        if needed or any(source.startswith("option") for source in named):
            raise InputError(_no_file(path, settings, needed))
        return None
    parser = _parse(path)
    profile = _profile(parser, path, name)
    if profile is None:
        if not needed and not settings.config_profile_name:
            return None
        profiles = ([DEFAULT_PROFILE] if parser.defaults() else []) + parser.sections()
        raise InputError(
            f"The OCI config file {given_path(path)} has no profile {quote(name)}; its profiles are:"
            f" {', '.join(profiles) or 'none'}. Choose one with {how_to_set('config_profile_name')}"
        )
    return profile


def find_profile(settings: ConnectionSettings) -> Profile | None:
    """The profile if there is one. Raises InputError only if the file exists and can't be read."""
    path, name = _place(settings)
    return _profile(_parse(path), path, name) if os.path.exists(path) else None


def _place(settings: ConnectionSettings) -> tuple[str, str]:
    """The path of the config file, and the name of the profile."""
    path = os.path.abspath(os.path.expanduser(settings.config_file_location or DEFAULT_PATH))
    return path, settings.config_profile_name or DEFAULT_PROFILE


def _profile(parser: configparser.ConfigParser, path: str, name: str) -> Profile | None:
    defaults = dict(parser.defaults())
    if name == DEFAULT_PROFILE:
        return Profile(path, name, _without_blanks(defaults)) if defaults else None
    if name not in parser:
        return None
    for key in defaults:
        parser.remove_option(parser.default_section, key)  # so that only its own values are left
    values = dict(parser[name])
    inherited = {key: value for key, value in defaults.items() if key not in values}
    return Profile(path, name, _without_blanks(values), _without_blanks(inherited))


def _without_blanks(values: Mapping[str, str]) -> dict[str, str]:
    return {key: value.strip() for key, value in values.items() if not is_blank(value)}


def read_file(path: str, what: str, source: str) -> bytes:
    """The content of a small file. Raises InputError, with ``what`` it is and its ``source``, if it can't be read.

    ``~`` is expanded; a relative path is relative to the working directory, as in the SDK.
    """
    full = os.path.abspath(os.path.expanduser(path))
    try:
        with open(full, "rb") as stream:
            content = stream.read()
    except OSError as error:
        written = "" if full == path else f" (written as {quote(path)}"
        if written:
            written += ")" if path.startswith("~") else f", which is relative to the working directory {os.getcwd()})"
        raise InputError(
            f"The {what} {given_path(full)}{written} can't be read: {error.strerror}. It is set by {source}"
        ) from error
    if not content.strip():
        raise InputError(f"The {what} {given_path(full)} is empty. It is set by {source}")
    return content


def _no_file(path: str, settings: ConnectionSettings, needed: list[str]) -> str:
    """What is missing, which setting refers to it, and what to do, the most common way first."""
    named = settings.sources.get("config_file_location")
    text = f"The OCI config file {given_path(path)}" + (f" ({named})" if named else "")
    if settings.config_profile_name:
        profile = settings.sources.get("config_profile_name", "option config_profile_name")
        text += f", needed for profile {settings.config_profile_name} ({profile}),"
    text += " does not exist."
    if not needed:
        return f"{text} All required values are set without it; remove or correct the setting that points to it."
    text += f" Create one with 'oci setup config', or set another path: {how_to_set('config_file_location')}."
    only_there = [option for option in needed if option not in CONNECTION_OPTIONS]
    if only_there:
        return f"{text} It is required for: {', '.join(only_there)}"
    values = ", ".join(f"{option} ({ENVIRONMENT[option][0]})" for option in needed)
    return (
        f"{text} Or set these as options or environment variables instead: {values}. A machine in OCI that acts for"
        f" itself needs none of this with auth_type ({ENVIRONMENT['auth_type'][0]}) instance_principal"
    )


def _parse(path: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        with open(path, encoding="utf-8-sig") as stream:
            parser.read_file(stream)
    except OSError as error:
        raise InputError(f"The OCI config file {given_path(path)} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"The OCI config file {given_path(path)} can't be read: it is not UTF-8 text") from error
    except configparser.Error as error:
        # The error's own text quotes the line, which may contain a pass phrase.
        line = getattr(error, "lineno", None) or next((fault[0] for fault in getattr(error, "errors", [])), None)
        at = f" at line {line}" if line else ""
        raise InputError(
            f"The OCI config file {given_path(path)} can't be read: {type(error).__name__}{at}. It must have a"
            " [profile] line, followed by name=value lines, each name once"
        ) from None
    return parser
