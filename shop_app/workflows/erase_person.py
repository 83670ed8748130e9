"""Erasing a person: what is known of them, the erasure itself, and the files that have them in them.

Whom to erase again after a restore stands in the database and, because a restore replaces that, in a file of
the data folder. Both have digests alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ValidationError
from sqlmodel import Session

from ..core import db
from ..core.access.principal import Principal
from ..core.errors import Invalid
from ..core.i18n import _
from ..core.settings import settings
from ..providers.mail.file import remove_to
from ..services.personal import digests, erasing, words
from ..services.personal.digests import Entry
from ..services.personal.person import Person

LIST = "erased.jsonl"


class _Line(BaseModel):
    at: AwareDatetime
    digests: tuple[str, ...]


def erase(find: Callable[[Session], Person], *, by: Principal | str, force: bool = False) -> int:
    """Erase the person that `find` answers with; takes its time, so call it on a thread.

    Returns how many orders were theirs.

    Errors  Conflict with the reasons while orders are under way; NotFound where nothing is kept.
    """
    with db.reading() as session:
        person = find(session)
        known = words.of(session, person)
        found = words.search(session, known)
    with db.transaction(durable=True) as session:
        person = find(session)
        orders = erasing.erase(session, person, known, found, by=by, force=force)
        entries = digests.listed(session)
    _keep(entries)
    remove_to(settings().data_dir / "letters", person.emails)
    return orders


def erase_again(entries: Collection[Entry], since: datetime) -> int:
    """After a restore: erase whom it brought back, of those who were erased `since` the backup was made.

    Returns how many those were.
    """
    with db.transaction(durable=True) as session:
        digests.note(session, entries)
    wanted = {digest for at, found in entries if at > since for digest in found}
    with db.reading() as session:
        persons = digests.matching(session, wanted) if wanted else []
    for person in persons:
        erase(lambda _session, person=person: person, by="command line", force=True)
    return len(persons)


def known() -> list[Entry]:
    """Everybody who was erased, as the file has it.

    Errors  Invalid where somebody else has written in it.
    """
    path = settings().data_dir / LIST
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        rows = [_Line.model_validate_json(line) for line in lines if line.strip()]
    except (ValidationError, UnicodeDecodeError):
        sentence = _("{path} can't be read: bring it back from a copy, or mend it by hand.")
        raise Invalid(sentence.format(path=path)) from None
    return [(row.at, row.digests) for row in rows]


def _keep(entries: Collection[Entry]) -> None:
    """Write the file anew, with what it had and what the database says."""
    path = settings().data_dir / LIST
    lines = [
        f"{_Line(at=at, digests=found).model_dump_json()}\n" for at, found in sorted({*known(), *entries})
    ]
    unfinished = path.with_name(f".{LIST}.{os.getpid()}.part")
    unfinished.write_text("".join(lines), encoding="utf-8")
    unfinished.replace(path)
