"""What is sent of an order, and what is cancelled before it is sent."""
