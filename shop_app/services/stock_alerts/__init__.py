"""Who waits for a variant that is sold out, in turn: the line, what its people see, and whose turn it is."""
