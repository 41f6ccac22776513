# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The events that the lines of a journal record: before a change, and after it."""

from __future__ import annotations

INTENT, OUTCOME = "intent", "outcome"
