# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which checks a resource does not meet, by itself or by the key that it is on. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

NOT_MET, UNKNOWN = "findings", "unknown"


class Failures:
    """The checks of a report by what they are about."""

    def __init__(self, report: Mapping[str, Any]) -> None:
        violations = report["violations"]
        self._recommendations = [check["id"] for check in violations["checks"]]
        self._by_subject: dict[str, dict[str, list[str]]] = {NOT_MET: {}, UNKNOWN: {}}
        for check in (*violations["checks"], *violations["beyond"]):
            for verdict, subjects in self._by_subject.items():
                for subject in check.get(verdict) or ():
                    subjects.setdefault(subject, []).append(check["id"])

    def of(self, resource: Mapping[str, Any], verdict: str = NOT_MET) -> list[str]:
        """The checks with this verdict on the resource or its key."""
        found = self._by_subject[verdict]
        of_key = found.get(resource["kms_key_id"] or "", ())
        return [*found.get(resource["id"], ()), *of_key]

    def recommendations(self, checks: Iterable[str]) -> list[str]:
        """Those that are recommendations of the benchmark."""
        return [check for check in checks if check in self._recommendations]
