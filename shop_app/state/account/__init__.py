"""What a customer's own pages show: every handler here is for a customer alone."""
