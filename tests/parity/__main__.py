"""Compares two builders by hand: ``python -m tests.parity buildkit buildah --case labels``."""

from __future__ import annotations

import argparse
import contextlib
import tempfile
import time
from pathlib import Path

from tests.fixtures import images
from tests.parity.builders import BUILDERS, CASES, BuilderRefusedError
from tests.parity.flatten import Flat, differences, flatten


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.parity", description=__doc__)
    parser.add_argument("left", choices=sorted(BUILDERS))
    parser.add_argument("right", choices=sorted(BUILDERS))
    parser.add_argument("--case", nargs="+", default=sorted(p.name for p in CASES.iterdir()))
    parser.add_argument("--keep", type=Path, help="directory to keep the image files in")
    arguments = parser.parse_args()
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="parity-")))
        keep = arguments.keep or scratch
        keep.mkdir(parents=True, exist_ok=True)
        registry = stack.enter_context(images.registry(scratch / "registry"))
        images.push(images.busybox(scratch / "base"), registry, "base", "latest")
        builders = []
        for name in (arguments.left, arguments.right):
            (scratch / name).mkdir(exist_ok=True)
            builders.append(stack.enter_context(BUILDERS[name](scratch / name)))
        for case in arguments.case:
            flats: list[Flat] = []
            for builder in builders:
                image = keep / f"{case}.{builder.name}.tar"
                started = time.monotonic()
                try:
                    builder.build(CASES / case, {"BASE": f"{registry}/base:latest"}, image)
                    flats.append(flatten(image))
                    print(
                        f"{case}: {builder.name} took {time.monotonic() - started:.1f} s",
                        flush=True,
                    )
                except BuilderRefusedError as error:
                    print(f"{case}: {builder.name} FAILED\n{error}", flush=True)
            if len(flats) == 2:
                for what, how in differences(*flats).items():
                    print(f"{case}: {what}: {how}", flush=True)


if __name__ == "__main__":
    main()
