# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""In a container, and under AWX, nothing is changed unless the journal outlives it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from integration.support.copy_helpers import run_copy
from integration.support.fleets import volumes
from integration.support.harness import Ran, furnish, run
from integration.support.playbook import CollectionPlaybooks

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common import kept_folder
from ansible_collections.oci_keys.block_volume.plugins.modules import volume_kms_key
from simulator.client import Simulator
