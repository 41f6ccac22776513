# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IAM statements that a user may need, with the OCIDs filled in. Pure (oci_semantics.md section 9)."""

from __future__ import annotations

from typing import Protocol

from .._common.errors import InputError
from .._model.ocid import is_tenancy

_WORKLOAD_CONDITIONS = (
    "request.principal.type = 'workload'",
    "request.principal.namespace = '<its namespace>'",
    "request.principal.service_account = '<its service account>'",
    "request.principal.cluster_id = '<OCID of its cluster>'",
)


def use_statements(kms_key_id: str, compartment_id: str | None, auth_type: str = "api_key") -> tuple[str, ...]:
    """The two statements that allow a key to be assigned: one for Block Volume, one for the caller.

    ``compartment_id`` is that of the key, or None if it is not known.
    """
    place, condition = place_of(compartment_id, "key"), f"target.key.id = '{kms_key_id}'"
    return (
        f"Allow service blockstorage to use keys in {place} where {condition}",
        _allow_caller(auth_type, "use key-delegate", place, condition),
    )


def read_statements(
    kms_key_id: str, compartment_id: str | None, vault_compartment_id: str | None, auth_type: str
) -> tuple[str, ...]:
    """The two statements that allow the caller to read a key and its vault; compartments are None if not known."""
    return (
        _allow_caller(auth_type, "read keys", place_of(compartment_id, "key"), f"target.key.id = '{kms_key_id}'"),
        _allow_caller(auth_type, "read vaults", place_of(vault_compartment_id, "vault")),
    )


def _allow_caller(auth_type: str, what: str, place: str, *conditions: str) -> str:
    """A statement for a caller with this ``auth_type``. The reader fills in the name of the group: OCI has no call
    that returns it.
    """
    who = "group <your group>"
    if auth_type in ("instance_principal", "resource_principal"):
        who = "dynamic-group <your dynamic group>"
    elif auth_type == "oke_workload_identity":
        who, conditions = "any-user", (*conditions, *_WORKLOAD_CONDITIONS)
    where = f"all {{{', '.join(conditions)}}}" if len(conditions) > 1 else "".join(conditions)
    return f"Allow {who} to {what} in {place}" + (f" where {where}" if where else "")


def place_of(compartment_id: str | None, what: str) -> str:
    """The scope of a statement: the compartment of ``what`` ("key"). The root compartment is written as the tenancy."""
    if compartment_id is None:
        return f"compartment <the {what}'s compartment>"
    return "tenancy" if is_tenancy(compartment_id) else f"compartment id {compartment_id}"


class Caller(Protocol):
    """Who makes the calls, as a Connection says it."""

    @property
    def credentials_remedy(self) -> str: ...

    def describe_principal(self) -> str: ...


def refused_credentials(caller: Caller, code: str, message: str) -> InputError:
    """The error for a 401 that affects all calls (oci_semantics.md section 4: signature, clock).

    ``code`` and ``message`` are those of the response, or of a session that has ended, which say what to do.
    """
    remedy = "" if "oci session" in message else f" {caller.credentials_remedy}"
    return InputError(f"OCI rejected the credentials ({caller.describe_principal()}): 401 {code}: {message}{remedy}")
