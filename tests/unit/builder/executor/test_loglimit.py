"""What a step may write, in BuildKit's numbers and words."""

from __future__ import annotations

from builder.executor.loglimit import LimitedOutput

KIB = 1024


class Recorder:
    """Keeps what was passed on, and is the clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.streams: dict[int, bytes] = {}

    def __call__(self, stream: int, data: bytes) -> None:
        self.streams[stream] = self.streams.get(stream, b"") + data

    def limited(self, **environ: str) -> LimitedOutput:
        return LimitedOutput(self, environ=environ, clock=lambda: self.now)


def test_little_output_passes_as_it_is() -> None:
    seen = Recorder()
    output = seen.limited()
    output(1, b"one\n")
    output(2, b"two\n")
    assert seen.streams == {1: b"one\n", 2: b"two\n"}


def test_the_speed_limit_clips_once_and_lets_go_later() -> None:
    seen = Recorder()
    output = seen.limited()
    output(1, b"x" * 300 * KIB)
    output(1, b"x")
    notice = b"\n[output clipped, log limit 200KiB/s reached]\n"
    assert seen.streams[1] == b"x" * 200 * KIB + notice
    seen.now = 9.5
    output(1, b"again")
    assert seen.streams[1].endswith(notice + b"again")


def test_the_size_limit_is_final() -> None:
    seen = Recorder()
    output = seen.limited()
    seen.now = 60.0
    for _ in range(3):
        output(1, b"x" * 1024 * KIB)
    seen.now = 6000.0
    output(1, b"never seen")
    assert seen.streams[1] == (b"x" * 2048 * KIB + b"\n[output clipped, log limit 2MiB reached]\n")


def test_each_stream_has_its_own_limit() -> None:
    seen = Recorder()
    output = seen.limited()
    output(1, b"x" * 300 * KIB)
    output(2, b"error")
    assert seen.streams[2] == b"error"


def test_the_environment_changes_and_lifts_the_limits() -> None:
    seen = Recorder()
    output = seen.limited(BUILDKIT_STEP_LOG_MAX_SIZE="10", BUILDKIT_STEP_LOG_MAX_SPEED="-1")
    output(1, b"0123456789abc")
    assert seen.streams[1] == b"0123456789\n[output clipped, log limit 10B reached]\n"
    free = Recorder()
    output = free.limited(BUILDKIT_STEP_LOG_MAX_SIZE="-1", BUILDKIT_STEP_LOG_MAX_SPEED="-1")
    output(1, b"x" * 5000 * KIB)
    assert len(free.streams[1]) == 5000 * KIB
