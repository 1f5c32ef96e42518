"""The command line. Exit codes, output and ``asyncio.run`` live here and nowhere else."""

from __future__ import annotations

import gc
import os
import sys

COLLECT_EVERY = 200_000
"""New objects until the next search for unused cycles. What a command imports and reads it
keeps, and Python's 700 would have it look through all of that again and again. Start-up alone makes
70,000."""


def main() -> int:
    """Runs the command line; returns the exit code."""
    _open_closed_streams()
    gc.set_threshold(COLLECT_EVERY)
    os.environ["TYPER_USE_RICH"] = "0"  # plain help and errors; rich would double the start-up
    from regdoctor.cli import exits

    try:
        from regdoctor.cli.application import application

        code = application()(prog_name="regdoctor", standalone_mode=False)
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough; that must not count as nothing found.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exits.BROKEN_PIPE
    except Exception as error:  # noqa: BLE001  # the edge: everything ends here, told once
        from regdoctor.cli.faults import told

        return told(error)
    finally:
        gc.freeze()  # the interpreter, as it ends, need not look for cycles in all of it
    return code if isinstance(code, int) else exits.CLEAN


def _open_closed_streams() -> None:
    """Whoever closed ours wants to hear nothing; a file of the build must not take the place."""
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            if null != descriptor:
                os.dup2(null, descriptor)
                os.close(null)
            setattr(sys, name, os.fdopen(descriptor, "r" if name == "stdin" else "w"))
