"""etcd's protocol as its real clients speak it: gRPC and JSON on one port.

`schema` declares the messages and the calls, `messages` makes classes of them, and `translate` turns messages into
records and back. `server` answers gRPC, `gateway` answers JSON over `http`, and `door` tells by the first bytes of
a connection which of them it is for. What a call does is not known here: an `Answering` is handed in by
`distsys.serve`.

The package grpcio is needed where something is served (`pip install "distsys[serve]"`); importing these modules is not.
"""
