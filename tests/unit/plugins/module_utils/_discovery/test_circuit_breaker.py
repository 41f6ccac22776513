# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from unit.support.fake_cloud import refused

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import ResourceError, TransportError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._discovery.circuit_breaker import CircuitBreaker


def failing(error: Exception) -> Callable[[], Any]:
    def request() -> Any:
        raise error

    return request


UNREACHABLE = failing(TransportError("timed out", operation="list_volumes", was_sent=True))


def test_four_failures_in_a_row_that_concern_the_region_stop_all_requests() -> None:
    breaker = CircuitBreaker()
    for _attempt in range(4):
        assert breaker.open_error is None
        assert isinstance(breaker.call(UNREACHABLE), ResourceError)

    assert breaker.open_error is not None
    assert breaker.call(failing(AssertionError("it is not requested"))) is breaker.open_error


@pytest.mark.parametrize("between", [lambda: True, failing(refused(404, "NotAuthorizedOrNotFound"))])
def test_any_response_between_them_starts_the_count_again(between: Callable[[], Any]) -> None:
    breaker = CircuitBreaker()
    for request in (UNREACHABLE, UNREACHABLE, UNREACHABLE, between, UNREACHABLE, UNREACHABLE, UNREACHABLE):
        breaker.call(request)
    assert breaker.open_error is None


def test_an_unexpected_error_is_that_of_one_request() -> None:
    breaker = CircuitBreaker()
    error = breaker.call(failing(KeyError("name")))
    assert isinstance(error, ResourceError)
    assert str(error) == "InternalError: KeyError('name')"
    assert breaker.call(lambda: 7) == 7


def test_an_error_is_explained_by_the_caller() -> None:
    explained = ResourceError(code="Explained", message="why", status=404)
    assert CircuitBreaker().call(failing(refused(404, "NotFound")), lambda _error: explained) is explained
    assert str(explained) == "404 Explained: why"
