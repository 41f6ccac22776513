# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an error of the API means to a user, and what to do about it. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from .._api.iam import place_of, use_statements
from .._common.errors import (
    ApiError,
    ResourceError,
    ServiceError,
    explain,
)
from .._model.actions import REMOVE
from .._model.decisions import Decision
from .base import NamedKind


def explain_read(error: ApiError, kind: NamedKind, region: str) -> ResourceError:
    """Why a resource could not be read."""
    if isinstance(error, ServiceError) and error.is_not_found:
        return ResourceError(
            code=error.code,
            status=error.status,
            opc_request_id=error.opc_request_id,
            message=f"There is no {kind.noun} with this OCID in {region}, or the caller may not see it.",
            hint=f"Check the OCID, or grant: Allow group <your group> to read {kind.iam_resource_type} "
            "in compartment <its compartment>",
        )
    return explain(error)


def explain_write(
    error: ApiError,
    kind: NamedKind,
    decision: Decision,
    key_compartments: Mapping[str, str],
) -> ResourceError:
    """Why a change failed. ``key_compartments`` maps the keys that could be read to their compartments."""
    if not isinstance(error, ServiceError):
        return explain(error)
    return ResourceError(
        code=error.code,
        status=error.status,
        opc_request_id=error.opc_request_id,
        message=error.message,
        hint=_hint(error, kind, decision, key_compartments),
    )


def _hint(
    error: ServiceError,
    kind: NamedKind,
    decision: Decision,
    key_compartments: Mapping[str, str],
) -> str | None:
    if error.code == "ResourceLocked":
        return f"A resource lock protects the {kind.noun}. Remove the lock, or exclude the {kind.noun}."
    if error.code == "NotAuthenticated":
        return "The credentials were rejected during the run. Check the API key, the age of the token and the clock."
    hints = []
    if kind.ignored_hint is not None and error.code == "InvalidParameter" and not decision.desired.recreate:
        return kind.ignored_hint
    if error.is_limit_exceeded:
        return (
            "OCI's limit of changes at one time was reached. Run the task again with a lower 'concurrency' or a longer "
            "'wait_timeout'."
        )
    if error.is_precondition_failed:
        return f"The {kind.noun} was changed by somebody else at the same time. Run the task again."
    if decision.action == REMOVE and (error.status in (400, 403, 404) or error.is_conflict):
        hints.append(_SECURITY_ZONE_HINT)
    if error.status in (403, 404) or error.code in _CODES_OF_PERMISSIONS:
        hints.append(_permission_hint(kind, decision, key_compartments))
    if hints:
        return "\n".join(hints)
    if error.is_incorrect_state or error.is_conflict:
        return f"Another operation is in progress on the {kind.noun}. Run the task again when it has ended."
    return None


# Codes of 400 for an unusable key; others, such as QuotaExceeded, speak for themselves.
_CODES_OF_PERMISSIONS = ("RelatedResourceNotAuthorizedOrNotFound", "InvalidParameter", "MissingParameter")

_SECURITY_ZONE_HINT = (
    "If the compartment is in a security zone, its recipe may forbid the Oracle-managed key "
    "(block_volume_without_vault_key, boot_volume_without_vault_key)."
)


def _permission_hint(kind: NamedKind, decision: Decision, key_compartments: Mapping[str, str]) -> str:
    """OCI returns 404 for a key that the service or the caller may not use, be it the new or the current one."""
    before, desired = decision.reading, decision.desired
    current = before.kms_key_id if before is not None and before.kms_key_id != desired.kms_key_id else None
    lines = ["These IAM statements have to be in force:"]
    for role, kms_key_id in (("For the key to assign:", desired.kms_key_id), ("For the current key:", current)):
        if kms_key_id is not None:
            lines.extend([role, *use_statements(kms_key_id, key_compartments.get(kms_key_id))])
    place = place_of(before.compartment_id, kind.noun) if before else "compartment <its compartment>"
    lines.extend(
        [f"For the {kind.noun}:", f"Allow group <your group> to {kind.iam_verb} {kind.iam_resource_type} in {place}"]
    )
    return "\n".join(lines)
