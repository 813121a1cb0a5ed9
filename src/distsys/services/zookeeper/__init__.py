"""ZooKeeper on Zab: a tree of znodes, sessions, watches, and what a client may ask of any server.

requests      what clients ask, and what they are answered
tree          the data tree, and what a state change does to it
acl, paths    who may do what; which names are allowed
preparing     the primary's part: from a request to a state change, or to an error
watches       who is told of what
"""
