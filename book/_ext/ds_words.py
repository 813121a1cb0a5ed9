"""Every word that the build puts on a page for the reader's tools, in one table: a translation is one more entry.

The words that the script of the site says stand in `reader/strings.js` in the same form.
"""

from __future__ import annotations

WORDS = {
    "en": {
        "check yourself": "Check yourself",
        "why": "Why?",
        "of": " ({letter})",
        "right": "Right.",
        "not right": "Not right.",
        "minutes": "About {count} minutes to read",
        "minute": "About a minute to read",
        "questions": "{count} questions to check yourself",
        "question": "one question to check yourself",
        "exercises": "{count} exercises",
        "exercise": "one exercise",
        "page": "Page",
        "reading": "Minutes",
        "read": "Read",
        "questions right": "Questions",
        "exercises done": "Exercises",
        "needs a script": "What you have read and answered is counted by a script, and this browser runs none. "
        "The list below still leads to every page.",
        "no figure": "No figure has an address yet.",
        "on the page": "on the page",
        "the course": "The whole course: its pages, and which page needs which",
        "after": "after {pages}",
    },
}


def word(language: str, key: str, **values: object) -> str:
    """Return a text in `language`, with `values` filled in; in English where there is no translation.

    >>> word("en", "minutes", count=5)
    'About 5 minutes to read'
    >>> word("zh_CN", "right")
    'Right.'
    """
    table = WORDS.get(language) or WORDS.get(language[:2]) or WORDS["en"]
    return table.get(key, WORDS["en"][key]).format(**values)
