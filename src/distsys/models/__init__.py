"""Abstract models: algorithms above nodes and messages, as their authors specified them in TLA+.

Each file is one specification, written as a `core.models.Model` in the order of the original: constants, state, initial
state, actions, invariants. The names of actions and invariants are those of the original, so the two can be read side
by side. `distsys.drivers.explore_model` walks through all states; the tests compare the counts with TLC's.
"""
