"""Row W10: the most that our process held while it did the work of another row."""

from __future__ import annotations

from pathlib import Path

_PROGRAM = """
import re, sys
from pathlib import Path
from regdoctor.cli import main
code = main()
status = Path("/proc/self/status").read_text()
Path({file!r}).write_text(re.search("VmHWM:\\\\s*([0-9]+)", status)[1])
sys.exit(code)
"""


class Peak:
    """The largest of all runs whose ``program`` was this one's, in MiB."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.program = _PROGRAM.format(file=str(file))
        self.mebibytes = 0

    def note(self) -> None:
        """After each run."""
        self.mebibytes = max(self.mebibytes, int(self._file.read_text()) // 1024)
