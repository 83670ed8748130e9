"""Discount codes as typed ones are compared with them: digits, dashes and quotes of one kind."""

import sqlalchemy as sa
from alembic import op

from shop_app.core.typed_text import code as folded

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_code = sa.table("promotion_code", sa.column("code"), sa.column("promotion_id"))
_use = sa.table("promotion_use", sa.column("code"), sa.column("promotion_id"))


def upgrade() -> None:
    """A code whose folded form is another one's stays as it is: it has to be typed as it was."""
    connection = op.get_bind()
    rows = connection.execute(sa.select(_code.c.code, _code.c.promotion_id)).all()
    taken = {code for code, _promotion in rows}
    for code, promotion_id in sorted(rows):
        new = folded(code.upper()).replace(" ", "").upper()[:64]
        if new == code or not new or new in taken:
            continue
        taken.add(new)
        connection.execute(sa.update(_code).where(_code.c.code == code).values(code=new))
        connection.execute(
            sa.update(_use).where(_use.c.code == code, _use.c.promotion_id == promotion_id).values(code=new)
        )


def downgrade() -> None:
    """The folded codes are good codes of the version before, too."""
