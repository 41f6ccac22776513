# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a module fails as a whole: with a message that the user can act on."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from .._common.errors import BlockVolumeKeyError
from .._common.text import shown, visible, without_secrets
from .output import invocation

INTERNAL_ERROR = "Internal error in oci_keys.block_volume"
NOTHING_WAS_CHANGED = "Nothing was changed."
IN_THE_JOURNAL = "The journal lists what was changed before."


@contextmanager
def fail_module_on_error(
    module: AnsibleModule, footer: str = NOTHING_WAS_CHANGED, extra_result: Mapping[str, Any] | None = None
) -> Iterator[None]:
    """Fail the module if the body raises, with a message the user can act on.

    ``footer`` says what an internal error leaves behind. ``extra_result`` is added to the result as it is by then.
    Only an internal error has a traceback, for the bug report.
    """
    try:
        yield
    except BlockVolumeKeyError as error:
        module.fail_json(invocation=invocation(module), msg=str(error), **(extra_result or {}))
    except Exception as error:
        module.fail_json(
            invocation=invocation(module),
            msg=shown(f"{INTERNAL_ERROR}: {error!r}. {footer} Please report it with the output of -vvv."),
            exception=_traceback(),
            **(extra_result or {}),
        )


def _traceback() -> str:
    return "\n".join(map(visible, without_secrets(traceback.format_exc()).splitlines()))
