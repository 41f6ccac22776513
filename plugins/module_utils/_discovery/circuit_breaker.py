# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stops requests that nobody answers, so that a region that can't be reached does not take hours to fail."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from .._common.errors import ApiError, ResourceError, explain

_MAX_CONSECUTIVE_FAILURES = 4

_Result = TypeVar("_Result")


class CircuitBreaker:
    """Opens after several failures in a row that concern the whole region. From then on nothing is requested."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures = 0
        self.open_error: ResourceError | None = None

    def call(
        self, request: Callable[[], _Result], explain_error: Callable[[ApiError], ResourceError] = explain
    ) -> _Result | ResourceError:
        """The result of the request, or why there is none."""
        if self.open_error is not None:
            return self.open_error
        try:
            result = request()
        except ApiError as error:
            explained = explain_error(error)
            self._record_failure(error, explained)
            return explained
        except Exception as error:  # an unexpected error in one response must not lose the other results
            return ResourceError(code="InternalError", message=repr(error))
        with self._lock:
            self._failures = 0
        return result

    def _record_failure(self, error: ApiError, explained: ResourceError) -> None:
        with self._lock:
            self._failures = self._failures + 1 if error.is_region_wide else 0
            if self._failures >= _MAX_CONSECUTIVE_FAILURES:
                self.open_error = replace(explained, opc_request_id=None)
