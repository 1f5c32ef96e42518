"""``python -m tests.live CLIENT SEED COUNT [NUMBER]``: new trees, every miss, and a figure."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tests.live.clients import MAKERS, version
from tests.live.compare import run, told
from tests.live.trees import trees


def main(arguments: Sequence[str]) -> int:
    client, seed, count, *only = arguments
    made = trees(client, seed, int(count), MAKERS[client])
    runs = run(
        [each for each in made if not only or each["id"].endswith(f"-{only[0]}")], version(client)
    )
    for each in runs:
        if only or not each.agrees:
            print(told(each))
    agreeing = sum(each.agrees for each in runs)
    print(f"{client} {version(client)}: {agreeing} of {len(runs)} new trees agree")
    return 0 if agreeing == len(runs) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
