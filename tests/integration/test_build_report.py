"""``build --report``: the file that is left, however the build ends."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.builds import Builds, serve_base

pytestmark = [pytest.mark.integration, pytest.mark.root]


@pytest.fixture
def builds(tmp_path: Path) -> Iterator[Builds]:
    server, base = serve_base(tmp_path)
    with server:
        yield Builds(tmp_path, base)


def test_a_page_tells_of_steps_cache_and_layers_and_of_no_secret(
    builds: Builds, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("hunter22")
    context = builds.context(
        "FROM BASE\nRUN --mount=type=secret,id=token cat /run/secrets/token >/dev/null\n"
        "RUN echo twice >/file\n"
    )
    page = tmp_path / "report.html"
    ended = builds.run("--report", page, "--secret", f"id=token,src={tmp_path}/token", context)
    assert ended.code == 0, ended.text
    text = page.read_text()
    for name in (
        "[stage-0 2/3] RUN --mount=type=secret",
        "[stage-0 3/3] RUN echo twice",
        "exporting to image",
    ):
        assert f'title="{name}' in text
    assert "<b>Succeeded</b>" in text
    assert re.search(r"Layers for linux/\w+: 3, ", text)
    assert "RUN /bin/sh -c echo twice &gt;/file # buildkit" in text
    assert "ran: never built before" in text
    assert "hunter22" not in text


def test_failures_are_reported_in_both_forms(builds: Builds, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    context = builds.context("FROM BASE\nRUN echo because; exit 3\n")
    assert builds.run("--report", page, context).code == 1
    text = page.read_text()
    assert '<b class="error">Failed</b>' in text
    assert " because\n" in text
    assert '<div class="row failed">' in text

    host = builds.base.partition("/")[0]
    missing = builds.context(f"FROM {host}/no/such:1\n")
    file = tmp_path / "report.json"
    assert builds.run("--report", file, missing).code == 1
    report = json.loads(file.read_text())
    assert report["schema"] == 1
    assert report["targets"]
    assert [finding["severity"] for finding in report["findings"]].count("error") >= 1
    assert report["summary"]["errors"] >= 1
    assert builds.run("--report", page, missing).code == 1
    assert report["findings"][0]["code"] in page.read_text()


def test_a_report_that_cannot_be_written_is_refused_before_the_build(
    builds: Builds, tmp_path: Path
) -> None:
    context = builds.context("FROM BASE\nRUN echo started\n")
    for path in (tmp_path / "report.txt", tmp_path / "nowhere/report.html"):
        ended = builds.run("--report", path, context)
        assert ended.code == 2
        assert f"--report {path}: " in ended.stderr
        assert "started" not in ended.stderr
