# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The model: tasks at random, on a fleet at random, under faults, switches and kills at random."""

from __future__ import annotations

import contextlib
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from integration.support.harness import FAST, Ran, furnish
from integration.support.harness import run as run_module
from integration.support.model_checks import Run, check, check_done, check_idle
from integration.support.model_fleet import (
    HOSTILE,
    KEYS,
    MOST_PASSING,
    POLICIES,
    PUTTING_BACK,
    SWITCHES,
    Fault,
    faults,
    fleets,
    jumps,
    switches,
    wrong_answers,
)
from integration.support.model_plans import plan_carry_out_and_put_back
from integration.support.model_process import Killed, Life, living
from integration.support.model_requests import (
    BACKUP,
    COPY,
    INSTANCE_POOL,
    NODE_POOL,
    POLICY,
    REPLICA,
    REPLICA_OF_GROUP,
    REPLICAS,
    VOLUME,
    Ask,
    Module,
    Truth,
    settled,
)
from integration.support.rekey_helpers import FRA, IAD, PHX

from simulator.client import Simulator

SETTLE = 0.02
MOST_FAULTS = 2
"""So many at a time that what was taken away half-way can still be put back."""
TIMINGS = replace(FAST, poll_first=0.01, poll_max=0.1, backoff_max=0.05, quiet=0.15, ignored_after_update=0.15)

kills = st.none() | st.none() | st.builds(Life, dies_at=st.integers(1, 16), sent=st.booleans())
keys = st.sampled_from(sorted(KEYS))


class Model(RuleBasedStateMachine):
    """Each step is a run of a module, or one more thing that the next runs have to cope with."""

    seen: ClassVar[Counter[str]] = Counter()
    """What the steps were, for whoever wants to know what a test has tried."""

    def __init__(self, sim: Simulator, folder: Path) -> None:
        super().__init__()
        self.sim = sim
        self.folder = folder
        self.journal = folder / "journal.jsonl"
        self.switches: dict[str, Any] = {}
        self.faults: list[Fault] = []
        self.last: dict[Module, Ask] = {}
        self.is_sound = True
        self.has_planned = False
        self.jump = 0

    @initialize(fleet=fleets())
    def furnish(self, fleet: dict[str, Any]) -> None:
        furnish(self.sim, {"settle": SETTLE, "copy_settle": SETTLE}, **fleet)
        self.seen["fleets"] += 1

    @rule(switch=switches)
    def turn(self, switch: tuple[str, Any]) -> None:
        """What nobody knows of OCI turns out to be so."""
        self._step("turn")
        self.switches.update([switch])
        self.sim.set(**dict([switch]))

    @precondition(lambda self: len(self.faults) < MOST_FAULTS)
    @rule(fault=faults)
    def spoil(self, fault: Fault) -> None:
        """Something goes wrong in the next run."""
        self._step("spoil")
        self.faults.append(fault)
        self._disturb(fault)

    @precondition(lambda self: len(self.faults) < MOST_FAULTS)
    @rule(fault=wrong_answers)
    def mislead(self, fault: Fault) -> None:
        """Something is answered wrongly in the next run."""
        self._step("mislead")
        self.faults.append(fault)
        self._disturb(fault)

    @rule(by=jumps)
    def set_clock(self, by: int) -> None:
        """The clock of this machine is wrong from now on, or right again, by another one each time."""
        self._step("set_clock")
        self.jump = by if not self.jump else 0

    @rule(data=st.data(), key=keys)
    def change_behind(self, data: st.DataObject, key: str) -> None:
        """Somebody else puts another key on something between two runs."""
        self._step("change_behind")
        truth = settled(self.sim)
        name = data.draw(st.sampled_from(_named(truth, "volume", "boot_volume", "volume_backup", "boot_volume_backup")))
        if truth.rows[name]["region"] in KEYS[key]:
            self.sim.change(name, key=key)

    @rule(data=st.data(), key=keys, state=st.sampled_from(["present", "present", "absent"]))
    def key_of_volumes(self, data: st.DataObject, key: str, state: str) -> None:
        ids = self._draw(data, VOLUME)
        more = {"regenerate": True} if state == "present" and data.draw(st.integers(0, 4)) == 0 else {}
        self._run(data, Ask(VOLUME, ids, self._key(key, state), state, more=self._more(data, more)))

    @rule(data=st.data(), key=keys, state=st.sampled_from(["present", "present", "absent"]))
    def key_of_backups(self, data: st.DataObject, key: str, state: str) -> None:
        ids = self._draw(data, BACKUP)
        self._run(data, Ask(BACKUP, ids, self._key(key, state), state, more=self._more(data, _locked(data))))

    @rule(data=st.data(), key=keys, state=st.sampled_from(["present", "present", "absent", "unassigned"]))
    def key_for_copies(self, data: st.DataObject, key: str, state: str) -> None:
        ids = self._draw(data, POLICY)
        name = data.draw(st.sampled_from([None, *sorted(POLICIES)])) if state != "unassigned" else None
        policy = self.sim.id(f"volume_backup_policy:{name}") if name else None
        self._run(data, Ask(POLICY, ids, self._key(key, state), state, policy, more=self._more(data)))

    @rule(data=st.data(), key=keys, state=st.sampled_from(["present", "present", "absent"]), recreate=st.booleans())
    def key_of_replicas(self, data: st.DataObject, key: str, state: str, recreate: bool) -> None:
        truth = settled(self.sim)
        there = [name for name in _named(truth, *REPLICA.kinds) if truth.replica_key(name)]
        if there:
            ids = tuple(data.draw(st.lists(st.sampled_from(there), min_size=1, max_size=4, unique=True)))
            more = self._more(data, {"recreate": recreate})
            self._run(data, Ask(REPLICA, ids, self._key(key, state), state, more=more))

    @rule(data=st.data(), key=keys, state=st.sampled_from(["present", "present", "absent"]), recreate=st.booleans())
    def key_of_group_replicas(self, data: st.DataObject, key: str, state: str, recreate: bool) -> None:
        truth = settled(self.sim)
        there = [name for name in _named(truth, *REPLICA_OF_GROUP.kinds) if truth.replica_key(name)]
        if there:
            more = self._more(data, {"recreate": recreate})
            self._run(data, Ask(REPLICA_OF_GROUP, tuple(there), self._key(key, state), state, more=more))

    @rule(
        data=st.data(),
        module=st.sampled_from([NODE_POOL, INSTANCE_POOL]),
        key=keys,
        state=st.sampled_from(["present", "present", "absent"]),
    )
    def key_of_pools(self, data: st.DataObject, module: Module, key: str, state: str) -> None:
        if _named(settled(self.sim), *module.kinds):
            ids = self._draw(data, module)
            self._run(data, Ask(module, ids, self._key(key, state), state, more=self._more(data)))

    @rule(data=st.data(), key=st.none() | keys, to=st.sampled_from([PHX, FRA]))
    def copies(self, data: st.DataObject, key: str | None, to: str) -> None:
        truth = settled(self.sim)
        alone = [name for name in _named(truth, *COPY.kinds) if not truth.rows[name].get("volumeGroupBackupId")]
        here = [name for name in alone if truth.rows[name]["region"] == IAD]
        if here:
            ids = tuple(data.draw(st.lists(st.sampled_from(here), min_size=1, max_size=4, unique=True)))
            desired = self.sim.id(key) if key else None
            self._run(data, Ask(COPY, ids, desired, destination=to, more=self._more(data, _locked(data))))

    @precondition(lambda self: not self.has_planned)
    @rule(life=kills)
    def plans(self, life: Life | None) -> None:
        """Everything is put on some keys by a plan, and back again by the files that this has left."""
        self._step("plan")
        self.has_planned = True
        self.is_sound = False
        self.sim.clear_faults()
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            is_planned = plan_carry_out_and_put_back(
                self.sim, Path(name), life or Life(), self._disturb_again, self._calm_for_plans, timings=TIMINGS
            )
        self.seen["planned"] += is_planned
        self._calm()
        self._be_as_before()
        self.sim.set(**{name: self.switches.get(name, SWITCHES[name][0]) for name in PUTTING_BACK})
        self.is_sound = True

    @precondition(lambda self: self.last)
    @rule()
    def finish(self) -> None:
        """After a last run in peace everything is as wanted, and a further one finds nothing to do."""
        self._step("finish")
        self.is_sound = False
        self._calm()
        for ask in self.last.values():
            done = self._attempt(replace(ask, more=_without(ask, "regenerate", "wait")))
            check(done)
            check_done(done)
            again = self._attempt(done.ask)
            check(again)
            check_idle(again, done)
        self._be_as_before()
        self.last.clear()
        self.is_sound = True

    def _disturb(self, fault: Fault) -> None:
        self.sim.fault(fault.kind, fault.operation, times=fault.times, after=fault.after)

    def _disturb_again(self) -> None:
        for fault in self.faults:
            self._disturb(fault)

    def _calm(self) -> None:
        """No fault any more, and nothing that OCI itself would refuse or ignore."""
        self.faults.clear()
        self.sim.clear_faults()
        self.sim.set(**{name: _peaceful(name) for name in HOSTILE})

    def _calm_for_plans(self) -> None:
        self._calm()
        self.sim.set(**PUTTING_BACK)

    def _be_as_before(self) -> None:
        self.sim.set(**{name: self.switches.get(name, _peaceful(name)) for name in HOSTILE})

    def teardown(self) -> None:
        if self.last and self.is_sound:
            self.finish()

    def _draw(self, data: st.DataObject, module: Module) -> tuple[str, ...]:
        there = _named(settled(self.sim), *module.kinds)
        if module is BACKUP and not there:
            return ()
        return tuple(data.draw(st.lists(st.sampled_from(there), min_size=1, max_size=10, unique=True)))

    def _key(self, name: str, state: str) -> str | None:
        return self.sim.id(name) if state == "present" else None

    @staticmethod
    def _more(data: st.DataObject, more: dict[str, Any] | None = None) -> tuple[tuple[str, Any], ...]:
        waits = data.draw(st.integers(0, 5)) > 0
        return tuple({**(more or {}), **({} if waits else {"wait": False})}.items())

    def _run(self, data: st.DataObject, ask: Ask) -> None:
        check_mode = data.draw(st.integers(0, 5)) == 0
        life = None if check_mode else data.draw(kills)
        self.is_sound = False
        done = self._attempt(ask, life, check_mode=check_mode)
        self._step("check" if check_mode else "killed" if done.ran is None else "run", str(ask.module.ids))
        check(done)
        if done.ran is not None and not check_mode and self._is_safe(ask):
            check_done(done)
        self.faults.clear()
        self.sim.clear_faults()
        if done.ran is None and data.draw(st.booleans()):
            self._run_again(done)
        elif done.ran is None:
            self._put_policies_back(done)
        if not check_mode:
            self.last[ask.module] = ask
        self.is_sound = True

    def _is_safe(self, ask: Ask) -> bool:
        """Whether what is in the way is over before anybody gives up."""
        hostile = any(self.switches.get(name) in values for name, values in HOSTILE.items())
        passing = all(fault.passes for fault in self.faults) and sum(it.times for it in self.faults) <= MOST_PASSING
        return not hostile and passing and not (ask.regenerates and self.faults)

    def _run_again(self, killed: Run) -> None:
        """The next run has the journal of the one that was killed, and a clock that may have been set since."""
        self._step("second")
        ask = replace(killed.ask, more=_without(killed.ask, "regenerate", "wait"))
        again = self._attempt(ask, keeps_journal=True)
        assert again.ran is not None
        assert again.needless_puts == 0
        for subject in ask.subjects(killed.before):
            was, now = ask.held(killed.before, subject), ask.held(again.after, subject)
            is_done = ask.matches(killed.before, again.after, subject)
            if ask.module is not COPY:
                assert is_done or now == was, subject
            assert is_done or again.ran.failed or ask.excuse(killed.before, subject), again.ran.msg

    def _attempt(
        self, ask: Ask, life: Life | None = None, *, check_mode: bool = False, keeps_journal: bool = False
    ) -> Run:
        life = life or Life()
        life.jump = self.jump
        before = settled(self.sim)
        if not keeps_journal:
            self.journal.unlink(missing_ok=True)
        with living(life):
            ran: Ran | None = None
            with contextlib.suppress(Killed):
                ran = run_module(
                    ask.module.main,
                    self.sim,
                    check=check_mode,
                    clock=life,
                    timings=TIMINGS,
                    wait_timeout=20,
                    journal=str(self.journal),
                    **ask.options,
                )
        calls, needless = self.sim.calls(), self.sim.needless_puts
        after = settled(self.sim)
        return Run(
            ask, check_mode, before, after, None if life.is_over else ran, calls, self.journal, needless, self.jump
        )

    def _put_policies_back(self, killed: Run) -> None:
        """The journal tells what a process had taken away that was killed before it could assign it anew."""
        if killed.ask.module in REPLICAS and killed.intents:
            again = self._attempt(replace(killed.ask, more=_without(killed.ask, "wait")), keeps_journal=True)
            assert all(again.after.replica_key(source) for source in killed.ask.ids)
        for intent in killed.intents:
            asset = intent["id"]
            if killed.ask.module is not POLICY or killed.ask.state == "unassigned" or killed.after.policy(asset):
                continue
            was = killed.before.policy(asset)
            if was is not None:
                assert was == (intent["previous_policy_id"], intent["previous_kms_key_id"])
                state = "present" if was[1] else "absent"
                self._attempt(Ask(POLICY, (asset,), was[1], state, was[0]))
                assert settled(self.sim).policy(asset) == was

    def _step(self, *names: str) -> None:
        self.seen["steps"] += 1
        self.seen.update(names)


def _named(truth: Truth, *kinds: str) -> list[str]:
    return sorted((name for name, row in truth.rows.items() if row["kind"] in kinds), key=truth.names.__getitem__)


def _locked(data: st.DataObject) -> dict[str, Any]:
    return {"include_locked": True} if data.draw(st.integers(0, 3)) == 0 else {}


def _peaceful(name: str) -> Any:
    usual = {"transition": "provisioning", "copy_outcome": "available", "node_pool_transition": "updating"}
    return usual.get(name, "off")


def _without(ask: Ask, *names: str) -> tuple[tuple[str, Any], ...]:
    return tuple((name, value) for name, value in ask.more if name not in names)
