# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""How a module ends where nothing came of it: with a message that a user can do something about."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from .._common.errors import BlockVolumeKeyError
from .output import invocation

NOTHING_WAS_CHANGED = "Nothing was changed."
IN_THE_JOURNAL = "What was changed before it is in the journal."


@contextmanager
def fail_module_on_error(
    module: AnsibleModule, after_a_fault: str = NOTHING_WAS_CHANGED, told: Mapping[str, Any] | None = None
) -> Iterator[None]:
    """End the module where what is done within raises; ``after_a_fault`` says what that leaves behind.

    ``told`` is what the result has besides, as far as it is known by then.

    Only a fault of ours comes with a traceback, for whoever reports it.
    """
    try:
        yield
    except BlockVolumeKeyError as error:
        module.fail_json(invocation=invocation(module), msg=str(error), **(told or {}))
    except Exception as error:
        module.fail_json(
            invocation=invocation(module),
            msg=f"A fault of the collection, which should not happen: {error!r}. {after_a_fault} Please report it, "
            "with the output of -vvv.",
            exception=traceback.format_exc(),
            **(told or {}),
        )
