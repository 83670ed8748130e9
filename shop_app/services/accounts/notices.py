"""Letters to staff about their own account: they notice what they didn't do themselves."""

from __future__ import annotations

import secrets

from sqlmodel import Session

from .. import outbox


def tell(session: Session, email: str, kind: str, **data: str) -> None:
    """Write a letter of that kind (`letters/about_sign_in.py`), sent after the commit."""
    outbox.write(session, kind, email, f"{kind}:{secrets.token_hex(8)}", {"email": email, **data})
