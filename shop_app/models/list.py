"""Tables behind lists of the back office: saved views, how staff like lists, bulk actions, runs of jobs."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from .base import json, key, moment, one_of, refers, word


class SavedView(SQLModel, table=True):
    """A view of a list that someone keeps under a name: its own, or everybody's who may read the list."""

    __tablename__ = "saved_view"
    __table_args__ = (
        UniqueConstraint("staff_id", "list_name", "label"),
        Index("ix_saved_view_list_name", "list_name"),
    )

    id: int | None = key()
    staff_id: int = refers("staff.id", ondelete="CASCADE", index=False)
    list_name: str = Field(max_length=64)
    label: str = Field(max_length=60)
    query: str = Field(max_length=4000)
    """What stands after the question mark of its address: filters, sort, columns and density."""
    shared: bool = False
    pinned: bool = False
    """Whether it stands in the navigation: its owner's, or everybody's where it is shared."""
    created_at: datetime = moment()


class ListPreference(SQLModel, table=True):
    """How a member of staff likes a list to look where its address doesn't say it."""

    __tablename__ = "list_preference"

    staff_id: int = refers("staff.id", ondelete="CASCADE", primary_key=True, index=False)
    list_name: str = Field(max_length=64, primary_key=True)
    columns: list[str] = json(list)
    density: str = Field(default="", max_length=16)


class BulkState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    """By a person, before all of its records had their turn."""


class BulkRowState(StrEnum):
    WAITING = "waiting"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    SKIPPED = "skipped"
    """Left out beforehand, because the action can't be done to it."""
    CANCELLED = "cancelled"


class BulkJob(SQLModel, table=True):
    """One action on many records of a list, done row by row in the background."""

    __tablename__ = "bulk_job"
    __table_args__ = (
        one_of("state", BulkState),
        Index("ix_bulk_job_state_id", "state", "id"),
        Index("ix_bulk_job_created_at_id", "created_at", "id"),
    )

    id: int | None = key()
    list_name: str = Field(max_length=64)
    action: str = Field(max_length=64)
    staff_id: int | None = refers("staff.id", default=None, ondelete="SET NULL")
    actor: str = Field(max_length=200)
    arguments: dict[str, str] = json()
    state: str = word(BulkState.WAITING)
    total: int = 0
    """Records that it was begun with, the skipped ones among them."""
    stops: bool = False
    """Whether someone has asked it to stop."""
    claimed_until: datetime | None = None
    """Until when one process has it."""
    created_at: datetime = moment()
    finished_at: datetime | None = None
    seen: bool = False
    """Whether who began it has put its result away."""


class BulkRow(SQLModel, table=True):
    """What becomes of one record in such a job."""

    __tablename__ = "bulk_row"
    __table_args__ = (one_of("state", BulkRowState), Index("ix_bulk_row_job_id_state", "job_id", "state"))

    job_id: int = refers("bulk_job.id", ondelete="CASCADE", primary_key=True, index=False)
    position: int = Field(primary_key=True)
    record_id: int = Field(sa_type=BigInteger)
    label: str = Field(default="", max_length=200)
    state: str = word(BulkRowState.WAITING)
    reason: str = Field(default="", max_length=500)


class JobRun(SQLModel, table=True):
    """The last run of a job of the timetable, and the last backup."""

    __tablename__ = "job_run"

    name: str = Field(primary_key=True, max_length=64)
    started_at: datetime | None = None
    took_ms: int = 0
    problem: str = Field(default="", max_length=500)
    """Why it failed; "" where it didn't."""
    failed_at: datetime | None = None
    """When it failed last."""
