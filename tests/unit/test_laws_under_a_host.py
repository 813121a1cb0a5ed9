"""The laws of Multi-Paxos and Zab look inside a host: each can fail there, and so do those of the service above."""

from dataclasses import replace

import pytest

from distsys import systems
from distsys.checkers.judging import judge_history
from distsys.core import EMPTY
from distsys.drivers import Simulator
from distsys.drivers.swarm import drawn, varied
from distsys.mutants import multipaxos as broken_paxos
from distsys.mutants import zab as broken_zab
from distsys.mutants.raft_parts import AsksOnce
from distsys.protocols.multipaxos_laws import MULTIPAXOS_LAWS
from distsys.protocols.multipaxos_members import ReconfigurableMultiPaxos
from distsys.protocols.multipaxos_messages import Decided
from distsys.protocols.paxos_messages import ZERO, Vote
from distsys.protocols.replication import Role
from distsys.protocols.zab import Zab
from distsys.protocols.zab_laws import ZAB_LAWS
from distsys.services import kv
from distsys.services.raft_store import ReplicatedStore
from distsys.services.replicas import PaxosStore, ZabStore
from distsys.services.replicated import Reply
from distsys.services.service_laws import clients_are_served, replicas_agree


def run_under(system, classes, seed, law):
    """Return the run of a system in which some classes are others, under the usual faults, judged by one law."""
    found = systems.find(system)
    cluster = systems.build(system, **varied(system, seed, None, {}))
    cluster = replace(cluster, system=replace(found, classes={**found.classes, **classes}))
    network, script = drawn(cluster, seed, found.until)
    return Simulator(
        cluster,
        seed,
        network=network,
        script=script,
        laws=(law,),
        until=found.until,
        settle=found.settle if law.when == "finally" else 0,
    ).run()


# Multi-Paxos: one small change for each law.


class IgnoresVotes(ReconfigurableMultiPaxos):
    """Asks for a value of its own where promises tell of votes."""

    def vote_to_keep(self, slot):
        return None


class VotesForAll(IgnoresVotes):
    """Votes below what it has promised, too."""

    def on_accept(self, sender, message):
        self.promised = min(self.promised, message.ballot)
        super().on_accept(sender, message)


class CountsFromWhatIsApplied(ReconfigurableMultiPaxos):
    """Takes an open slot for the next command."""

    def on_propose(self, message):
        self.next_slot = self.last_applied + 1
        super().on_propose(message)


class FillsGapsWithWords(ReconfigurableMultiPaxos):
    """Asks for what nobody has proposed."""

    def ask(self, slot, value):
        super().ask(slot, "nothing" if value is None else value)


class TakesARequestForADecision(ReconfigurableMultiPaxos):
    """Learns a value when it is asked to vote for it."""

    def on_accept(self, sender, message):
        super().on_accept(sender, message)
        self.learn(message.slot, message.value)
        self.apply()


class ForgetsItsPromise(ReconfigurableMultiPaxos):
    """Comes back from a crash without its promise."""

    def __init__(self, name, disk=EMPTY, **settings):
        super().__init__(name, disk, **settings)
        self.promised = ZERO


class AnswersFirst(ReconfigurableMultiPaxos):
    """Tells of a vote before it writes it down."""

    def vote(self, accept):
        self.promised = accept.ballot
        self.votes = self.votes.set(accept.slot, Vote(accept.ballot, accept.value))
        self.set_timer("sync", 0)

    def on_timeout(self, timer):
        super().on_timeout(timer)
        if timer == "sync":
            self.persist(promised=self.promised, votes=self.votes)


class AsksNobody(ReconfigurableMultiPaxos):
    """Does not ask for what it lacks."""

    def send(self, to, message):
        if not isinstance(message, Decided):
            super().send(to, message)


PAXOS = {
    "P2c": IgnoresVotes,
    "agreement": VotesForAll,
    "one value in a ballot": CountsFromWhatIsApplied,
    "only what is proposed": FillsGapsWithWords,
    "only what is chosen is learned": TakesARequestForADecision,
    "promises are kept": ForgetsItsPromise,
    "durable before revealed": AnswersFirst,
    "state machine safety": broken_paxos.AppliesWhatIsChosen,
    "everything is applied in the end": AsksNobody,
}


# Zab: for each law the one mutant of the protocol that names it, and three choices where that does not do.


class DeliversAtOnce(Zab):
    """Delivers as the leader what it proposes; ZAB-15, which breaks the same law, needs an observer."""

    def broadcast_command(self, command):
        super().broadcast_command(command)
        self.deliver(self.last_zxid())


class BroadcastsTooEarly(broken_zab.BroadcastsTooEarly):
    """ZAB-04, and its host may believe that it leads."""

    @property
    def role(self):
        return Role.LEADER if self.may_broadcast() else super().role


CHOSEN = {
    "primary integrity": BroadcastsTooEarly,
    "one leader in the end": broken_zab.DoesNotLookForALeaderInOffice,  # chance does not find ZAB-16
    "only what a quorum has is delivered": DeliversAtOnce,
}
NAMED = [mutant for mutant in broken_zab.MUTANTS if mutant.breaks not in CHOSEN]
ZAB = {mutant.breaks: mutant.classes["server"] for mutant in NAMED} | CHOSEN


# A law, and a seed of the swarm in which its mutant breaks it.

PAXOS_SEEDS = {
    "P2c": 2,
    "agreement": 2,
    "one value in a ballot": 0,
    "only what is proposed": 0,
    "only what is chosen is learned": 0,
    "promises are kept": 1,
    "durable before revealed": 0,
    "state machine safety": 0,
    "everything is applied in the end": 3,
}
ZAB_SEEDS = {
    "an acknowledged NEWLEADER is durable": 0,
    "history before epoch": 2,
    "durable before revealed": 0,
    "epochs never go back": 5,
    "integrity": 0,
    "a commit finds its proposal": 15,
    "global primary order": 77,
    "local primary order": 1,
    "only what a quorum has is delivered": 0,
    "total order": 26,
    "primary integrity": 6,
    "one leader in an epoch": 35,
    "leader completeness": 59,
    "one leader in the end": 1,
    "everything is delivered in the end": 9,
}


@pytest.mark.parametrize(
    ("chosen", "seeds", "laws"), [(PAXOS, PAXOS_SEEDS, MULTIPAXOS_LAWS), (ZAB, ZAB_SEEDS, ZAB_LAWS)]
)
def test_each_law_has_a_class_of_its_own_that_breaks_it(chosen, seeds, laws):
    names = [law.name for law in laws]
    assert sorted(chosen) == sorted(seeds) == sorted(names)
    assert len(set(names)) == len(names)
    assert len(set(chosen.values())) == len(names), "one class stands for two laws"


def test_of_the_mutants_of_zab_one_names_each_law_that_was_not_chosen_by_hand():
    assert sorted(mutant.breaks for mutant in NAMED) == sorted(set(ZAB) - set(CHOSEN))


@pytest.mark.parametrize("law", MULTIPAXOS_LAWS, ids=lambda law: law.name)
def test_a_law_of_multi_paxos_fails_inside_a_host_for_its_mutant_and_for_nothing_else(law):
    host = type("Host", (PaxosStore,), {"below": PAXOS[law.name]})
    seed = PAXOS_SEEDS[law.name]
    assert run_under("multipaxos-kv", {"server": host}, seed, law).violation.law == law.name
    assert run_under("multipaxos-kv", {}, seed, law).violations == ()


@pytest.mark.parametrize("law", ZAB_LAWS, ids=lambda law: law.name)
def test_a_law_of_zab_fails_inside_a_host_for_its_mutant_and_for_nothing_else(law):
    host = type("Host", (ZabStore,), {"below": ZAB[law.name]})
    seed = ZAB_SEEDS[law.name]
    assert run_under("zab-kv", {"server": host}, seed, law).violation.law == law.name
    assert run_under("zab-kv", {}, seed, law).violations == ()


# The service above: the same small changes to the host, on each protocol.


class KnowsNoSessions:
    """Does a command each time that it stands in the log."""

    def apply(self, index, command):
        if not isinstance(command, kv.Call):
            return self.state, None
        data, result = kv.execute(self.state.data, command.command)
        return kv.Store(data), result


class AnswersAtOnce:
    """Answers before anybody else has the command."""

    def take(self, client, call):
        super().take(client, call)
        _, result, _ = kv.apply(self.state, 0, call)
        self.send(client, Reply(call.session, call.sequence, result))


class ReadsWhatItHas:
    """Answers a read from its own state, whoever leads; RAFT-13 does so only where it believes that it leads."""

    def on_call(self, client, call):
        if isinstance(call.command, kv.Get):
            self.send(client, Reply(call.session, call.sequence, self.state.data.get(call.command.key)))
        else:
            super().on_call(client, call)


class ForgetsSessionsInSnapshots:
    """Hands over the data without the sessions."""

    def compact(self):
        full, self.state = self.state, kv.Store(self.state.data)
        super().compact()
        self.state = full


STORES = {"multipaxos-kv": PaxosStore, "raft-kv": ReplicatedStore, "zab-kv": ZabStore}


SHOWN_BY = {  # seeds of the swarm, on Multi-Paxos, on Raft and on Zab
    KnowsNoSessions: ("linearizability", 3, 7, 7),
    AnswersAtOnce: ("linearizability", 2, 0, 0),
    ReadsWhatItHas: ("linearizability", 22, 6, 36),
    ForgetsSessionsInSnapshots: ("replicas agree", 1, 0, 1),
}


@pytest.mark.parametrize("system", STORES)
@pytest.mark.parametrize("kind", SHOWN_BY)
def test_a_host_that_is_broken_is_caught_on_each_protocol(system, kind):
    broken, *seeds = SHOWN_BY[kind]
    seed = seeds[list(STORES).index(system)]
    host = type("Host", (kind, STORES[system]), {})
    trace = run_under(system, {"server": host}, seed, replicas_agree)
    assert broken in {violation.law for violation in (*trace.violations, *judge_history(trace))}
    correct = run_under(system, {}, seed, replicas_agree)
    assert (*correct.violations, *judge_history(correct)) == ()


@pytest.mark.parametrize("system", STORES)
def test_a_client_that_asks_only_once_is_not_served(system):
    trace = run_under(system, {"client": AsksOnce}, 0, clients_are_served)
    assert trace.violation.law == clients_are_served.name
