# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Loads the OCI SDK and reads its region tables. Only this package imports it.

The SDK is loaded when it is first needed, so that every file of the collection can be imported without it. The models
of its services are imported one by one on demand: Block Volume shares some 700 with Compute and Networking, which take
half of the SDK's import time, and a run needs a dozen of them.
"""

from __future__ import annotations

import gc
import importlib
import importlib.abc
import importlib.machinery
import re
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from .._common.errors import InputError
from .._common.text import shorten
from .._model.regions import RegionTable

_MODELS = re.compile(r"oci\.\w+\.models")
_loaded: dict[str, Any] = {}
_client_construction = threading.local()  # .active: whether this thread is constructing a client


def load(name: str = "oci") -> Any:
    """The module ``name`` of the SDK.

    Raises InputError, naming the interpreter, the module that failed and the reason, if it can't be imported.
    """
    module = _loaded.get(name)
    if module is None or sys.modules.get(name) is not module:
        # It is never removed: doing so while another thread imports would hide a module from that thread.
        if not any(isinstance(finder, _ModelsFinder) for finder in sys.meta_path):
            sys.meta_path.insert(0, _ModelsFinder())
        with _gc_disabled(), _import_errors_as_input_errors(name):
            module = _loaded[name] = importlib.import_module(name)
    return module


@contextmanager
def _import_errors_as_input_errors(name: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # a broken dependency may raise anything
        failed = getattr(error, "name", None) or name
        raise InputError(
            f"The OCI Python SDK can't be used with the interpreter {sys.executable} (Python {sys.version.split()[0]}):"
            f" importing {failed!r} failed with {type(error).__name__}: {shorten(str(error), 300)}. Install the SDK"
            f" with '{sys.executable} -m pip install oci', or set ansible_python_interpreter to an interpreter that"
            " has it"
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


class _ModelsFinder(importlib.abc.MetaPathFinder):
    """Finds the SDK's packages of models, and nothing else."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not _MODELS.fullmatch(fullname):
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _ModelsLoader(spec.loader)
        return spec


class _ModelsLoader(importlib.abc.Loader):
    """Creates a package of models whose attributes are imported on demand."""

    def __init__(self, loader: importlib.abc.Loader) -> None:
        self._loader = loader

    def exec_module(self, module: ModuleType) -> None:
        models = Models(module, self._loader)

        def attribute(name: str) -> Any:
            if name.endswith("_type_mapping"):
                return models
            if name == "__all__":
                return list(models)
            if name[:1].isupper() and name in models:
                return models[name]
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")

        module.__getattr__ = attribute  # type: ignore[method-assign]
        module.__dir__ = lambda: [*vars(module), *models]  # type: ignore[method-assign]


class Models(Mapping[str, Any]):
    """The models of a service by name, as in the SDK, but each imported on demand.

    Falls back to importing the whole package when a model is not in the file its name suggests, or when the mapping is
    iterated.
    """

    def __init__(self, package: ModuleType, loader: importlib.abc.Loader) -> None:
        self._package = package
        self._loader = loader
        self._lock = threading.RLock()
        self._all: Mapping[str, Any] | None = None

    def __getitem__(self, name: str) -> Any:
        file = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
        try:
            return getattr(importlib.import_module(f"{self._package.__name__}.{file}"), name)
        except (ImportError, AttributeError):
            return self._everything()[name]

    def __iter__(self) -> Iterator[str]:
        # A client copies the mapping it is given, which would import all models.
        return iter(()) if getattr(_client_construction, "active", False) else iter(self._everything())

    def __len__(self) -> int:
        return len(self._everything())

    def _everything(self) -> Mapping[str, Any]:
        with self._lock:
            if self._all is None:
                with _gc_disabled(), _import_errors_as_input_errors(self._package.__name__):
                    self._loader.exec_module(self._package)
                mappings = [value for name, value in vars(self._package).items() if name.endswith("_type_mapping")]
                self._all = dict(mappings[0]) if mappings else {}
            return self._all


@contextmanager
def without_model_copies() -> Iterator[None]:
    """A client created within does not copy the models of its service, but keeps references to their mapping."""
    _client_construction.active = True
    try:
        yield
    finally:
        _client_construction.active = False


def region_table() -> RegionTable:
    """The regions that the SDK knows, including those that OCI_REGION_METADATA and ~/.oci/regions-config.json add.

    The SDK reads these two once per process, when it first meets a region that it does not know, so this asks it for
    one. Raises InputError if their content is invalid.
    """
    regions = load("oci").regions
    try:
        regions.is_region("no.such.region")
    except Exception as error:  # a JSON value of another shape than expected
        raise InputError(
            "The regions in the environment variable OCI_REGION_METADATA or in ~/.oci/regions-config.json can't be read"
            f" ({type(error).__name__}). Each must be an object with realmKey, realmDomainComponent, regionKey and"
            " regionIdentifier; the variable contains one, the file a list of them"
        ) from error
    # Read from the module every time: a developer tool configuration file makes the SDK rebind these names.
    return RegionTable(
        long_names=dict(regions.REGIONS_SHORT_NAMES),
        realms=dict(regions.REGION_REALMS),
        domains=dict(regions.REALMS),
    )
