# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options about what Terraform manages, of plans and of reports. Raises InputError."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .._common.errors import InputError
from .._common.values import is_blank
from .._model.terraform import TerraformStates


def given_states(options: Mapping[str, Any]) -> TerraformStates | None:
    """The states in the files of ``terraform_state``; None if it is not set."""
    given = [value for value in options["terraform_state"] or () if not is_blank(value)]
    if not given:
        return None
    # Only here, since most plans have none: the reader takes 4 ms of a start.
    from .._documents.terraform_state import read_terraform_states

    return read_terraform_states([Path(os.path.expanduser(str(value))) for value in given])


def expect_states_to_skip(options: Mapping[str, Any]) -> None:
    if options["skip_terraform"] and not options["terraform_state"]:
        raise InputError(
            "'skip_terraform' is true, but 'terraform_state' is not set, so nothing would be skipped. Give the output "
            "of 'terraform show -json' in files"
        )
