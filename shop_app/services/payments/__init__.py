"""The money that comes for orders: attempts, the ledger of what providers report, transfers and disputes."""
