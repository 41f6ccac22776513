# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be demanded of keys, and what a report can fail on. Choices of options and role variables come from here."""

from __future__ import annotations

PROTECTION_LEVELS = ("HSM", "EXTERNAL", "SOFTWARE")
"""The protection modes of keys, as OCI names them."""

MAX_KEY_AGE_DAYS = 365
"""Recommendation 4.16 of the benchmark: customer-managed keys are rotated at least annually."""

ALARMS = (
    "cis",
    "unusable_keys",
    "incomplete",
    "key_in_use",
    "key_age",
    "protection",
    "new_volumes",
    "expired_exceptions",
    "since",
)
"""The words of ``fail_on``; ``_reporting/alarms.py`` has what each means."""
