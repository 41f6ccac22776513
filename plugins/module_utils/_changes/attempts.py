# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A change, and how far it has got. Immutable records; ``Progress`` keeps the latest of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from .._common.errors import ApiError, ResourceError, ServiceError
from .._common.records import replace
from .._model.actions import REGENERATE
from .._model.decisions import RUN_AGAIN_HINT, Decision
from .._model.resource import Resource
from .._resources.reader import Reader
from .._resources.resource_kind import ResourceKind
from .request import Target

REGENERATE_AGAIN_HINT = (
    "Running again with 'regenerate' creates another data key, whether or not this regeneration took effect."
)


@dataclass(frozen=True)
class Change:
    """One planned change, or one resource that is to be watched, and what that takes."""

    target: Target
    decision: Decision
    kind: ResourceKind
    reader: Reader

    @property
    def id(self) -> str:
        return self.target.id


class Phase(Enum):
    """What comes next for a change."""

    LOCK = "lock"
    """No other run may change the resource meanwhile."""
    WRITE = "write"
    AWAIT_READY = "await_ready"
    FIND_OUT = "find_out"
    """Whether the write whose response was lost was committed."""
    CONCLUDE = "conclude"
    ROLL_BACK = "roll_back"
    DONE = "done"


@dataclass(frozen=True)
class Attempt:
    """How far the writing of one change has got, and what is known by then.

    ``decision`` is the latest; its reading is what the next write replaces. ``changed``: the service accepted a
    write, or may have. ``after`` is the last read after a write. Times are those of the monotonic clock.
    """

    decision: Decision
    last_read: float
    """When the latest reading was asked for; its response may have taken long."""
    phase: Phase = Phase.LOCK
    locked_since: float = 0.0
    """Since when no other run can change the resource. A reading from before it may be out of date."""
    was_in_use: bool = False
    """Whether another run was changing it when this one wanted to."""
    retry_after: float | None = None
    """Seconds until the phase is due. None: it goes on at once, or is done."""

    writes: int = 0
    """How often the change was written."""
    unsent: int = 0
    """How many of these writes are known not to have left this machine."""
    faults: int = 0
    """Failures that count toward the limit of retries."""
    lost: ApiError | None = None
    """The error of the last write whose response was lost; a change that shows up later may be ours."""
    first: Resource | None = None
    """Of a change that takes several requests: the resource before the first of them."""
    reads: int = 0
    """How often the resource was read in this phase."""
    quiet_since: float | None = None
    """Since when the resource has shown no sign of a change in this phase."""
    quiet_for: float = 0.0
    """How many seconds it has to show none before the next write."""
    is_confirmed: bool = False
    """Whether the decision was confirmed for the next write by a read of its own."""
    roll_backs: int = 0
    roll_back_note: str = ""

    changed: bool = False
    settled: bool = True
    after: Resource | None = None
    error: ResourceError | None = None
    opc_request_id: str | None = None
    time_requested: str | None = None
    new_id: str | None = None
    warnings: tuple[str, ...] = ()

    def begins(self, phase: Phase, *, quiet_for: float = 0.0) -> Attempt:
        """The same, at the beginning of a phase."""
        return replace(self, phase=phase, reads=0, quiet_since=None, quiet_for=quiet_for)

    def concluded(self) -> Attempt:
        """The same, with nothing more to write."""
        return replace(self, phase=Phase.CONCLUDE, retry_after=None)

    def failed(self, code: str, message: str, cause: ApiError | None = None) -> Attempt:
        refused = cause if isinstance(cause, ServiceError) else None
        error = ResourceError(
            code=code,
            message=message,
            status=refused.status if refused else None,
            opc_request_id=refused.opc_request_id if refused else None,
            hint=REGENERATE_AGAIN_HINT if self.decision.action == REGENERATE else RUN_AGAIN_HINT,
        )
        return replace(self.concluded(), error=error)

    def unknown(self, then: str) -> Attempt:
        """It ends without anybody knowing whether the write was committed."""
        message = f"The response to the change was lost ({self.lost}). {then}"
        return replace(self.failed("OutcomeUnknown", message, self.lost), changed=True, settled=False)

    def broken_by(self, fault: Exception) -> Attempt:
        """Ended by a bug of the collection. A change that may have been sent is reported as changed."""
        is_over = self.phase in (Phase.CONCLUDE, Phase.ROLL_BACK)
        return replace(
            self,
            phase=Phase.DONE if is_over else Phase.CONCLUDE,
            retry_after=None,
            changed=self.changed or self.time_requested is not None,
            settled=False,
            error=internal_error(fault),
        )


@dataclass(frozen=True)
class Verification:
    """What was seen of an accepted change, or of a resource that only has to settle."""

    began: float
    age: float = 0.0
    """Seconds from when it was accepted to when the latest reading was asked for."""
    reads: int = 0
    retry_after: float | None = None
    """Seconds until it is to be read again. None: it is not read any more."""
    is_decided: bool = False
    """Whether it is verified, or has failed."""
    was_busy: bool = False
    is_ignored: bool = False
    """Whether the service accepted the change and did nothing."""
    after: Resource | None = None
    settled: bool = False
    time_settled: str | None = None
    error: ResourceError | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Progress:
    """The latest records of every change of a region, by its resource's OCID. One thread at a time works on each."""

    attempts: dict[str, Attempt] = field(default_factory=dict)
    verifications: dict[str, Verification] = field(default_factory=dict)

    def error_of(self, change: Change) -> ResourceError | None:
        """Why the change has failed so far."""
        attempt, verification = self.attempts.get(change.id), self.verifications.get(change.id)
        return (verification.error if verification else None) or (attempt.error if attempt else None)

    def is_accepted(self, change: Change) -> bool:
        """Whether it was written, and is to be verified."""
        attempt = self.attempts[change.id]
        return attempt.changed and attempt.error is None


def internal_error(fault: Exception) -> ResourceError:
    """A fault of the collection as the error of a resource."""
    return ResourceError(code="InternalError", message=repr(fault))
