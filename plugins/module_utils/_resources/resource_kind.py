# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the five steps need to know of a kind of key-bearing resource."""

from __future__ import annotations

from abc import abstractmethod
from typing import cast

from .._api.client import Response, Service
from .._common.errors import ResourceError, ServiceError
from .._model.actions import REMOVE
from .._model.decisions import action_for, blocking_error
from .._model.resource import DesiredState, Resource
from .base import ReadableKind
from .reader import Reader


class ResourceKind(ReadableKind):
    """A kind of key-bearing resource: how it is read, what has to be done to it, and how its key is changed.

    Methods that take no service are pure. The others make one API call, or a few, or raise ``ApiError``.
    """

    is_synchronous: bool = False
    """Whether a change has taken effect when its response arrives, or never does."""
    is_full_update: bool = False
    """Whether a change sends back other fields of the resource, so that a GET has to come right before it."""
    needs_rollback: bool = False
    """Whether a change may take several requests and has to be rolled back if it fails between them."""
    is_multi_request: bool = False
    """Whether a change may take several requests, each of which stays in force if another one fails."""
    requires_usable_current_key: bool = True
    """Whether a disabled or dying current key keeps the resource from being changed (fact 22)."""
    max_in_flight: int | None = None
    """Maximum number of creations in flight per source region; None: no limit of its own."""
    changes_replicas: bool = False
    """Whether it is the replicas of its resources that are changed."""
    reader_class: type[Reader] = Reader
    """The class that reads it in bulk."""

    def resolve_desired(self, resource: Resource, desired: DesiredState) -> DesiredState:
        """The desired state of this very resource, where that depends on what it has."""
        return desired

    def action_for(self, resource: Resource, desired: DesiredState) -> str | ResourceError:
        """What has to be done to the resource, or why the desired state can't be reached."""
        return action_for(resource, desired)

    def matches(self, resource: Resource, desired: DesiredState) -> bool:
        """Whether the resource has the desired assignment, however old its data key."""
        return resource.kms_key_id == desired.kms_key_id

    def is_same(self, one: Resource, other: Resource) -> bool:
        """Whether two reads of a resource show the same assignment."""
        return one.kms_key_id == other.kms_key_id

    def describe(self, resource: Resource) -> str:
        """What is assigned to the resource, in words."""
        return "the Oracle-managed key" if resource.kms_key_id is None else f"key {resource.kms_key_id}"

    def policy_of(self, resource: Resource) -> str | None:
        """The backup policy that is assigned to the resource; of most kinds none is read."""
        return None

    def key_region(self, resource: Resource, desired: DesiredState) -> str | None:
        """The region in which the desired key has to be usable for this resource."""
        return resource.region

    def noun_for(self, resource: Resource) -> str:
        """The noun for a message about the state of the resource."""
        return self.noun

    def blocking_error(self, resource: Resource) -> ResourceError | None:
        """Why this resource can't be changed, whatever is desired."""
        return blocking_error(resource, self.noun_for(resource))

    def change(self, service: Service, before: Resource, action: str, desired: DesiredState) -> Response:
        """Send what was decided: ``action`` is one of those of ``action_for``."""
        if action == REMOVE:
            return self.remove(service, before)
        return self.assign(service, before, cast(str, desired.kms_key_id))

    def precondition_error(self, resource: Resource, action: str) -> ResourceError | None:
        """Why a change must not be sent: it would overwrite what others change meanwhile, without noticing."""
        return None

    def is_partially_applied(self, before: Resource, now: Resource) -> bool:
        """Whether ``now`` is how an unfinished change leaves ``before``."""
        return False

    def looks_half_way(self, resource: Resource) -> bool:
        """Whether a change of several requests leaves it like that before its last one."""
        return False

    def is_retryable(self, error: ServiceError) -> bool:
        """Whether a refusal passes when changes of others have ended, so that it is to be read and written again."""
        return error.is_limit_exceeded

    def roll_back(self, service: Service, before: Resource, now: Resource) -> bool:
        """Restore what a failed change has taken away. False if nothing is missing."""
        return False

    def remade(self, before: Resource, now: Resource) -> str | None:
        """What the change has deleted for good, in a sentence, where roll_back made another one in its place."""
        return None

    @abstractmethod
    def assign(self, service: Service, resource: Resource, kms_key_id: str) -> Response:
        """Assign a customer-managed key."""

    @abstractmethod
    def remove(self, service: Service, resource: Resource) -> Response:
        """Return to the Oracle-managed key."""

    def applies_serially(self, resource: Resource) -> bool:
        """Whether it is changed after all others and alone, so that a failure spares those like it."""
        return False

    def lock_reason(self, resource: Resource) -> str | None:
        """Why this resource is skipped unless 'include_locked' is set, as the end of a sentence."""
        return None

    def find_side_effects(self, before: Resource, after: Resource) -> ResourceError | None:
        """What a change of the key altered besides, and should not have."""
        return None
