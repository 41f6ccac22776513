# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Templates are compiled once, for all processes of ansible-playbook that tests start.

A role has some two hundred; each task is a process, which compiles its own again.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import marshal
import os
from pathlib import Path
from typing import Any

OPTIONS = (
    "block_start_string",
    "block_end_string",
    "variable_start_string",
    "variable_end_string",
    "comment_start_string",
    "comment_end_string",
    "line_statement_prefix",
    "line_comment_prefix",
    "trim_blocks",
    "lstrip_blocks",
    "newline_sequence",
    "keep_trailing_newline",
    "optimized",
    "is_async",
)
"""Of an environment, what changes the code of a template."""


def remember_templates(folder: Path) -> None:
    """Keeps the code of each template in a file of ``folder``, by its source and the options of its environment."""
    from jinja2 import Environment

    original = Environment.compile
    versions = [importlib.metadata.version(package) for package in ("jinja2", "ansible-core")]

    def compile_template(self: Environment, source: Any, *names: Any, **more: Any) -> Any:
        if names or more or not isinstance(source, str):
            return original(self, source, *names, **more)
        options = [getattr(self, option) for option in OPTIONS]
        key = repr((versions, type(self).__qualname__, str(source), options, sorted(self.extensions)))
        file = folder / hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
        try:
            return marshal.loads(file.read_bytes())
        except (OSError, EOFError, ValueError, TypeError):
            code = original(self, source)
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_name(f"{file.name}.{os.getpid()}")
        unfinished.write_bytes(marshal.dumps(code))
        unfinished.replace(file)
        return code

    Environment.compile = compile_template  # type: ignore[method-assign]
