# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who answers for a run: whose credentials it uses, who approved it, for which ticket, and who signed its plan. Pure.

Principal and signer are what credentials and signatures say; the approval and the ticket are what the user says.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Accountability:
    """None of it is a secret. None: unknown, or not given."""

    principal: str | None = None
    auth_type: str | None = None
    approved_by: str | None = None
    change_ticket: str | None = None
    signed_by: str | None = None

    def as_dict(self) -> dict[str, str | None]:
        return asdict(self)

    @property
    def known(self) -> dict[str, str]:
        """What is known of it, by name."""
        return {name: value for name, value in asdict(self).items() if value is not None}
