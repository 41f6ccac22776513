# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Instance configurations, which can't be changed, so that another key takes a copy (oci_semantics.md section 1.11)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, cast

from .._api.client import Connection, Response, Service
from .._common.errors import ApiError, ResourceError, explain
from .._model.actions import COPY, NONE
from .._model.decisions import READY_STATE
from .._model.outcome import Outcome
from .._model.resource import DesiredState, Reading, Resource
from .._model.resource_types import INSTANCE_CONFIGURATION
from .base import Page, Query
from .configuration_copies import (
    Catalog,
    Configuration,
    FamilyReader,
    catalog_of,
    encryption_of,
    unknown_error,
    volumes_of,
)
from .registry import register
from .resource_kind import ResourceKind


@dataclass(frozen=True)
class ConfigurationResource(Resource):
    """A configuration, and the one of its family that has the desired key: itself, a copy, or None."""

    configuration: Configuration | None = field(default=None, compare=False)
    catalog: Catalog | None = field(default=None, compare=False, repr=False)
    copy_id: str | None = None

    @property
    def encryption(self) -> str | None:
        return encryption_of(self.configuration, self.kms_key_id)

    def with_desired(self, desired: DesiredState) -> Resource:
        """A copy has an OCID that nobody knows yet."""
        return replace(self, kms_key_id=desired.kms_key_id, configuration=None)

    def journal_fields(self) -> dict[str, Any]:
        return {**super().journal_fields(), "copy_id": self.copy_id}


class ConfigurationReader(FamilyReader):
    """Reads each by GET, and looks for a copy with the desired key."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._made: dict[str, str] = {}

    def get(self, resource_id: str) -> Reading:
        found = self._get(resource_id)
        if isinstance(found, ResourceError):
            return found
        source = cast(ConfigurationResource, found)
        configuration, key = source.configuration, self._desired.kms_key_id
        if configuration is None or configuration.unknown is not None or configuration.is_on(key):
            return source
        try:
            copy_id = self._made.get(resource_id) or self._copy_of(configuration, key)
        except ApiError as error:
            fault = explain(error)
            return replace(fault, message=f"Whether it has a copy with the key could not be read: {fault.message}")
        return replace(source, copy_id=copy_id, kms_key_id=key if copy_id else configuration.key_beside(key))

    def _copy_of(self, configuration: Configuration, key: str | None) -> str | None:
        found = catalog_of(self._service).find_copy(self._service, configuration, key)
        return None if found is None else found.id

    def on_accepted(self, resource_id: str, action: str, response: Response) -> str | None:
        """Lists may not show the copy yet."""
        self._made[resource_id] = str(response.data.id)
        return self._made[resource_id]


class ConfigurationCopyKind(ResourceKind):
    """The copy of a configuration that has the desired key."""

    type = INSTANCE_CONFIGURATION
    name = f"copy of {INSTANCE_CONFIGURATION}"
    iam_resource_type = "instance-configurations"
    iam_family = "compute-management-family"
    iam_verb = "manage"
    is_synchronous = True
    requires_usable_current_key = False
    reader_class = ConfigurationReader

    def service(self, connection: Connection, region: str) -> Service:
        return connection.compute_management(region)

    def get(self, service: Service, region: str, resource_id: str) -> Resource:
        """GetInstanceConfiguration; the reader of this kind looks for the copy. It has no lifecycle state."""
        catalog = catalog_of(service)
        found = catalog.read(service, resource_id)
        return ConfigurationResource(
            id=found.id,
            type=self.type,
            region=region,
            display_name=found.display_name,
            compartment_id=found.compartment_id,
            lifecycle_state=READY_STATE,
            kms_key_id=found.key_beside(None),
            time_created=found.time_created,
            freeform_tags=found.freeform_tags,
            defined_tags=found.defined_tags,
            configuration=found,
            catalog=catalog,
        )

    def list_page(self, service: Service, query: Query) -> Page:
        """Rows have no details, so none of them tells anything of keys."""
        return Page([], None)

    def action_for(self, resource: Resource, desired: DesiredState) -> str | ResourceError:
        configuration = cast(ConfigurationResource, resource).configuration
        if configuration is not None and configuration.unknown is not None:
            return unknown_error(configuration)
        return NONE if self.matches(resource, desired) else COPY

    def matches(self, resource: Resource, desired: DesiredState) -> bool:
        source = cast(ConfigurationResource, resource)
        return source.copy_id is not None or (
            source.configuration is not None and source.configuration.is_on(desired.kms_key_id)
        )

    def is_same(self, one: Resource, other: Resource) -> bool:
        return cast(ConfigurationResource, one).copy_id == cast(ConfigurationResource, other).copy_id

    def change(self, service: Service, before: Resource, action: str, desired: DesiredState) -> Response:
        source = cast(ConfigurationResource, before)
        if source.configuration is None or source.catalog is None:
            raise ValueError("only what was read is copied")
        return source.catalog.copy(service, source.configuration, desired.kms_key_id)

    def assign(self, service: Service, resource: Resource, kms_key_id: str) -> Response:
        return self.change(service, resource, COPY, DesiredState(kms_key_id))

    def remove(self, service: Service, resource: Resource) -> Response:
        return self.change(service, resource, COPY, DesiredState(None))

    def extra_result_fields(self, outcome: Outcome, latest: Resource | None) -> dict[str, Any]:
        before, after = cast("ConfigurationResource | None", outcome.before), cast("ConfigurationResource", latest)
        made = outcome.new_id or (after.copy_id if after is not None else None)
        is_right = before is not None and outcome.error is None and not outcome.changed and made is None
        return {
            "instance_configuration_id": before.id if before is not None and is_right else made,
            "previous_instance_configuration_id": before.id if before is not None else None,
            "volumes": volumes_of(before.configuration if before is not None else None),
        }


CONFIGURATION_COPY = ConfigurationCopyKind()

CONFIGURATION_COPIES = register(CONFIGURATION_COPY)
"""The name of the kind for copies of instance configurations."""
