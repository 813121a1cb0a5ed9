"""A second, naive exploration of Peterson's algorithm: one table of steps, no class of the package."""


def steps_of(state, me):
    """Return what process `me` (0 or 1) makes of (place of each, flag of each, turn)."""
    places, flags, turn = state
    place, other = places[me], 1 - me

    def moved(to, flag=None, new_turn=None):
        new_flags = flags if flag is None else (flag, flags[1]) if me == 0 else (flags[0], flag)
        new_places = (to, places[1]) if me == 0 else (places[0], to)
        return (new_places, new_flags, turn if new_turn is None else new_turn)

    if place == "idle":
        return moved("flagged", flag=True)
    if place == "flagged":
        return moved("see flag", new_turn=other)
    if place == "see flag":
        return moved("see turn" if flags[other] else "inside")
    if place == "see turn":
        return moved("see flag" if turn == other else "inside")
    return moved("idle", flag=False)


def explored():
    """Return the set of states, the number of transitions, and whether two are ever inside."""
    start = (("idle", "idle"), (False, False), 0)
    seen, todo, transitions = {start}, [start], 0
    while todo:
        state = todo.pop()
        for me in (0, 1):
            after = steps_of(state, me)
            transitions += 1
            if after not in seen:
                seen.add(after)
                todo.append(after)
    return seen, transitions, any(places == ("inside", "inside") for places, _, _ in seen)
