# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lets plain pytest import the collection by its full name, the simulator as ``simulator``, and
``tools`` as make does."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent
COLLECTIONS = ROOT / ".cache" / "collections"


def link_collection() -> None:
    link = COLLECTIONS / "ansible_collections" / "oci_keys" / "block_volume"
    link.parent.mkdir(parents=True, exist_ok=True)
    # Several pytest workers may get here at once: whoever comes first makes it.
    with contextlib.suppress(FileExistsError):
        link.symlink_to(os.path.relpath(ROOT, link.parent), target_is_directory=True)
    if link.resolve() != ROOT:
        raise RuntimeError(f"{link} does not lead to this checkout: remove it and try again")


link_collection()
sys.path[:0] = [path for path in (str(COLLECTIONS), str(ROOT / "tests"), str(ROOT)) if path not in sys.path]
os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(ROOT / ".cache" / "hypothesis"))


@pytest.fixture(scope="session", autouse=True)
def _journals_are_kept(tmp_path_factory: pytest.TempPathFactory) -> None:
    """In a container, nothing is changed unless the folder of the journal is known to outlive it."""
    (tmp_path_factory.getbasetemp() / ".oci-keys-reports").touch()


def pytest_configure(config: pytest.Config) -> None:
    if os.environ.get("QUICK"):
        from tools.processor_time import ProcessorTime

        config.pluginmanager.register(ProcessorTime(config), "processor_time")
