# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rates, politely: reads only, a few in a row, ending with the first 429 (9). Only if `limits` is set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import oci

from .lists import vault_of
from .probe import UnclearError, probe
from .testbed import Testbed, certainly

_MOST = 15


def _first_429(bed: Testbed, call: Callable[..., Any], *args: Any) -> tuple[int, Any]:
    """How many of the reads of one second were answered, and the headers of the 429; 0 and None if all were."""
    clock = bed.cloud.clock
    # Whatever was asked before counts too.
    clock.sleep(2.0)
    begun = clock.now()
    for number in range(_MOST):
        try:
            call(*args)
        except oci.exceptions.ServiceError as error:
            if error.status != 429:
                raise UnclearError(f"answered {error.status} {error.code}") from error
            clock.sleep(2.0)
            if number == 0:
                raise UnclearError("the first read was refused with 429") from error
            return number, error.headers
        if clock.now() - begun > 1.0 and number < _MOST - 1:
            raise UnclearError(f"only {number + 1} reads were answered in a second, too few to reach a limit")
    clock.sleep(2.0)
    return 0, None


def _get_key(bed: Testbed) -> Callable[..., Any]:
    vault = vault_of(bed, bed.region, bed.settings.key_a)
    endpoint = certainly(bed.cloud.client("vaults", bed.region).get_vault, vault).data.management_endpoint
    call: Callable[..., Any] = bed.cloud.client("keys", bed.region, endpoint).get_key
    return call


@probe("9", f"GetKey calls in a second before a 429, of {_MOST}; 0: none came", switch="kms_rate", needs=("limits",))
def rate_of_vault(bed: Testbed) -> str:
    return str(_first_429(bed, _get_key(bed), bed.settings.key_a)[0])


@probe(
    "9",
    f"GetVolume calls in a second before a 429, of {_MOST}; 0: none came",
    switch="block_volume_rate",
    needs=("limits",),
)
def rate_of_block_volume(bed: Testbed) -> str:
    return str(_first_429(bed, bed.block.get_volume, bed.volume())[0])


@probe("4", "seconds in Retry-After of a 429 of Vault; 0: no such header", switch="retry_after", needs=("limits",))
def retry_after(bed: Testbed) -> str:
    _number, headers = _first_429(bed, _get_key(bed), bed.settings.key_a)
    if headers is None:
        raise UnclearError("no 429 came")
    return str(headers.get("retry-after", "0"))
