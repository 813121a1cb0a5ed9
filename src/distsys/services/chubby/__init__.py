"""Chubby: a lock service and a small file system on Multi-Paxos, after the paper, for there is no public server.

    tree      files and directories; locking  the lock of a file, with its delay and its sequencer
    cell      what all replicas hold and do alike; calls  what a client may ask of it
    master    sessions, leases, events, fail-over; server  calls, caches and waiting locks
    library   what runs at the client: session, conservative lease, jeopardy, cache
    clients   applications, and a server that is guarded by locks

The division of labour is the paper's. The replicas agree on *what* happened: files, locks, sessions, handles. *When*
something is over, only the master says, by its own clock, and its decision becomes an entry of the log: no replica
looks at a clock when it applies one. And what the master promises for a time (a lease, a cached copy) is kept
nowhere: a new master promises as much as the one before may have promised, and waits.

What is left out: access control lists and their generation number, proxies, partitions, and events about children,
locks and handles; only "contents modified" and "master failed over" are told to the application.

Source: Burrows 2006, "The Chubby lock service for loosely-coupled distributed systems", OSDI. Section numbers below
are those of the paper.
"""
