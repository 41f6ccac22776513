# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names of the formats of documents, in which they stand as ``format``."""

from __future__ import annotations

PLAN_FORMAT = "oci_keys.block_volume/plan"

RESULT_FORMAT = "oci_keys.block_volume/result"
"""Results of modules: of changes, of a discovery, and of keys."""
RESULT_VERSION = 1
