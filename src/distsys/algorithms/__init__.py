"""Algorithms, one idea a room, as pure values and functions.

Consistent hashing: `keyhash` (where a key falls), `placement` (what all methods share), `ring`, `arc` and
`handover` (tokens, the arcs between them, which of them change owner), `rendezvous` with `fixedlog`, `jump`,
`maglev`, `multiprobe`, `bounded`, `choices`, `ketama`, `modulo` (the one that fails), `measures`, `arrays`
(numpy where it is there) and `hashing_laws`. Time and order: `clocks`, `vectorclock`, `broadcast`, `causal`
and the rooms beside them, each with its laws.
"""
