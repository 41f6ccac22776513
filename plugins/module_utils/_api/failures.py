# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What failures of the transport mean, in words. No SDK."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

from .._common.errors import TransportError
from .._common.text import readable
from .proxies import remove_credentials

# Of the answers of a proxy that refuses: too slow, too early, too many.
_PASSING = (408, 425, 429)


class PermanentTransportError(TransportError):
    """There is no valid response, and there would be none if the request were sent again."""


class ForeignEndpointError(PermanentTransportError):
    """An answer named a host that is not the service's own, so nothing was sent to it."""

    def __init__(self, message: str, *, operation: str) -> None:
        super().__init__(message, operation=operation, was_sent=False)

    def __str__(self) -> str:
        return self.message


class CredentialsEndedError(Exception):
    """The credentials have ended, so no request is signed with them. The text says how to renew them."""


class TransferError(Exception):
    """What is wrong with an answer, or with the way to it, in words: the predicate of a sentence whose subject is the
    host, or a sentence of its own.
    """

    def __init__(self, text: str, *, is_about_host: bool = True) -> None:
        super().__init__(text)
        self.is_about_host = is_about_host


class ConnectError(Exception):
    """No connection was made. ``__cause__`` is why, unless it is the answer of a proxy: ``status`` and ``reason``.

    ``through_proxy``: it was the proxy that could not be connected to, or that refused. ``proxy`` is it, in words.
    ``is_final``: it was tried for long enough (``reachability.py``).
    """

    def __init__(self, *, through_proxy: bool, status: int = 0, reason: str = "", proxy: str = "") -> None:
        super().__init__(reason)
        self.through_proxy = through_proxy
        self.proxy = proxy
        self.is_final = False
        self.status = status
        self.reason = reason

    def again(self) -> ConnectError:
        """The same error for another request that is not even tried."""
        error = ConnectError(through_proxy=self.through_proxy, status=self.status, reason=self.reason, proxy=self.proxy)
        error.is_final = True
        return error


def is_permanent(error: BaseException) -> bool:
    """Whether the same request would fail the same way: the server is not trusted, the proxy refuses, or the host could
    not be connected to for long enough.
    """
    return any(
        isinstance(cause, ssl.SSLCertVerificationError) or (isinstance(cause, ConnectError) and _is_permanent(cause))
        for cause in causes(error)
    )


def _is_permanent(error: ConnectError) -> bool:
    return error.is_final or (400 <= error.status < 500 and error.status not in _PASSING)


def explain(error: BaseException, host: str, *, was_sent: bool) -> str:
    """Why a request got no answer, and which proxy it should have gone through, for the message of a TransportError."""
    proxy = next((cause.proxy for cause in causes(error) if isinstance(cause, ConnectError) and cause.proxy), "")
    why = _explain(error, host, was_sent=was_sent)
    if not proxy:
        return why
    return (
        f"{why}. The proxy is {proxy}. Correct it, allow {host} there, or name the host in NO_PROXY if it can be"
        " reached directly"
    )


def _explain(error: BaseException, host: str, *, was_sent: bool) -> str:
    through_proxy = isinstance(error, ConnectError) and error.through_proxy
    for cause in causes(error):
        if isinstance(cause, TransferError):
            return f"{host} {cause}" if cause.is_about_host else f"{host}: {cause}"
        if isinstance(cause, ssl.SSLCertVerificationError):
            reason = getattr(cause, "verify_message", "") or "verification failed"
            return (
                f"the TLS certificate of {host} is not trusted ({reason}); set 'cert_bundle' to a CA bundle that "
                "contains its issuer"
            )
        if isinstance(cause, ConnectError) and cause.status:
            answer = readable(f"{cause.status} {cause.reason}".strip(), 200)
            return f"the proxy did not connect to {host}: OSError: Tunnel connection failed: {answer}"
        if isinstance(cause, TimeoutError) and was_sent:
            return f"{host} did not respond in time"
        if isinstance(cause, TimeoutError) and not through_proxy:
            return f"connecting to {host} timed out"
        if isinstance(cause, socket.gaierror) and through_proxy:
            return f"the proxy did not connect to {host}: its name can't be resolved: {cause.strerror or cause}"
        if isinstance(cause, socket.gaierror):
            return f"the host name {host}, or its proxy's, can't be resolved: {cause.strerror or cause}"
    if through_proxy:
        return f"the proxy did not connect to {host}: {innermost_text(error)}"
    innermost = list(causes(error))[-1]
    where = f"could not connect to {host}" if not was_sent and isinstance(innermost, OSError) else host
    return f"{where}: {innermost_text(error)}"


def causes(error: BaseException) -> Iterator[BaseException]:
    """The error and everything that led to it, outermost first.

    Libraries keep the original as an argument or an attribute, or only as the context.
    """
    seen: set[int] = set()
    queue: list[object] = [error]
    while queue:
        cause = queue.pop(0)
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        queue += [getattr(cause, name, None) for name in ("reason", "original_error", "__cause__", "__context__")]
        queue += [argument for argument in cause.args if isinstance(argument, BaseException)]


def innermost_text(error: BaseException) -> str:
    """Type and message of the innermost cause, on one line and without credentials of a proxy."""
    cause = list(causes(error))[-1]
    text = f"{type(cause).__name__}: {cause}" if str(cause) else type(cause).__name__
    return readable(remove_credentials(text), 300)
