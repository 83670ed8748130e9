"""What is seen in the back office alone."""
