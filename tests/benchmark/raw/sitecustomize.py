# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""In a process that has this folder on its PYTHONPATH, the hosts of OCI are the simulator, without a proxy.

Python imports a module of this name by itself when it starts.
"""

from __future__ import annotations

import os
import socket
from typing import Any

_look_up = socket.getaddrinfo


def _getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
    if str(host).endswith(".oraclecloud.com"):
        host, port = "127.0.0.1", int(os.environ["SIMULATOR_DIRECT_PORT"])
    return _look_up(host, port, *args, **kwargs)


socket.getaddrinfo = _getaddrinfo
