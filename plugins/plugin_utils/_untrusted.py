# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text from OCI, files and users, before it becomes a variable: it is never a template.

ansible-core itself does so with the results of modules, but not with those of filters and inventory plugins. From
ansible-core 2.19 on, text is a template only if it is trusted as one. Before, all text is that is not marked as unsafe.
"""

from __future__ import annotations

from typing import Any

from ansible import template

_TRUST = getattr(template, "trust_as_template", None)


def as_template(text: str) -> str:
    """Text of the collection itself that is a template."""
    if _TRUST is None:
        return text
    trusted: str = _TRUST(text)  # a tag on the text: any copy of it would be without
    return trusted


def untrusted(value: Any) -> Any:
    """The same value, in which no text is a template."""
    if _TRUST is not None:
        return value
    # The module is deprecated where it is not needed.
    from ansible.utils.unsafe_proxy import wrap_var

    return wrap_var(value)
