"""The algorithm of Wing & Gong and Lowe as it stands in their papers: the yardstick for ours.

A crashed operation is one that never ends: it has to be placed like the others, and its answer is right whatever it is;
where the object does not allow it, it is placed without effect.
The memo holds (set of placed operations, state). Steps are counted as in `distsys.checkers.search`.
"""

from distsys.checkers.linearizability import parts


def plain_linearizable(history, spec, steps_max):
    """Return (True, False or None for given up, steps)."""
    calls = [spec.accept(call) for call in history.calls if call.type != "fail"]
    steps = 0
    for _, group in parts(spec, calls):
        verdict, used = _plain(group, spec, steps_max - steps)
        steps += used
        if not verdict:
            return verdict, steps
    return True, steps


def _plain(calls, spec, steps_max):
    ends = [call.end or 10**9 for call in calls]
    whole = (1 << len(calls)) - 1
    seen = {(0, spec.initial)}
    steps = 0
    stack = [(0, spec.initial, 0)]  # placed, state, where to go on among the calls
    while stack:
        placed, state, at = stack.pop()
        if placed == whole:
            return True, steps
        horizon = min(end for i, end in enumerate(ends) if not placed >> i & 1)
        for i in range(at, len(calls)):
            if placed >> i & 1 or calls[i].start > horizon:
                continue
            if steps == steps_max:
                return None, steps
            steps += 1
            after, legal = spec.step(state, calls[i])
            if not legal and not calls[i].known:
                after, legal = state, True  # it cannot happen here, so it did not happen
            child = (placed | 1 << i, after)
            if legal and child not in seen:
                seen.add(child)
                stack.append((placed, state, i + 1))
                stack.append((*child, 0))
                break
    return False, steps
