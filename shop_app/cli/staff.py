"""The command that makes a member of staff."""

from __future__ import annotations

import getpass
import os
import warnings

import click

from .command import Command, needs_schema, stop


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
    hashed = hash_password(_password(), about=(email, name))
    with db.transaction() as session:
        person = sessions.create_staff(session, email, hashed, role, name=name, actor="command line")
    click.echo(f"{person.email} is now {'an' if role == 'owner' else 'a'} {role}.")


def _password() -> str:
    with warnings.catch_warnings():
        # Without a terminal it would be shown as it is typed.
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return os.environ.get("SHOP_STAFF_PASSWORD") or click.prompt(
                "Password", hide_input=True, confirmation_prompt=True
            )
        except getpass.GetPassWarning:
            stop("The password is asked for at a terminal alone; else set SHOP_STAFF_PASSWORD.")
