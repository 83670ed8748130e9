"""Commands for reviews: which wait to be read, and whether they are shown."""

from __future__ import annotations

import click

from .command import Command, needs_schema


@click.group()
def reviews() -> None:
    """Read what buyers wrote, and let it be seen or not."""


@reviews.command("list", cls=Command)
@click.option("--status", type=click.Choice(["pending", "published", "hidden"]), default="pending")
@click.option("--most", type=click.IntRange(1, 1000), default=100, show_default=True)
@needs_schema
def list_reviews(status: str, most: int) -> None:
    """Reviews that wait to be read, the oldest first; or those with another status."""
    from ..core import db
    from ..models import ReviewStatus
    from ..services import reviews as service

    chosen = ReviewStatus.REJECTED if status == "hidden" else ReviewStatus(status)
    with db.reading() as session:
        found = service.to_read(session, chosen, most)
    for review in found:
        of_order = f", order {review.order_number}" if review.order_number else ""
        click.echo(
            f"{review.id}  {review.product}, {review.stars} of 5, {review.author}, {review.written}{of_order}"
        )
        for line in (review.headline, *review.body.splitlines()):
            if line:
                click.echo(f"    {line}")
    if not found:
        click.echo(f"No {status} reviews.")


@reviews.command(cls=Command)
@click.argument("review_id", metavar="ID", type=click.IntRange(1, 2**53))
@needs_schema
def publish(review_id: int) -> None:
    """Show a review on its product's page; its stars count in the average."""
    _moderate(review_id, "published")


@reviews.command(cls=Command)
@click.argument("review_id", metavar="ID", type=click.IntRange(1, 2**53))
@needs_schema
def hide(review_id: int) -> None:
    """Keep a review from being seen; its stars don't count."""
    _moderate(review_id, "rejected")


def _moderate(review_id: int, status: str) -> None:
    from ..core import db
    from ..models import ReviewStatus
    from ..services import reviews as service

    with db.transaction() as session:
        is_new = service.moderate(session, review_id, ReviewStatus(status), actor="command line")
    shown = "published" if status == "published" else "hidden"
    click.echo(f"Review {review_id} is {shown}." if is_new else f"Review {review_id} was {shown} already.")
