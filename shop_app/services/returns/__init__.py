"""What shoppers send back: returns, withdrawals, and what staff do with them."""
