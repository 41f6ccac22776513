# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ansible-core ships with a module is found once, not by each ansible-playbook anew.

Finding it takes longer than running most modules: some 200 files are parsed for what they import. Found are the same
files as long as nothing has changed in the collection, in ansible-core's module_utils, and in the module itself.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.machinery
import os
import pickle
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
FINDER = "ansible.executor.module_common"
_OURS = "ansible_collections.oci_keys.block_volume."
_ANSIBLE = "ansible.modules."


def remember_what_is_shipped(cache: Path) -> None:
    """For each process in which ansible-core is imported from now on."""
    loader = importlib.machinery.SourceFileLoader
    original = loader.exec_module

    def exec_module(self: importlib.machinery.SourceFileLoader, module: ModuleType) -> None:
        original(self, module)
        if module.__name__ == FINDER:
            found: Any = module
            found.recursive_finder = _remembering(found, found.recursive_finder, cache)

    loader.exec_module = exec_module  # type: ignore[method-assign]


def _remembering(common: Any, find: Callable[..., Any], cache: Path) -> Callable[..., Any]:
    def recursive_finder(
        name: str, module_fqn: str, module_data: Any, zf: zipfile.ZipFile, date_time: Any, *more: Any
    ) -> Any:
        key = _key(common, module_fqn, module_data, more)
        if key is None:
            return find(name, module_fqn, module_data, zf, date_time, *more)
        file = cache / f"{module_fqn}.shipped"
        with contextlib.suppress(OSError, EOFError, ValueError, pickle.UnpicklingError):
            known, metadata, contents = pickle.loads(file.read_bytes())
            if known == key:
                for path, content in contents:
                    zf.writestr(common._make_zinfo(path, date_time, zf=zf), content)
                return metadata
        contents = []
        write: Any = zf.writestr

        def writestr(info: zipfile.ZipInfo, data: str | bytes) -> None:
            contents.append((info.filename, data.encode() if isinstance(data, str) else bytes(data)))
            write(info, data)

        zf.writestr = writestr  # type: ignore[assignment,method-assign]
        try:
            metadata = find(name, module_fqn, module_data, zf, date_time, *more)
        finally:
            del zf.writestr
        cache.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_name(f"{file.name}.{os.getpid()}")
        unfinished.write_bytes(pickle.dumps((key, metadata, contents)))
        unfinished.replace(file)
        return metadata

    return recursive_finder


def _key(common: Any, module_fqn: str, module_data: Any, more: tuple[Any, ...]) -> bytes | None:
    """What decides on the files that are shipped, or None if something else might."""
    if not module_fqn.startswith((_OURS, _ANSIBLE)):
        return None  # a module of a test
    if any(getattr(extensions, "module_names", ()) for extensions in more):
        return None  # a debugger, or coverage
    if [path for path in common.module_utils_loader._get_paths(subdirs=False) if os.path.isdir(path)][1:]:
        return None  # module_utils of the user's
    collection = sys.modules.get(_OURS.rstrip("."))
    if module_fqn.startswith(_OURS) and {Path(path).resolve() for path in getattr(collection, "__path__", ())} != {
        ROOT
    }:
        return None  # another copy
    digest = hashlib.sha256(module_data if isinstance(module_data, bytes) else module_data.encode())
    for folder in (ROOT / "plugins" / "module_utils", ROOT / "meta", Path(common._MODULE_UTILS_PATH)):
        for line in _files(str(folder)):
            digest.update(line)
    return digest.digest()


def _files(folder: str) -> Iterator[bytes]:
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _files(entry.path)
        elif entry.name.endswith((".py", ".yml")):
            stat = entry.stat()
            yield f"{entry.path} {stat.st_mtime_ns} {stat.st_size}\n".encode()
