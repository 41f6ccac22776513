# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All that is used of the OCI SDK, and how it is loaded. Only this package imports it.

Needed are signers that get their token from the machine (``platform_auth.py``), and the region tables for regions that
this release does not know (``region_tables.py``). API keys and session tokens need neither, so a run with them never
imports the SDK, which takes a quarter of a second.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .._common.errors import InputError
from .._common.text import shorten

MINIMUM_VERSION = (2, 111, 0)
"""The oldest SDK whose signers do what is needed; found by trying (make sdk)."""

USED: Mapping[str, tuple[str, ...]] = {
    "oci.auth.signers": (
        "InstancePrincipalsDelegationTokenSigner",  # its attribute delegation_token, too
        "InstancePrincipalsSecurityTokenSigner.GET_REGION_URL",
        "InstancePrincipalsSecurityTokenSigner.INTERMEDIATE_CERTIFICATE_URL",
        "InstancePrincipalsSecurityTokenSigner.LEAF_CERTIFICATE_PRIVATE_KEY_URL",
        "InstancePrincipalsSecurityTokenSigner.LEAF_CERTIFICATE_URL",
        "InstancePrincipalsSecurityTokenSigner.METADATA_URL_BASE",
        "InstancePrincipalsSecurityTokenSigner.refresh_security_token",
        "get_oke_workload_identity_resource_principal_signer",
        "get_resource_principals_signer",
    ),
    "oci._vendor.urllib3": ("ProxyManager",),  # only where none is installed
    "oci.circuit_breaker": ("NoCircuitBreakerStrategy",),
    "oci.exceptions": ("ServiceError",),
    "oci.regions": ("REALMS", "REGIONS_SHORT_NAMES", "REGION_REALMS", "is_region"),
    "oci.retry": ("RetryStrategyBuilder",),
    "requests": (
        "exceptions.TooManyRedirects",
        "sessions.DEFAULT_REDIRECT_LIMIT",
        "utils.get_environ_proxies",
        "utils.select_proxy",
        "utils.should_bypass_proxies",
    ),
}
"""The names that are used of each module of the SDK, and of its requests library. A test finds them."""

USED_OF_SIGNERS: Mapping[str, tuple[str, ...]] = {
    "InstancePrincipalsSecurityTokenSigner": ("region", "tenancy_id"),
    "InstancePrincipalsDelegationTokenSigner": ("region", "tenancy_id"),
    "EphemeralResourcePrincipalSigner": ("region", "security_token", "tenancy_id"),
    "EphemeralResourcePrincipalV21Signer": ("region", "security_token"),
    "OkeWorkloadIdentityResourcePrincipalSigner": ("region", "security_token"),
}
"""What is read of signers that have been made, by their class in ``oci.auth.signers``: without a ``tenancy_id``, the
``security_token`` names the tenancy. They exist only once it has a token; a test finds them in the source.
"""

_loaded: dict[str, Any] = {}


def load(name: str = "oci") -> Any:
    """The module ``name``, of the SDK or of what it brings along.

    Raises InputError, naming the interpreter, the module that failed and the reason, if it can't be imported, and if
    the SDK is too old.
    """
    module = _loaded.get(name)
    if module is None or sys.modules.get(name) is not module:
        if name.partition(".")[0] == "oci":
            _expect_version()
        with _gc_disabled(), _import_errors_as_input_errors(name):
            module = _loaded[name] = importlib.import_module(name)
    return module


def load_requests() -> Any:
    """The requests library by which the SDK asks for tokens: the copy that it contains, or the installed one if it
    contains none. Raises InputError as above.
    """
    load("oci")
    try:
        contained = importlib.util.find_spec("oci._vendor.requests") is not None
    except (ImportError, ValueError):
        contained = False
    return load("oci._vendor.requests" if contained else "requests")


def sdk_version() -> str | None:
    """The version of the installed SDK, read from its file without importing it; None if there is none."""
    folder = _sdk_folder()
    if folder is None:
        return None
    try:
        with open(os.path.join(folder, "version.py"), encoding="utf-8") as file:
            match = re.search(r"^__version__ = [\"']([\w.+-]+)[\"']", file.read(), re.MULTILINE)
    except (OSError, UnicodeDecodeError):
        return None
    return match.group(1) if match else None


def _sdk_folder() -> str | None:
    try:
        spec = importlib.util.find_spec("oci")
    except (ImportError, ValueError):
        return None
    folders = (spec.submodule_search_locations if spec is not None else None) or ()
    return next(iter(folders), None)


def _expect_version() -> None:
    """Raise InputError if the SDK is too old. One whose version can't be read is tried."""
    version = sdk_version()
    numbers = tuple(int(part) for part in re.findall(r"\d+", version or "")[:3])
    if numbers and numbers < MINIMUM_VERSION:
        needed = ".".join(map(str, MINIMUM_VERSION))
        raise InputError(
            f"oci {version} in {_sdk_folder()} is too old, at least {needed} is needed: {sys.executable} -m pip install"
            " --upgrade oci"
        )


@contextmanager
def _import_errors_as_input_errors(name: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # a broken dependency may raise anything
        failed = getattr(error, "name", None) or name
        package = name.partition(".")[0]
        what, it = ("OCI Python SDK", "the SDK") if package == "oci" else (f"Python package {package}", "it")
        raise InputError(
            f"The {what} can't be used with the interpreter {sys.executable} (Python {sys.version.split()[0]}):"
            f" importing {failed!r} failed with {type(error).__name__}: {shorten(str(error), 300)}. Install {it}"
            f" with '{sys.executable} -m pip install {package}', or set ansible_python_interpreter to an interpreter"
            " that has it"
        ) from error


@contextmanager
def _gc_disabled() -> Iterator[None]:
    """Import without garbage collection, which frees nothing in the SDK's modules and takes a fifth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
