# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules import change_keys as _module
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules import (
    key_assignment_info as _assignment_info,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules import key_assignment_report as _report
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules import key_plan as _plan_module
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules import key_plan_apply as _plan_apply
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules import kms_key_info as _key_info
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.errors import (
    IN_THE_JOURNAL,
    fail_module_on_error,
)


class _Ended(SystemExit):
    """How AnsibleModule ends."""


def _end(**result: Any) -> None:
    raise _Ended(result)


MODULE: Any = SimpleNamespace(fail_json=_end, params={"region": "r"}, no_log_values=set())


def _reported(error: Exception, *left_behind: str) -> dict[str, Any]:
    with pytest.raises(_Ended) as ended, fail_module_on_error(MODULE, *left_behind):
        raise error
    (result,) = ended.value.args
    assert result["invocation"] == {"module_args": {"region": "r"}}
    return dict(result)


def test_what_a_user_did_wrong_is_all_that_is_said() -> None:
    told = _reported(InputError("'region' is wrong"))
    assert told["msg"] == "'region' is wrong"
    assert "exception" not in told


def test_a_fault_of_ours_is_called_one_and_comes_with_its_traceback() -> None:
    told = _reported(ZeroDivisionError("what?"), IN_THE_JOURNAL)
    assert told["msg"].startswith("Internal error in oci_keys.block_volume: ZeroDivisionError('what?'). ")
    assert "The journal lists what was changed before. Please report it" in told["msg"]
    assert "Traceback" in told["exception"]


def test_nothing_happens_where_nothing_fails() -> None:
    with fail_module_on_error(MODULE):
        pass


@pytest.mark.parametrize(
    ("place", "work", "begin"),
    [
        (_assignment_info, "connect_to_read", _assignment_info.run_key_assignment_info),
        (_key_info, "_look_up", _key_info.run_kms_key_info),
        (_module, "_run", lambda module: _module.change_keys(module, "volume_ids")),
        (_plan_apply, "_apply", _plan_apply.run_key_plan_apply),
        (_plan_module, "_write", lambda module: _plan_module.write_key_plan(module, lambda _planning: None)),
        (_report, "_make", _report.make_report),
    ],
)
def test_every_way_to_begin_ends_so(monkeypatch: pytest.MonkeyPatch, place: Any, work: str, begin: Any) -> None:
    def fail(*_args: Any, **_kwargs: Any) -> None:
        raise ZeroDivisionError("what?")

    monkeypatch.setattr(place, work, fail)
    module = SimpleNamespace(fail_json=_end, params={"result_file": None}, no_log_values=set())

    with pytest.raises(_Ended) as ended:
        begin(module)

    assert "Internal error in oci_keys.block_volume" in ended.value.args[0]["msg"]
