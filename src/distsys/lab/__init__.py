"""The front room for learners: exercises that answer back.

A notebook poses an exercise, the reader replaces the three dots, and `check` says what is missing,
what is wrong, or why it is right:

    from distsys.lab import exercise          # in the first cell, with the other imports

    check = exercise("consistent-hashing/moved-keys")
    answer = ...
    check(answer)

While the answer is `...` the cell prints a hint. `check.show_solution()` prints the worked solution
in a live notebook; on the site a box that opens on demand shows the same text, drawn by the directive
`{solution-of}` from the same place.

How an author writes exercises is told in `distsys.lab.checking`. The exercises of the page
`chapters/<part>/<page>.ipynb` live in `distsys/lab/exercises/<page>.py`, with `_` for `-`. Where two chapters have a
page of one name, those of the page in chapter 4 live in `<page>_code.py`, and are asked for as `<page>-code/...`; those
of a challenge of chapter 1 live in `<page>_challenge.py`, and are asked for as `<page>-challenge/...`.
Importing this room needs the standard library alone; a page's own exercises may import any room.
"""

from .checking import Exercise, Page, Verdict, exercise, page_names, page_of

__all__ = ["Exercise", "Page", "Verdict", "exercise", "page_names", "page_of"]
