# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every kind of resource that some module changes. In the collection each module imports only those that it changes."""

from __future__ import annotations

import importlib
import pkgutil

from ansible_collections.oci_keys.block_volume.plugins.module_utils import _resources
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.registry import KINDS as _REGISTERED

for _module in pkgutil.iter_modules(_resources.__path__):
    importlib.import_module(f"{_resources.__name__}.{_module.name}")

# Sorted, since the order in which files were imported depends on the test that came first.
KINDS = dict(sorted(_REGISTERED.items()))
