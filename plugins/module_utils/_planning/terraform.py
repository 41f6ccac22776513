# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a plan says of the resources that Terraform manages. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from .._common.text import readable
from .._documents.plan_file import AdviceRow, PlanEntry
from .._model.terraform import INSTANCE, TerraformStates
from .plan import option_words

_NAMED = 3
_ADDRESS_LENGTH = 200


def planned_warnings(
    entries: Sequence[PlanEntry], advice: Sequence[AdviceRow], states: TerraformStates | None, role: str
) -> list[str]:
    """That Terraform manages what is going to be changed, where it may replace a machine for it, and whose code has the
    keys of new volumes that the plan leaves as they are."""
    if states is None:
        return []
    return [*_of_changes(entries, states, role), *_of_advice(advice, states)]


def _of_changes(entries: Sequence[PlanEntry], states: TerraformStates, role: str) -> list[str]:
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
        warnings.append(
            "Some versions of Terraform's provider replace a machine whose boot volume gets another key: "
            f"{_shown(machines)}. Ignore source_details[0].kms_key_id in their code before the next apply"
        )
    return warnings


def _of_advice(advice: Sequence[AdviceRow], states: TerraformStates) -> list[str]:
    addresses = list(dict.fromkeys(one.address for row in advice for one in states.of(row)))
    if not addresses:
        return []
    return [
        f"Terraform manages what gives new volumes other keys: {_shown(addresses)}. Change the key in its code. That "
        "replaces an instance configuration, so set create_before_destroy there"
    ]


def _shown(addresses: Sequence[str]) -> str:
    more = f" and {len(addresses) - _NAMED:,} more" if len(addresses) > _NAMED else ""
    return ", ".join(readable(address, _ADDRESS_LENGTH) for address in addresses[:_NAMED]) + more
