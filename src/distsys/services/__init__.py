"""Services: what clients use. A state machine that is replicated, a front node at each replica, and clients."""
