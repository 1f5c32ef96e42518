"""Build events made visible: a live view of a terminal, plain text, or JSON lines.

``display.open_progress`` is the door; ``report`` is what is said after a build. The grammar
of every mode is BuildKit's, so that logs and their readers need not change.

Errors::

    BuilderError
    `-- display.ProgressError    a mode that does not exist, or no terminal to draw on
"""
