"""What someone wants to buy: lines, what they come to, and how that is shown."""
