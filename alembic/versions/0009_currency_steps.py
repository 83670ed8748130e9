"""An order's amounts are multiples of its currency's step; catalogue prices in currencies with one are rounded."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

STEPS = {"ISK": 100, "UGX": 100, "BHD": 10, "JOD": 10, "KWD": 10, "OMR": 10, "TND": 10}
"""Minor units; every other currency has a step of 1."""


def upgrade() -> None:
    op.add_column(
        "customer_order", sa.Column("step_minor", sa.BigInteger(), nullable=False, server_default="1")
    )
    for currency, step in STEPS.items():
        _round_prices(currency, step)
    sold_in = op.get_bind().execute(sa.text("SELECT DISTINCT currency FROM variant")).scalars().all()
    if len(sold_in) == 1 and sold_in[0] in STEPS:
        _round_terms(STEPS[sold_in[0]])


def _round_prices(currency: str, step: int) -> None:
    """Round what variants cost; `listing_index.complete` projects their products again."""
    of_currency = {"currency": currency}
    price, compare_at = _rounded("price_minor", step), _rounded("compare_at_minor", step)
    _run(
        "DELETE FROM listing_variant WHERE product_id IN (SELECT product_id FROM variant"
        f" WHERE currency = :currency AND (price_minor % {step} <> 0 OR compare_at_minor % {step} <> 0))",
        of_currency,
    )
    _run(
        f"UPDATE variant SET price_minor = {price}, cost_minor = {_rounded('cost_minor', step)},"
        f" compare_at_minor = CASE WHEN {compare_at} > {price} THEN {compare_at} END"
        " WHERE currency = :currency",
        of_currency,
    )
    _run(
        f"UPDATE price_history SET price_minor = {price}, compare_at_minor = {compare_at}"
        " WHERE currency = :currency",
        of_currency,
    )


def _round_terms(step: int) -> None:
    """Round delivery and promotions, whose amounts are in the shop's one currency."""
    for table, columns in (
        ("shipping_method", ("price_minor", "free_above_minor")),
        ("shipping_rate", ("price_minor",)),
        ("promotion", ("amount_minor", "minimum_minor")),
    ):
        _run(f"UPDATE {table} SET {', '.join(f'{name} = {_rounded(name, step)}' for name in columns)}", {})


def _rounded(column: str, step: int) -> str:
    """Half up to the step, and what costs something goes on costing something; NULL stays NULL."""
    whole = f"(({column} + {step // 2}) / {step} * {step})"
    return f"(CASE WHEN {column} > 0 AND {whole} = 0 THEN {step} ELSE {whole} END)"


def _run(statement: str, values: dict[str, str]) -> None:
    op.get_bind().execute(sa.text(statement), values)


def downgrade() -> None:
    op.drop_column("customer_order", "step_minor")
