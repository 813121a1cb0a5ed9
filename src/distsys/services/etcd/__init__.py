"""etcd on Raft: a store with revisions, transactions, leases, watches, locks; read it beside etcd's own documentation.

The names are those of etcd's API (`api`, `maintenance`). What is replicated is pure: `mvcc` and `ranges` (the store),
`transactions`, `leases`, and `applier`, which puts a request of the log into effect. `member` is the node that takes
requests in, as far as there is room (`quota`), and has two more parts: whose lease has run out (`lessor`) and who
watches what (`watches`, `streams`).
Locks and elections (`concurrency`) are built on top by clients.
"""
