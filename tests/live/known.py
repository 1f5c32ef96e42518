"""New trees with which the evaluator differs from the real program, each with the reason."""

KNOWN: dict[str, str] = {}
