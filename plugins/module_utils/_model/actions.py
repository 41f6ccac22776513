# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The actions that a resource may need, as results, plans and journals name them."""

from __future__ import annotations

NONE = "none"
ASSIGN = "assign"
REMOVE = "remove"
REGENERATE = "regenerate"
UNASSIGN = "unassign"
COPY = "copy"
