# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a plan says of the resources that Terraform manages. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from .._common.text import readable
from .._documents.plan_file import PlanEntry
from .._model.terraform import INSTANCE, TerraformStates
from .plan import option_words

_NAMED = 3
_ADDRESS_LENGTH = 200


def planned_warnings(entries: Sequence[PlanEntry], states: TerraformStates | None, role: str) -> list[str]:
    """That Terraform manages what is going to be changed, and where it may replace a machine for it."""
    if states is None:
        return []
    managed = [(entry, each) for entry in entries if (each := states.of(entry))]
    if not managed:
        return []
    is_one = len(managed) == 1
    warnings = [
        f"Terraform manages {len(managed):,} of the resources to be changed, and its next apply may put back what its "
        f"code says. Change the code of {'it' if is_one else 'them'} too, as terraform.csv in the folder of the report "
        f"says, or set {option_words('skip_terraform', role)} to true"
    ]
    machines = [one.address for _entry, each in managed for one in each if one.terraform_type == INSTANCE]
    if machines:
        shown = ", ".join(readable(address, _ADDRESS_LENGTH) for address in machines[:_NAMED])
        more = f" and {len(machines) - _NAMED:,} more" if len(machines) > _NAMED else ""
        warnings.append(
            "Some versions of Terraform's provider replace a machine whose boot volume gets another key: "
            f"{shown}{more}. Ignore source_details[0].kms_key_id in their code before the next apply"
        )
    return warnings
