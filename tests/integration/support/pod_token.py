# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The token of a pod's service account, which the SDK looks for in one place only."""

from __future__ import annotations

import oci
import pytest

from simulator.client import Simulator


def use_token_of(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = oci.auth.rpt_path_providers.DefaultServiceAccountTokenProvider
    original = provider.__init__

    def init(self: object) -> None:
        original(self)
        self.override_sa_token_path(str(simulator.home / "service_account_token"))  # type: ignore[attr-defined]

    monkeypatch.setattr(provider, "__init__", init)
