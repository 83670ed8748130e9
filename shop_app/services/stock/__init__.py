"""What happens with stock: levels, holds, and the ledger under them."""
