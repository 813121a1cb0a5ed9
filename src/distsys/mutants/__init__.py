"""Known bugs as small broken subclasses, each with the law that must catch it; the tests judge them."""
