"""Opening: what a shop begins with, how its first owner opens it, and what is missing until it sells."""
