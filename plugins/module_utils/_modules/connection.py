# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection of a module that only reads."""

from __future__ import annotations

import os

from ansible.module_utils.basic import AnsibleModule

from .._api.client import Connection, ReadRetry, connect
from .._api.settings import resolve_connection
from .module import Module
from .runtime import Runtime


def connect_to_read(module: AnsibleModule, runtime: Runtime, *, concurrency: int, attempts: int) -> Connection:
    """The connection that the options describe, with its secrets masked in all that the module prints from now on.

    ``concurrency`` is the maximum number of calls in flight per service and region, ``attempts`` how often a read is
    tried. Raises InputError where a connection option is missing or wrong.
    """
    settings = resolve_connection(module.params, os.environ)
    module.no_log_values.update(settings.secrets)
    connection = connect(
        settings,
        concurrency=concurrency,
        retry=runtime.retry or ReadRetry(attempts=attempts),
        timeout=runtime.timeout,
        clock=runtime.clock,
    )
    hide_secrets(module, connection)
    return connection


def hide_secrets(module: AnsibleModule, connection: Connection) -> None:
    """Mask a connection's secrets in all that the module prints from now on, and at its end those renewed since."""
    module.no_log_values.update(connection.secrets)
    if isinstance(module, Module):
        module.late_secrets = lambda: connection.secrets
