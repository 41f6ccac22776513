# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of a call that has credentials, checked before anything is read from OCI. Raises InputError."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from .._api.credential_files import credential_files
from .._common.errors import InputError
from .._common.files import is_same_file
from .._common.text import quote
from .._documents.formats import RESULT_FORMAT
from .._documents.own_files import foreign_reason
from .call_files import expect_distinct, expect_replaceable

CHECKED_ELSEWHERE = ""
"""For a file whose content is checked when it is opened."""


def check_files(
    options: Mapping[str, Any],
    written: Mapping[str, Path | None],
    read: Iterable[tuple[str, Path | None]] = (),
    *,
    formats: Mapping[str, str] | None = None,
) -> None:
    """Check the files that a call writes, and that it reads no other one of them. Names are those of options.

    ``formats`` are those of written files, by default that of results.
    """
    outputs = {name: path for name, path in written.items() if path is not None}
    expect_distinct([*outputs.items(), *read], outputs)
    _expect_no_credentials(options, outputs)
    for name, path in outputs.items():
        document_format = (formats or {}).get(name, RESULT_FORMAT)
        if document_format:
            expect_replaceable(name, path, partial(foreign_reason, document_format=document_format))


def _expect_no_credentials(options: Mapping[str, Any], outputs: Mapping[str, Path]) -> None:
    for what, secret in credential_files(options, os.environ):
        for name, path in outputs.items():
            if is_same_file(path, secret):
                raise InputError(f"'{name}' is {quote(str(path))}, which is {what}. Name another file")
