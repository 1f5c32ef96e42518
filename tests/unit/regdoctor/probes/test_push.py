"""Where uploads are looked for: at the address that was asked, whatever the registry says."""

from __future__ import annotations

import asyncio

import pytest

from builder.registry import RegistryConfig, Session
from regdoctor.probes.push import Writer, to_the_end


def writer(registry: str) -> Writer:
    config = RegistryConfig(environ={"SSL_CERT_FILE": "/nonexistent"})
    (host,) = config.hosts(registry)
    return Writer(Session(config=config, environ={}), host, "team/app")


@pytest.mark.parametrize(
    ("location", "moved"),
    [
        ("/v2/team/app/blobs/uploads/1?_state=x", False),
        ("https://registry.example:5000/v2/team/app/blobs/uploads/1?_state=x", False),
        ("https://REGISTRY.example:5000/v2/team/app/blobs/uploads/1?_state=x", False),
        ("http://registry.example:5000/v2/team/app/blobs/uploads/1?_state=x", True),
        ("https://registry.example/v2/team/app/blobs/uploads/1?_state=x", True),
        ("//backend/v2/team/app/blobs/uploads/1?_state=x", True),
    ],
)
async def test_an_upload_is_written_to_where_it_was_opened(location: str, moved: bool) -> None:
    to = writer("registry.example:5000")
    assert to.moved(location) is moved
    where = "https://registry.example:5000/v2/team/app/blobs/uploads/1?_state=x"
    assert to.here(location) == where


@pytest.mark.parametrize("location", ["https://[::1", "http://host:port/"])
async def test_a_location_that_is_no_address_is_one_that_moved(location: str) -> None:
    assert writer("registry.example:5000").moved(location)


async def test_what_is_tidied_up_is_tidied_up_when_the_probe_is_stopped() -> None:
    done = asyncio.Event()
    begun = asyncio.Event()

    async def tidy() -> None:
        begun.set()
        await asyncio.sleep(0.01)
        done.set()

    task = asyncio.ensure_future(to_the_end(tidy()))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done.is_set()
