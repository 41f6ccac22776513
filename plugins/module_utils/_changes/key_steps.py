# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The third of the five steps: whether the desired key can be assigned, and the current ones be left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .._api.client import Connection
from .._common.concurrency import map_concurrently
from .._common.errors import InputError, ResourceError
from .._common.records import replace
from .._common.text import quote
from .._keys.validation import KeyReport, KeyValidator
from .._model.actions import NONE, REGENERATE
from .._model.decisions import Decision
from .._model.resource import DesiredState
from .region import Region
from .request import RunSettings, Target

# Keys kept outside OCI are slow to use (oci_semantics.md fact 28).
EXTERNAL_KEY_CONCURRENCY = 4


class KeySteps:
    """Validates the keys of one call. Nothing here writes."""

    def __init__(self, connection: Connection, validator: KeyValidator, run_settings: RunSettings) -> None:
        self._connection = connection
        self._validator = validator
        self._run_settings = run_settings
        self.names: dict[str, str | None] = {}
        """The names of the keys that were looked up."""

    def with_known_region(
        self, targets: Sequence[Target], decisions: Mapping[str, Decision], desired: DesiredState
    ) -> dict[str, Decision]:
        """The decision on each resource whose key would be used in a region that nobody knows, such as the destination
        of a backup policy: no key can be looked up there.
        """
        found: dict[str, Decision] = {}
        for target in targets:
            decision = decisions[target.id]
            region = _key_region(target, decision, desired)
            if decision.is_change and region is not None and self._connection.regions.region(region) is None:
                error = ResourceError(
                    code="UnknownRegion",
                    message=f"The key would be used in {quote(region)}, which is not a known region.",
                    hint="Correct the destination region of the backup policy. If the region is newer than the "
                    "installed SDK, add it with the environment variable OCI_REGION_METADATA or in "
                    "~/.oci/regions-config.json.",
                )
                found[target.id] = replace(decision, action=NONE, error=error)
        return found

    def validate_desired(
        self,
        regions: Sequence[Region],
        targets: Sequence[Target],
        decisions: Mapping[str, Decision],
        desired: DesiredState,
    ) -> list[str]:
        """The warnings about the desired key, in each region of use. Raises InputError if it can't be used."""
        kms_key_id = desired.kms_key_id
        if kms_key_id is None:
            return []
        used_in: dict[str, None] = {}
        for target in targets:
            region = _key_region(target, decisions[target.id], desired)
            known = None if region is None else self._connection.regions.region(region)
            if known is not None:
                used_in[known] = None
        problems: list[str] = []
        warnings: list[str] = []
        keys = map_concurrently(lambda region: self._validator.check_assignable(kms_key_id, region), list(used_in))
        for name, key in zip(used_in, keys):
            self.names[key.id] = key.display_name
            problems.extend(f"In {name}, {kms_key_id} {problem}." for problem in key.problems)
            _limit_concurrency_for_external_key(key, regions)
            for warning in key.warnings:
                if self._run_settings.multi_version_key_fails and key.versions != 1:
                    problems.append(f"In {name}, {kms_key_id} {warning} ('multi_version_key: fail').")
                else:
                    warnings.append(f"In {name}, {kms_key_id} {warning}.")
        if problems:
            raise InputError(" ".join(["Nothing was changed, because the key can't be used.", *problems]))
        return warnings

    def validate_current(
        self, regions: Sequence[Region], targets: Sequence[Target], decisions: Mapping[str, Decision]
    ) -> dict[str, Decision]:
        """The decision on each resource whose current key keeps it from being changed."""
        uses: dict[tuple[str, str], list[Target]] = {}
        for target in targets:
            decision = decisions[target.id]
            if not decision.is_change or decision.action == REGENERATE:
                continue
            before = decision.known
            if before.kms_key_id and target.resource_kind.requires_usable_current_key:
                uses.setdefault((before.kms_key_id, before.region), []).append(target)
        blocked: dict[str, Decision] = {}
        keys = map_concurrently(lambda use: self._validator.check_removable(*use), list(uses))
        for use, key in zip(uses, keys):
            self.names[key.id] = key.display_name
            _limit_concurrency_for_external_key(key, regions)
            for problem in key.problems:
                error = ResourceError(code="KeyCannotBeLeft", message=f"The current key {key.id} {problem}.")
                for target in uses[use]:
                    blocked[target.id] = replace(decisions[target.id], action=NONE, error=error)
        return blocked


def _key_region(target: Target, decision: Decision, desired: DesiredState) -> str | None:
    """The region in which the desired key is used; None if there is none, or if it is not known."""
    if desired.kms_key_id is None or decision.reading is None:
        return None
    return target.resource_kind.key_region(decision.reading, desired)


def _limit_concurrency_for_external_key(key: KeyReport, regions: Iterable[Region]) -> None:
    """Make few changes at a time that use a key kept outside OCI."""
    if key.is_external:
        for region in regions:
            region.limit(EXTERNAL_KEY_CONCURRENCY)
