"""The money that comes for orders: attempts, the ledger of what companies tell, transfers and disputes."""
