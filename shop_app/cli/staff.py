"""The command that makes a member of staff."""

from __future__ import annotations

import os

import click

from .command import Command, needs_schema


@click.command("create-staff", cls=Command)
@click.argument("email")
@click.option("--role", type=click.Choice(["owner", "manager", "clerk"]), required=True)
@click.option("--name", default="", help="How colleagues see them.")
@needs_schema
def create_staff(email: str, role: str, name: str) -> None:
    """Make a member of staff. The password is asked for, or read from SHOP_STAFF_PASSWORD."""
    from ..core import db
    from ..services.accounts import sessions
    from ..services.accounts.passwords import hash_password

    sessions.clean_email(email)
    password = os.environ.get("SHOP_STAFF_PASSWORD") or click.prompt(
        "Password", hide_input=True, confirmation_prompt=True
    )
    hashed = hash_password(password, about=(email, name))
    with db.transaction() as session:
        person = sessions.create_staff(session, email, hashed, role, name=name, actor="command line")
    click.echo(f"{person.email} is now {'an' if role == 'owner' else 'a'} {role}.")
