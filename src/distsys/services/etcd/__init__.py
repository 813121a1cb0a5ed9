"""etcd on Raft: a store with revisions, transactions, leases, watches, locks; read it beside etcd's own documentation.

The names are those of etcd's API (`api`). What is replicated is pure: `mvcc` and `ranges` (the store), `transactions`,
`leases`, and `applier`, which puts a request of the log into effect. `server` is the node at each member, with the
parts that no log knows: whose lease has run out (`lessor`) and who watches what (`watches`, `streams`).
"""
