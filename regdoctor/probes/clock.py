"""The server's clock, out of an answer that came anyway."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

from regdoctor.observations.http import Answer, Clock


def clock_of(answer: Answer) -> Clock | None:
    """The server's clock against ours at the moment of the answer; None without a Date."""
    date = answer.header("Date")
    try:
        server = parsedate_to_datetime(date).timestamp() if date else None
    except (ValueError, TypeError):
        return None
    if server is None or not answer.status:
        return None
    # The Date has whole seconds; the middle of its second is the best guess.
    return Clock(server + 0.5, answer.at + answer.seconds, f"Date of {answer.url}")
