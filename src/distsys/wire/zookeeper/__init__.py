"""ZooKeeper's protocol as its real clients speak it: length-prefixed records in ZooKeeper's own encoding, jute.

`jute` packs and unpacks values, `schema` declares the records, `codes` has the numbers, and `codec` makes requests of
frames and frames of replies. `door` keeps the connections and their order. What a request does is not known here: an
`Answering` is handed in by `distsys.serve`.

Source: Apache ZooKeeper 3.8.0, from which the names, the numbers and the order of fields are taken.
"""
