# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The typed errors of the collection. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from .text import shown


class BlockVolumeKeyError(Exception):
    """Anything that the collection reports to its user; ``str()`` of it is the message.

    Messages quote what users, files and services gave, so none gets out as it is: a secret may stand where a name was
    expected.
    """

    def __init__(self, message: str) -> None:
        super().__init__(shown(message))


class InputError(BlockVolumeKeyError):
    """The input is invalid, so nothing is changed. The message has the value, what is wrong, and what to do."""


class ApiError(BlockVolumeKeyError):
    """A call that failed: either :class:`ServiceError` or :class:`TransportError`. ``operation`` is "GetVolume"."""

    def __init__(self, message: str, *, operation: str) -> None:
        super().__init__(message)
        self.message = shown(message)
        self.operation = operation

    @property
    def is_region_wide(self) -> bool:
        """Whether other calls to the region would fail too: the fault is the region's or the caller's."""
        return True


class ServiceError(ApiError):
    """The service responded with an error (the SDK's ``ServiceError``).

    ``status`` and ``code`` are the HTTP status and the ``code`` of the error body; ``oci_semantics.md`` section 4 lists
    them.
    """

    def __init__(
        self,
        message: str,
        *,
        operation: str,
        status: int,
        code: str,
        opc_request_id: str | None = None,
    ) -> None:
        super().__init__(message, operation=operation)
        self.status = status
        self.code = code
        self.opc_request_id = opc_request_id

    def __str__(self) -> str:
        return f"{self.operation} failed with {self.status} {self.code}: {self.message}"

    @property
    def is_throttled(self) -> bool:
        return self.status == 429

    @property
    def is_incorrect_state(self) -> bool:
        """409 IncorrectState: the resource is busy with another operation, which will end."""
        return self.status == 409 and self.code in ("IncorrectState", "ExternalServerIncorrectState", "LockConflict")

    @property
    def is_region_wide(self) -> bool:
        return self.status == 401 or self.status >= 500

    @property
    def is_precondition_failed(self) -> bool:
        """412, or 409 NoEtagMatch as of Identity: the resource was modified after it was read."""
        return self.status == 412 or self.code == "NoEtagMatch"

    @property
    def is_limit_exceeded(self) -> bool:
        """400 LimitExceeded: OCI takes no more requests of this kind at a time, and will when others have ended."""
        return self.status == 400 and self.code == "LimitExceeded"

    @property
    def is_conflict(self) -> bool:
        """409 Conflict, which may pass ("currently being modified, try again later") or be final."""
        return self.status == 409 and self.code == "Conflict"

    @property
    def is_not_found(self) -> bool:
        """404, which OCI also returns if the caller may not know whether the resource exists."""
        return self.status == 404

    @property
    def is_server_error(self) -> bool:
        """A fault of the service that may be temporary."""
        return self.status >= 500 and self.status != 501

    @property
    def is_of_gateway(self) -> bool:
        """502 or 504: something before the service had no answer from it, which says nothing of what it does."""
        return self.status in (502, 504)

    @property
    def outcome_is_unknown(self) -> bool:
        """Whether a write may have been committed before a fault of the service. Reads commit nothing."""
        return self.is_server_error and not self.operation.startswith(("Get", "List", "Search"))


class TransportError(ApiError):
    """There was no valid response: the connection was refused or dropped, a timeout, or a body that is not JSON.

    ``was_sent`` is false only if the request is known not to have left this machine.
    """

    code = "NoAnswer"

    def __init__(self, message: str, *, operation: str, was_sent: bool) -> None:
        super().__init__(message, operation=operation)
        self.was_sent = was_sent

    def __str__(self) -> str:
        return f"{self.operation} got no valid response: {self.message}"


@dataclass(frozen=True)
class ResourceError:
    """Why one resource failed: the ``error`` of its result."""

    code: str
    message: str
    status: int | None = None
    opc_request_id: str | None = None
    hint: str | None = None

    def __str__(self) -> str:
        """ "404 NotAuthorizedOrNotFound: message", without the hint"""
        return f"{f'{self.status} ' if self.status else ''}{self.code}: {self.message}"


def explain(error: ApiError) -> ResourceError:
    """The ``error`` of a result for an error of the API, without a hint."""
    if isinstance(error, ServiceError):
        return ResourceError(
            code=error.code, status=error.status, opc_request_id=error.opc_request_id, message=error.message
        )
    return ResourceError(code=TransportError.code, message=str(error))
