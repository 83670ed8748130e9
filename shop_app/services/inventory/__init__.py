"""Stock of each variant: on hand, allocated and held, with the ledger of every movement."""
