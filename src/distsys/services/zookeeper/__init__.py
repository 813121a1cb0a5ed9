"""ZooKeeper on Zab: a tree of znodes, sessions, watches, and what a client may ask of any server.

requests       what clients ask, and what they are answered
tree           the data tree, and what a state change does to it
acl, paths     who may do what; which names are allowed
preparing      the primary's part: from a request to a state change, or to an error
forwarding     what servers say to each other
broadcasting   the order of requests, and `sync`
tracking       sessions, and when they end
watches        who is told of what
connections    a client's connection, as its server sees it
server         a whole server
session_client  the other end of a session; `store_client` and `lock_client` are clients that the laws look at
truth, laws, watch_laws  what has really happened, and what must hold
systems        what is served, and what is simulated
"""
