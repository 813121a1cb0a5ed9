"""The few lines of Python that make a run again, for a reader who wants to play with it.

    from distsys import simulate
    trace = simulate("causal-broadcast", seed=7, nodes=5)

What a run took by default is left out. A run whose faults are those that `simulate` draws from its seed is written
so; any other names its network, script and requests. A fork is a fork of the run that it comes from.
"""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import Any

from distsys.core import systems
from distsys.core.errors import ArgumentTypeError, DistsysError, EncodingError, shown
from distsys.core.systems import Cluster
from distsys.core.trace import Trace
from distsys.core.units import S
from distsys.core.values import EMPTY
from distsys.drivers import Link, Simulator, simulate
from distsys.drivers.faults import After, Entry
from distsys.drivers.forks import check_fork
from distsys.drivers.replay import cluster_of
from distsys.drivers.swarm import drawn, varied

from .source import Group, Text, Writer, call, keyword, quoted, written

DEFAULTS = {name: p.default for name, p in inspect.signature(Simulator.__init__).parameters.items()}
TAKEN = frozenset(inspect.signature(simulate).parameters)  # an option of such a name needs the long form


def code_of(trace: Trace) -> str:
    """Return lines of Python after which `trace` is this run, byte for byte.

    Where no line of code makes it (a real run, or one that was judged by laws of its own), the lines load it
    from a file and let its nodes do it again, and a comment says why.

    >>> from distsys import simulate
    >>> print(code_of(simulate("causal-broadcast", seed=7, nodes=5, until=200_000)))
    from distsys import MS, simulate
    trace = simulate("causal-broadcast", seed=7, nodes=5, until=200 * MS)
    """
    if not isinstance(trace, Trace):
        raise ArgumentTypeError(
            f"trace must be a Trace, but it is {shown(trace)} of type {type(trace).__name__}"
        )
    why = _no_code(trace)
    if not why:
        writer = Writer()
        try:
            body = "trace = " + written(_run(trace, writer), before=len("trace = "))
            return "\n".join([*writer.imports(), *_known_by(trace), body])
        except EncodingError as problem:
            why = str(problem)
    return (
        f"from distsys import Trace, replay\n"
        f'# {why}: keep it with trace.save("run.trace").\n'
        f'trace = replay(Trace.load("run.trace"))'
    )


def _known_by(trace: Trace) -> tuple[str, ...]:
    """Return the import that makes a system of the package known which is not there without it."""
    system = systems.find(trace.header.system)
    module = (
        system.members.__module__
    )  # who makes a system makes its clusters; its classes may be those of others
    if system.name in systems.shipped() or not module.startswith("distsys."):
        return ()
    return (f"import {module}  # it registers {quoted(system.name)}",)


def _no_code(trace: Trace) -> str:
    """Return why no code makes this run, or nothing."""
    kind = trace.header.driver.get("kind")
    if kind != "simulator":
        return f"A run of the driver {kind!r} is not repeated by code"
    try:
        known = [law.name for law in cluster_of(trace).laws]
    except DistsysError as problem:
        return f"This run cannot be made here ({problem})"
    own = [name for name in trace.header.laws if name not in known]
    if own:
        return f"This run was judged by a law of its own, {own[0]!r}, that its system does not have"
    return ""


def _run(trace: Trace, writer: Writer) -> Text:
    """Return the expression that makes a run: a fork of another, or one from its beginning."""
    script = trace.header.driver["script"]
    at_step, actions, rest = _last_fork(script)
    if actions and _is_fork(trace, at_step, actions, rest):
        before = replace(trace, header=replace(trace.header, driver=trace.header.driver.set("script", rest)))
        items = [_run(before, writer), str(at_step), *(writer.value(action) for action in actions)]
        return call(writer.name("distsys.drivers", "fork"), items)
    cluster = cluster_of(trace)
    return _short(trace, cluster, writer) or _long(trace, cluster, writer)


def _last_fork(script: tuple[Entry, ...]) -> tuple[int, tuple[Any, ...], tuple[Entry, ...]]:
    """Return the step and the actions of the fork that was made last, and the script without it."""
    first = script[0] if script else None
    if not isinstance(first, After):
        return 0, (), script
    count = 0
    while count < len(script) and isinstance(entry := script[count], After) and entry.step == first.step:
        count += 1
    return (
        first.step,
        tuple(entry.action for entry in script[:count] if isinstance(entry, After)),
        script[count:],
    )


def _is_fork(trace: Trace, at_step: int, actions: tuple[Any, ...], rest: tuple[Entry, ...]) -> bool:
    """Return whether `fork` makes this run: it would take the actions, and the run went on after that step."""
    if any(isinstance(entry, After) and entry.step > at_step for entry in rest) or at_step > len(trace):
        return False
    try:
        check_fork(trace, at_step, actions)
    except DistsysError:
        return False
    return trace.ended == "complete" or trace.steps[-1].at > trace.step(at_step).at


def _given(trace: Trace, cluster: Cluster) -> dict[str, Any]:
    """Return the options of the run that differ from those of a cluster to which nobody gave any."""
    usual = {"nodes": 3, **cluster.system.options, **(cluster.mutant.options if cluster.mutant else {})}
    return {
        name: value
        for name, value in trace.header.options.items()
        if value != usual[name] or type(value) is not type(usual[name])
    }


def _options(trace: Trace, cluster: Cluster, writer: Writer) -> list[Text]:
    """Return the options of a system that differ from its defaults, and the mutant."""
    items = [keyword(name, writer.value(value)) for name, value in _given(trace, cluster).items()]
    return [*items, f"mutant={quoted(cluster.mutant.id)}"] if cluster.mutant else items


def _varied_alike(trace: Trace, cluster: Cluster) -> bool:
    """Return whether a call of `simulate` that draws the options not given draws those of the run."""
    head = trace.header
    drawn_too = varied(head.system, head.seed, head.mutant, _given(trace, cluster))
    return all(value == head.options[name] for name, value in drawn_too.items())


def _short(trace: Trace, cluster: Cluster, writer: Writer) -> Text | None:
    """Return the call of `simulate`, if that makes the run."""
    head, driver = trace.header, trace.header.driver
    faults = drawn(cluster, head.seed, driver["until"])
    none: tuple[Link, tuple[Entry, ...]] = (Link(), ())
    own = (driver["network"], driver["script"])
    plain = driver["requests"] is None and driver["service"] == EMPTY and driver["stop_on_violation"] is True
    as_drawn = own == faults and _varied_alike(trace, cluster)
    if (
        not (as_drawn or own == none)
        or not plain
        or _laws(trace, cluster, writer) is not None
        or TAKEN & set(head.options)
    ):
        return None
    items: list[Text] = [quoted(head.system), f"seed={head.seed}", *_options(trace, cluster, writer)]
    if not as_drawn:
        items.append("faults=False")
    items += _times(trace, writer)
    return call(writer.name("distsys", "simulate"), items)


def _times(trace: Trace, writer: Writer) -> list[Text]:
    driver = trace.header.driver
    items: list[Text] = [
        f"{name}={writer.time(driver[name])}" for name in ("until", "settle") if driver[name] != 5 * S
    ]
    if driver["steps_max"] != DEFAULTS["steps_max"]:
        items.append(f"steps_max={driver['steps_max']}")
    return items


def _long(trace: Trace, cluster: Cluster, writer: Writer) -> Text:
    """Return the `Simulator` with all that it was given."""
    head, driver = trace.header, trace.header.driver
    build = call(
        f"{writer.name('distsys', 'systems')}.build", [quoted(head.system), *_options(trace, cluster, writer)]
    )
    items: list[Text] = [build, f"seed={head.seed}"]
    if driver["network"] != Link():
        items.append(keyword("network", writer.link(driver["network"])))
    if driver["script"]:
        items.append(_list("script", driver["script"], writer))
    if driver["requests"] is not None:
        items.append(_list("requests", driver["requests"], writer))
    laws = _laws(trace, cluster, writer)
    if laws is not None:
        items.append(keyword("laws", laws))
    items += _times(trace, writer)
    service = driver["service"]
    if service:
        alike = set(service) == set(head.names) and len(set(service.values())) == 1
        pairs = (f"{quoted(name)}: {writer.time(us)}" for name, us in service.items())
        one = writer.time(service[head.names[0]]) if alike else ""
        items.append(f"service={one}" if alike else Group("service={", tuple(pairs), "}"))
    if driver["stop_on_violation"] is not True:
        items.append("stop_on_violation=False")
    return call(writer.name("distsys", "Simulator"), items, ").run()")


def _list(name: str, values: tuple[Any, ...], writer: Writer) -> Text:
    return Group(f"{name}=[", tuple(map(writer.value, values)), "]")


def _laws(trace: Trace, cluster: Cluster, writer: Writer) -> Text | None:
    """Return the laws, if they are not all of the system in their order."""
    names, own = trace.header.laws, tuple(law.name for law in cluster.laws)
    if names == own:
        return None
    if not names:
        return "()"
    laws = f"{writer.name('distsys', 'systems')}.find({quoted(cluster.system.name)}).laws"
    return Group("[", tuple(f"{laws}[{own.index(name)}]" for name in names), "]")
