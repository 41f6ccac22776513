# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What leaves the machine holds no OCIDs, names, tokens or hosts; and what comes back is read with distrust."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from parity import simulated, take
from parity.catalog import ALL
from parity.probe import AS_ASSUMED, DIFFERS, SKIPPED, UNKNOWN, Finding, ask
from parity.recording import Exchange, Redactor
from parity.result import document, leaks, table, write
from parity.settings import SettingsError, checked, from_file

SIMULATOR = Path(take.SIMULATOR)


def result(
    switches: dict[str, Any] | None = None, names: tuple[str, ...] = ()
) -> tuple[dict[str, Any], simulated.Simulated]:
    """The document of a run against the simulator with these switches."""
    bed = simulated.start(switches)
    findings = []
    for name in names or ("when_a_key_shows", "get_kms_key_without_one"):
        bed.bed.cloud.recorder.probe = name
        findings.append(ask(ALL[name], bed.bed))
    exchanges = bed.bed.cloud.recorder.exchanges
    more: dict[str, Any] = {"date": "2026-11-28", "region": "us-phoenix-1", "seconds": bed.bed.seconds}
    return document(findings, exchanges, [], redactor=Redactor(), **more), bed


def test_nothing_that_names_the_tenancy_is_in_the_result() -> None:
    content, bed = result(names=tuple(ALL))
    text = json.dumps(content)
    cloud = bed.service.cloud
    for one in cloud.resources.values():
        assert one.id not in text
        assert one.id.rsplit(".", 1)[1] not in text
    titles = {str(bed.service.truth(one.id).get("displayName")) for one in cloud.resources.values()} - {"None"}
    assert [name for name in titles if f'"{name}"' in text] == []
    hidden = (cloud.tenancy.id, cloud.tenancy.user_id, "oci-keys-parity", "-management.kms", "Signature", "oraclecloud")
    assert [name for name in hidden if name in text] == []
    assert leaks(content) == []
    # It is not empty for that.
    assert {row["status"] for row in content["exchanges"]} >= {200, 204, 400, 404, 409, 412}


@pytest.mark.parametrize(
    "text",
    [
        "ocid1.volume.oc1.iad.abuwcljrexampleexampleexample",
        "ocidv1:tenancy:oc1:phx:1460000000000:aaaaaaaaexample",
        "somebody@example.com",
        "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9",
        "-----BEGIN PRIVATE KEY-----",
    ],
)
def test_a_result_that_would_leak_is_noticed(text: str) -> None:
    assert leaks({"body": {"anything": text}})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("displayName", "payroll-db"),
        ("description", "Tenancy of Jane"),
        ("name", "prod"),
        ("managementEndpoint", "https://abc-management.kms.us-phoenix-1.oraclecloud.com"),
        ("message", "Volume 'payroll-db' of jane@example.com at https://example.com is locked"),
        ("type", "payroll db 7"),
        ("somethingNew", "payroll-db"),
        ("freeformTags", {"payroll-db": "payroll-db"}),
    ],
)
def test_values_that_are_not_known_to_be_harmless_are_replaced(name: str, value: Any) -> None:
    shown = json.dumps(Redactor().value("", {name: value}))
    assert not any(word in shown for word in ("payroll", "Jane", "jane", "prod", "abc-", "example.com"))


def test_an_ocid_has_the_same_hash_in_one_file_and_another_in_the_next() -> None:
    value = "ocid1.key.oc1.iad.vault.abuwclunique"
    first, second = Redactor(), Redactor()
    assert first.ocid(value) == first.ocid(value) != second.ocid(value)
    assert first.ocid(value).startswith("ocid1.key.oc1.iad.")


def test_a_body_that_is_not_json_is_not_shown() -> None:
    one = Exchange(
        "p", "GET", "https://iaas.x/20160918/volumes", {"if-match": "secret"}, "", 502, {}, "<html>secret</html>"
    )
    shown = json.dumps(Redactor().exchange(one))
    assert "secret" not in shown


def test_the_table_says_what_was_assumed_seen_and_differs() -> None:
    one = ALL["when_a_key_shows"]
    rows = [
        Finding(one, "at_put", DIFFERS),
        Finding(one, "at_available", AS_ASSUMED),
        Finding(one, "429", UNKNOWN),
        Finding(one, "-", SKIPPED),
    ]
    text = table(rows)
    assert "at_available" in text.splitlines()[1]
    assert "DIFFERS" in text
    assert text.endswith("1 as assumed, 1 differs, 1 unknown, 1 skipped")


def test_results_of_one_day_do_not_replace_each_other(tmp_path: Path) -> None:
    content, _bed = result()
    assert [write(tmp_path, content).name for _time in range(2)] == [
        "parity-2026-11-28-us-phoenix-1.json",
        "parity-2026-11-28-us-phoenix-1-2.json",
    ]


def _taken(content: dict[str, Any], tmp_path: Path) -> tuple[int, str, str]:
    copied = tmp_path / "simulator"
    copied.mkdir()
    for name in ("switches.py", "README.md"):
        shutil.copy(SIMULATOR / name, copied / name)
    file = tmp_path / "sent.json"
    file.write_text(json.dumps(content))
    code = take.main(file, tmp_path / "recorded", copied)
    return code, (copied / "switches.py").read_text(), (copied / "README.md").read_text()


def test_taking_a_result_makes_what_was_seen_the_default(tmp_path: Path) -> None:
    content, _bed = result({"key_visible": "at_put", "kms_key_get_oracle_managed": "absent"})
    code, switches, readme = _taken(content, tmp_path)

    assert code == 0
    assert '_s("key_visible", "at_put|at_available",' in switches
    assert '_s("kms_key_get_oracle_managed", "absent|not_found|null|empty",' in switches
    assert "| `key_visible` | `at_put`, `at_available` |" in readme
    changed = [
        line for line in switches.splitlines() if line not in (SIMULATOR / "switches.py").read_text().splitlines()
    ]
    assert len(changed) == 2
    assert [file.name for file in (tmp_path / "recorded").iterdir()] == ["parity-2026-11-28-us-phoenix-1.json"]


def test_numbers_become_defaults_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limited = {"kms_rate": 5.0, "block_volume_rate": 4.0, "retry_after": 7.0}
    findings = [
        {"probe": "rate_of_vault", "seen": "5"},
        {"probe": "rate_of_block_volume", "seen": "4"},
        {"probe": "retry_after", "seen": "7"},
    ]
    assert take.answers({"findings": findings}) == limited
    content, _bed = result()
    _code, _switches, readme = _taken(content | {"findings": findings}, tmp_path)

    spec = importlib.util.spec_from_file_location("switches_taken", tmp_path / "simulator" / "switches.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "switches_taken", module)
    spec.loader.exec_module(module)
    assert {one.name: one.default for one in module.TABLE if one.name in limited} == limited
    # The first has a number already, the others get one.
    for name, value in limited.items():
        assert f"| `{name}` | a number, {value:g} |" in readme


def test_what_no_setting_gives_changes_no_default() -> None:
    for probe, seen in (("put_while_provisioning", "409 Conflict"), ("rate_of_vault", "many"), ("retry_after", "-1")):
        assert take.answers({"findings": [{"probe": probe, "seen": seen}]}) == {}


def test_probes_of_one_switch_may_leave_one_setting_only() -> None:
    """Each of the two sees two of four settings."""
    both = [
        {"probe": "backup_key_change", "seen": "volume_backups"},
        {"probe": "boot_backup_key_change", "seen": "boot_volume_backups"},
    ]
    assert take.answers({"findings": both}) == {"backup_update_ignored": "all"}
    assert take.answers({"findings": both[:1]}) == {"backup_update_ignored": "volume_backups"}
    assert take.answers({"findings": [both[0], {"probe": "boot_backup_key_change", "seen": "off"}]}) == {
        "backup_update_ignored": "volume_backups"
    }
    assert take.answers({"findings": [{"probe": "backup_key_change", "seen": "off"}, both[1]]}) == {
        "backup_update_ignored": "boot_volume_backups"
    }


def test_a_fixture_is_never_replaced_by_another_result(tmp_path: Path) -> None:
    """Two users may send one of the same day and region; one may be taken twice."""
    recorded = tmp_path / "recorded"
    simulator = tmp_path / "simulator"
    simulator.mkdir()
    for name in ("switches.py", "README.md"):
        shutil.copy(SIMULATOR / name, simulator / name)
    first, second = (tmp_path / name for name in ("first.json", "second.json"))
    first.write_text(json.dumps(result()[0]))
    second.write_text(json.dumps(result()[0]))
    assert [take.main(file, recorded, simulator) for file in (first, second, first, second)] == [0, 0, 0, 0]
    kept = [json.loads(file.read_text()) for file in sorted(recorded.iterdir())]
    assert sorted(map(json.dumps, kept)) == sorted(json.dumps(json.loads(f.read_text())) for f in (first, second))


def test_what_is_as_assumed_unknown_or_skipped_changes_no_default(tmp_path: Path) -> None:
    content, _bed = result()
    for finding in content["findings"]:
        # A stranger's verdict is not believed.
        finding["verdict"] = "differs"
    content["findings"].append({"probe": "put_no_key", "seen": "500 InternalServerError", "verdict": "differs"})
    content["findings"].append({"probe": "unheard_of", "seen": "at_put", "verdict": "differs"})
    _code, switches, _readme = _taken(content, tmp_path)
    assert switches == (SIMULATOR / "switches.py").read_text()


def test_probes_of_one_switch_that_disagree_change_no_default() -> None:
    findings = [{"probe": "disabled_key", "seen": "400"}, {"probe": "key_without_grant", "seen": "404"}]
    assert take.answers({"findings": findings}) == {}
    assert take.answers({"findings": findings[:1]}) == {"unusable_key_code": "400"}


@pytest.mark.parametrize(
    "change",
    [
        {"format": "something else"},
        {"version": 99},
        {"region": "../../etc"},
        {"date": "2026-11-28/../x"},
        {"findings": [{"probe": 1, "seen": "x"}]},
        {"exchanges": {}},
        {"exchanges": [{"probe": "x"}]},
        {"more": "ocid1.user.oc1..aaaaaaaaunredacted"},
    ],
)
def test_a_file_that_is_no_redacted_result_is_refused(
    change: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content, _bed = result()
    code, switches, _readme = _taken(content | change, tmp_path)
    assert code == 1
    assert capsys.readouterr().err
    assert switches == (SIMULATOR / "switches.py").read_text()
    assert not (tmp_path / "recorded").exists()


GIVEN = {"compartment_id": "ocid1.compartment.oc1..a", "key_a": "ocid1.key.oc1..a", "key_b": "ocid1.key.oc1..b"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"key_c": "x"}, "no setting 'key_c'"),
        ({"key_a": ""}, "lack key_a"),
        ({"key_a": 7}, "'key_a' must be of type str"),
        ({"limits": "yes"}, "'limits' must be of type bool"),
        ({"poll_seconds": True}, "'poll_seconds' must be of type float"),
        ({"poll_seconds": 0}, "'poll_seconds' must be a number"),
        ({"key_b": "ocid1.key.oc1..a"}, "the same key"),
    ],
)
def test_a_wrong_setting_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        checked(GIVEN | change)


def test_settings_that_are_no_mapping_are_refused(tmp_path: Path) -> None:
    for text in ("- a", "a: [", ""):
        (tmp_path / "settings.yml").write_text(text)
        with pytest.raises(SettingsError, match=r"settings\.yml"):
            from_file(tmp_path / "settings.yml")
    with pytest.raises(SettingsError, match="can't be read"):
        from_file(tmp_path / "missing.yml")
