"""Payments of orders: attempts, the ledger of payment events, transfers, disputes, refunds."""
