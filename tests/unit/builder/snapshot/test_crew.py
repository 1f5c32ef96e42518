"""Work that is done side by side: all of it, and none of it behind anybody's back."""

import threading

import pytest

from builder.snapshot.crew import BATCH, Crew


@pytest.fixture(autouse=True)
def _cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 4)


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, BATCH, BATCH + 1, 3 * BATCH + 5])
def test_every_item_is_worked_on_once(count: int) -> None:
    done: list[int] = []
    with Crew[int](done.append) as crew:
        for item in range(count):
            crew.add(item)
        crew.finish()
    assert sorted(done) == list(range(count))


def test_several_threads_take_part() -> None:
    together = threading.Barrier(4, timeout=10)

    def work(_item: int) -> None:
        together.wait()

    with Crew[int](work) as crew:
        for item in range(16):
            crew.add(item)
        crew.finish()


@pytest.mark.parametrize("bad", range(0, 20, 3))
def test_the_error_of_any_item_is_raised_when_nothing_runs_any_more(bad: int) -> None:
    running: set[int] = set()

    def work(item: int) -> None:
        running.add(item)
        try:
            if item == bad:
                raise OSError(f"item {item}")
        finally:
            running.discard(item)

    with Crew[int](work) as crew:
        for item in range(20):
            crew.add(item)
        with pytest.raises(OSError, match=f"item {bad}$"):
            crew.finish()
    assert not running
