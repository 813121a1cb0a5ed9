"""Units of time. A time or a duration is a whole number of microseconds: `5 * MS`, `2 * S`."""

US = 1
MS = 1_000
S = 1_000_000


def shown_time(at: int) -> str:
    """Return a time in a form for people: whole microseconds as ms or s.

    >>> shown_time(1500), shown_time(2_000_000), shown_time(0)
    ('1.5 ms', '2 s', '0 ms')
    """
    size, unit = (S, "s") if abs(at) >= S else (MS, "ms")
    whole, rest = divmod(abs(at), size)
    digits = f"{rest:0{len(str(size)) - 1}d}".rstrip("0")
    return f"{'-' if at < 0 else ''}{whole}{'.' + digits if digits else ''} {unit}"
