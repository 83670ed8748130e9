"""Letters: written into the outbox in the transaction of what they tell about, each once."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session, select

from .. import facts
from ..models import Letter


def write(session: Session, kind: str, to_email: str, dedupe_key: str, data: dict[str, Any]) -> None:
    """Put a letter into the outbox; one with the same `dedupe_key` is there already, and stays."""
    if session.exec(select(Letter.id).where(Letter.dedupe_key == dedupe_key)).first():
        return
    letter = Letter(dedupe_key=dedupe_key, kind=kind, to_email=to_email, data=data)
    session.add(letter)
    session.flush()
    assert letter.id
    facts.announce(session, facts.LetterWritten(letter.id))
