"""Known bugs as small broken subclasses, each with the law that must catch it. Importable everywhere, judged by tests."""
