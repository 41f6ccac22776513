# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting until accepted changes have settled, and what is there then, not what was asked for."""

from __future__ import annotations

from collections.abc import Callable

from .._common.cancellation import Deadline
from .._common.clock import Clock
from .._common.errors import ResourceError, TransportError
from .._common.records import replace
from .._common.text import label
from .._model.actions import NONE, REGENERATE
from .._model.decisions import CHANGE_IGNORED, changed_by_someone_else, is_busy
from .._model.resource import Reading, Resource
from .attempts import Change, Verification
from .timings import Timings

_LONGER_TIMEOUT_HINT = "Run again with a longer 'wait_timeout': a change that took effect meanwhile is not made twice."
_UNREADABLE_HINT = "Check the resource and the credentials. The journal holds its former key."


class Verifier:
    """Says of accepted changes, by each reading, whether they are verified, have failed, or are to be read again.

    A change is verified when the resource is AVAILABLE and shows the desired key: right after a write a resource
    may still be AVAILABLE with its former key (oci_semantics.md section 2).
    """

    def __init__(self, *, clock: Clock, timings: Timings, deadline: Deadline) -> None:
        self._clock = clock
        self._timings = timings
        self._deadline = deadline

    def begin(self) -> Verification:
        """Before the first read of one change by itself, which waits beside others that are being made."""
        return self._later(Verification(self._clock.monotonic()))

    def try_once(self, change: Change, seen: Verification, is_waited_for: Callable[[], bool]) -> Verification:
        """Read one change by itself. It is read again only as long as somebody waits for it."""
        age = self._clock.monotonic() - seen.began
        reading = change.reader.get(change.id)
        seen = self.verify(change, replace(seen, retry_after=None, age=age), reading)
        if seen.is_decided or not is_waited_for():
            return seen
        if self._deadline.passed:
            return self.timed_out(change, seen)
        return self._later(seen)

    def _later(self, seen: Verification) -> Verification:
        seconds = min(self._timings.poll(seen.reads), self._deadline.remaining)
        return replace(seen, reads=seen.reads + 1, retry_after=seconds)

    def is_doubtful(self, change: Change, seen: Verification, reading: Reading) -> bool:
        """Whether a list alone says that a change failed: it may lag behind, or leave something out."""
        if not isinstance(reading, Resource) or reading.etag is not None:
            return False
        verdict = self.evaluate(change, seen, reading)
        if isinstance(verdict, ResourceError):
            return True
        return verdict and self._find_side_effects(change, reading) is not None

    def verify(self, change: Change, seen: Verification, reading: Reading) -> Verification:
        """What is known of the change by this reading."""
        verdict = self.evaluate(change, seen, reading)
        if isinstance(reading, Resource):
            seen = replace(seen, after=reading, was_busy=seen.was_busy or is_busy(reading))
        if isinstance(verdict, ResourceError):
            return replace(seen, is_decided=True, error=verdict, is_ignored=verdict.code == CHANGE_IGNORED)
        if not verdict:
            return seen
        if not self._has_started(change, seen):
            name = label(change.decision.known.display_name, change.id)
            warning = f"{name}: OCI accepted the regeneration, but was not seen to make it, so it is not proven."
            return replace(seen, is_decided=True, warnings=(warning,))
        return replace(
            seen,
            is_decided=True,
            settled=True,
            time_settled=self._clock.timestamp(),
            error=self._find_side_effects(change, seen.after),
        )

    def evaluate(self, change: Change, seen: Verification, reading: Reading) -> bool | ResourceError:
        """True: the change has taken effect. False: not decided yet. Otherwise why it failed."""
        action, before, kind, age = change.decision.action, change.decision.known, change.kind, seen.age
        noun = kind.noun_for(reading if isinstance(reading, Resource) else before)
        if isinstance(reading, ResourceError):
            is_transient = reading.code == TransportError.code or reading.status == 429 or (reading.status or 0) >= 500
            if is_transient or (reading.status == 404 and age < self._timings.ignored_after_update):
                return False
            if action == NONE:
                return reading
            return replace(
                reading,
                message=f"The change was accepted, but then the {noun} could not be read: {reading.message}",
                hint=_UNREADABLE_HINT,
            )
        blocking_error = kind.blocking_error(reading)
        if blocking_error is not None:
            if action == NONE:
                return blocking_error
            return ResourceError(
                code=blocking_error.code,
                message=f"The change was accepted, but then the {noun} became {reading.lifecycle_state}.",
                hint=blocking_error.hint,
            )
        if is_busy(reading):
            return False
        if kind.matches(reading, change.decision.desired):
            # If nothing shows that a regeneration began, it is not waited for any longer than for one that is ignored.
            return self._has_started(change, seen) or age >= self._timings.ignored_after
        if action == NONE or not kind.is_same(reading, before):
            return changed_by_someone_else(reading, noun, kind)
        if age < (self._timings.ignored_after_update if kind.is_synchronous else self._timings.ignored_after):
            return False
        desired = kind.describe(before.with_desired(change.decision.desired))
        return ResourceError(
            code=CHANGE_IGNORED,
            message=f"The service accepted the change to {desired}, but {age:.0f} s later the {noun} still has "
            f"{kind.describe(reading)}.",
            hint=kind.ignored_hint,
        )

    @staticmethod
    def _has_started(change: Change, seen: Verification) -> bool:
        """A key that is there speaks for itself; a regeneration shows only in the state PROVISIONING.

        It does not show in etags: that of kmsKey is a hash of the key, and a volume's may change with nothing changed
        (oci_semantics.md section 4).
        """
        return change.decision.action != REGENERATE or seen.was_busy

    @staticmethod
    def _find_side_effects(change: Change, after: Resource | None) -> ResourceError | None:
        if after is None or change.decision.action == NONE:
            return None
        return change.kind.find_side_effects(change.decision.known, after)

    def timed_out(self, change: Change, seen: Verification) -> Verification:
        after, action = seen.after, change.decision.action
        now = "it could not be read since"
        if after is not None:
            now = f"it is {after.lifecycle_state} with {change.kind.describe(after)}"
        if action == NONE:
            noun = change.kind.noun_for(after or change.decision.known)
            message = f"The {noun} did not settle {self._deadline.describe()}: {now}."
        else:
            verb = "be seen to take effect" if action == REGENERATE else "take effect"
            message = f"The change was accepted, but did not {verb} {self._deadline.describe()}: {now}."
        hint = None if action in (NONE, REGENERATE) else _LONGER_TIMEOUT_HINT
        return replace(seen, error=ResourceError(code="WaitTimeout", message=message, hint=hint))
