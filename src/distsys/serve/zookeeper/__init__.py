"""ZooKeeper, served: clients of the real one cannot tell the difference."""
