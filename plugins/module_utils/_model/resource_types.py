# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""Split off in the prototype."""

from __future__ import annotations

ASSIGNMENT = "policy_assignment"


ORDER = (ASSIGNMENT, "volume", "boot_volume", "volume_backup", "boot_volume_backup")
"""Policy assignments first, so that the copies made meanwhile get the new key, and sources before their backups."""
