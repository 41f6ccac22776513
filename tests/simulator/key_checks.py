# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the Block Volume service itself judges a key that a request names (oci_semantics.md sections 1.7, 3, 9, 11)."""

from __future__ import annotations

from typing import Any

from .api import Call
from .kinds.keys import Key
from .ocids import looks_like_key
from .wire import HIDDEN, ApiError, invalid, not_found


def unusable(call: Call) -> ApiError:
    """The service doesn't say why: the key may not exist, not be here, be disabled, or somebody lacks a permission."""
    if call.switch("unusable_key_code") == "400":
        return ApiError(400, "RelatedResourceNotAuthorizedOrNotFound", HIDDEN)
    return not_found()


def check_assignable(call: Call, value: Any, field: str = "kmsKeyId", region: str | None = None) -> Key:
    """The key that a request wants to assign, or the refusal; it has to be usable in the region of use."""
    if not isinstance(value, str) or len(value) > 255 or not looks_like_key(value):
        raise invalid(f"{field} is invalid or incorrectly formatted.")
    key = _usable(call, value, region or call.region)
    if key is None:
        raise unusable(call)
    if key.algorithm != "AES":
        raise invalid(f"{field} must be the OCID of an AES key.")
    if key.versions > 1 and call.switch("multi_version_key") == "refused":
        raise invalid(f"{field} must be the OCID of a key with a single version.")
    return key


def check_removable(call: Call, key_id: str | None) -> None:
    """A key that is disabled, dying or not delegated can't be taken away from a resource either (0.22)."""
    if (
        key_id is not None
        and call.switch("old_key_unusable") == "refuse"
        and _usable(call, key_id, call.region) is None
    ):
        raise unusable(call)


def _usable(call: Call, key_id: str, region: str) -> Key | None:
    key = call.cloud.resources.get(key_id)
    here = key.at.get(region) if isinstance(key, Key) else None
    if not isinstance(key, Key) or here is None:
        return None
    fine = here.state == "ENABLED" and here.service_may_use and here.caller_may_delegate and key.vault.state == "ACTIVE"
    return key if fine else None
