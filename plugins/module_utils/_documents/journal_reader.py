# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lines of a journal, read with distrust.

A process that is killed leaves its last line incomplete. Such a line is counted and skipped; any other line that is
not of a journal raises InputError.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path

from .._common.errors import InputError
from .error_row import ErrorRow, parse_error
from .journal_events import INTENT, OUTCOME
from .json_reader import JsonNode, UnknownOcidError, parse_json, read_bytes

KEY, POLICY, COPY, REPLICA_KEY = "key", "policy", "copy", "replica"
"""What a line is about: the key of the resource that it names, its backup policy, its copy in another region, or its
replica."""


@dataclass(frozen=True)
class PreviousPolicy:
    """What a change of a policy assignment took away."""

    policy_id: str | None
    assignment_id: str | None


@dataclass(frozen=True)
class PreviousCopy:
    """The copy that was there before a change of it; of a volume group backup with the key of each member, by OCID."""

    copy_id: str | None
    member_keys: Mapping[str, str | None] | None


@dataclass(frozen=True)
class PreviousReplica:
    """The replica that was there before a change of its key, and where; all of it is None where there was none."""

    replica_id: str | None
    availability_domain: str | None
    display_name: str | None
    is_recreated: bool = False
    """Whether the change deletes it, and makes it again."""


@dataclass(frozen=True)
class IntentLine:
    """What was written before a change: the key that it takes away and the key that it assigns; None is the
    Oracle-managed key.

    ``id`` and ``type`` are of the resource that the module names: for policies the asset, for copies the source.
    ``number`` is the number of the line, ``time`` is in UTC. ``policy_id`` is the backup policy to be assigned, None
    where that is the one before; ``copy_to`` is the region of a copy.
    """

    number: int
    run: str | None
    time: str
    tenancy: str | None
    id: str
    type: str
    region: str | None
    compartment_id: str | None
    display_name: str | None
    action: str
    kms_key_id: str | None
    previous_encryption: str | None
    previous_kms_key_id: str | None
    policy: PreviousPolicy | None
    copy: PreviousCopy | None
    policy_id: str | None = None
    copy_to: str | None = None
    replica: PreviousReplica | None = None
    configuration_id: str | None = None
    """Of an instance pool, the configuration that it used."""

    @property
    def part(self) -> str:
        """What is changed: KEY, POLICY, COPY or REPLICA_KEY."""
        if self.replica is not None:
            return REPLICA_KEY
        return POLICY if self.policy is not None else COPY if self.copy is not None else KEY


@dataclass(frozen=True)
class OutcomeLine:
    """What was written after a change. ``found`` has what the resource is on now, where that is known.

    ``part`` is None where the line does not say what was changed: KEY, POLICY, COPY or REPLICA_KEY.
    """

    run: str | None
    time: str | None
    id: str
    part: str | None
    changed: bool
    settled: bool
    opc_request_id: str | None
    error: ErrorRow | None
    found: Mapping[str, str | None]


@dataclass
class JournalFile:
    """The lines of a journal in their order; ``truncated_lines`` counts those that are not JSON."""

    lines: list[IntentLine | OutcomeLine] = field(default_factory=list)
    truncated_lines: int = 0


def read_journal(path: Path) -> JournalFile:
    return parse_journal(read_bytes(path), str(path))


def parse_journal(content: bytes, name: str, unknown: MutableMapping[str, str] | None = None) -> JournalFile:
    """Read the content of the journal ``name``.

    ``unknown`` takes the ids of lines that name something in an unknown form, and what that is; without it, such a line
    is an error.
    """
    journal = JournalFile()
    for number, line in enumerate(content.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            node = parse_json(line, name, number)
        except InputError:
            journal.truncated_lines += 1
            continue
        event = node.get("event").one_of(INTENT, OUTCOME)
        try:
            journal.lines.append(_intent(node, number) if event == INTENT else _outcome(node))
        except UnknownOcidError as error:
            if unknown is None:
                raise
            unknown[node.get("id").text()] = str(error)
    return journal


def _intent(node: JsonNode, number: int) -> IntentLine:
    members = node.mapping()
    if "previous_kms_key_id" not in members:
        # A missing key would count as the Oracle-managed key.
        node.get("previous_kms_key_id").expected("a key or null")
    copy_id = node.get("previous_copy_id")
    return IntentLine(
        number=number,
        run=node.get("run").text_or_none(),
        time=node.get("time").moment(),
        tenancy=_tenancy(node.get("tenancy")),
        id=node.get("id").text(),
        type=node.get("type").resource_type(),
        region=node.get("region").text_or_none(),
        compartment_id=node.get("compartment_id").text_or_none(),
        display_name=node.get("display_name").text_or_none(),
        action=node.get("action").text(),
        kms_key_id=node.get("kms_key_id").key_or_none(),
        previous_encryption=node.get("previous_encryption").text_or_none(),
        previous_kms_key_id=node.get("previous_kms_key_id").key_or_none(),
        policy=(
            PreviousPolicy(
                node.get("previous_policy_id").text_or_none(), node.get("previous_assignment_id").text_or_none()
            )
            if "previous_policy_id" in members
            else None
        ),
        copy=(
            PreviousCopy(None if copy_id.value is None else copy_id.text(), _member_keys(node))
            if "previous_copy_id" in members
            else None
        ),
        replica=(
            PreviousReplica(
                node.get("previous_replica_id").text_or_none(),
                node.get("previous_replica_domain").text_or_none(),
                node.get("previous_replica_name").text_or_none(),
                node.get("recreate").flag_or_none() is True,
            )
            if "previous_replica_id" in members
            else None
        ),
        policy_id=node.get("policy_id").text_or_none(),
        copy_to=node.get("previous_destination_region").text_or_none(),
        configuration_id=node.get("previous_configuration_id").text_or_none(),
    )


def _tenancy(node: JsonNode) -> str | None:
    """One in an unknown form concerns the whole file, not one resource."""
    try:
        return None if node.text_or_none() is None else node.ocid("tenancy").value
    except UnknownOcidError as error:
        raise InputError(str(error)) from None


def _member_keys(node: JsonNode) -> dict[str, str | None] | None:
    if "previous_member_keys" not in node.mapping():
        return None
    keys = node.get("previous_member_keys")
    return {name: keys.get(name).key_or_none() for name in keys.mapping()}


def _outcome(node: JsonNode) -> OutcomeLine:
    error = node.get("error")
    names = ("encryption", "kms_key_id", "policy_id", "assignment_id", "replica_id", "configuration_id")
    return OutcomeLine(
        run=node.get("run").text_or_none(),
        time=node.get("time").moment_or_none(),
        id=node.get("id").text(),
        part=_part(node),
        changed=node.get("changed").flag_or_none() is not False,  # what is not said may have been changed
        settled=node.get("settled").flag(),
        opc_request_id=node.get("opc_request_id").text_or_none(),
        error=None if error.value is None else parse_error(error),
        found=node.texts_of(name for name in names if name in node.mapping()) if node.get("known").flag() else {},
    )


def _part(node: JsonNode) -> str | None:
    """What an outcome is about. Version 0.1.0 did not say it, but told the policy or the copy where it was known."""
    kind, members = node.get("kind").text_or_none(), node.mapping()
    if kind is not None:
        if kind.startswith("replica of "):
            return REPLICA_KEY
        return POLICY if kind.startswith("policy of ") else COPY if kind.startswith("copy of ") else KEY
    return POLICY if "policy_id" in members else COPY if "copy_id" in members else None
