"""What a cart comes to."""
