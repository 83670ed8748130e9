"""Personal data: whose is what, and how it is exported and erased."""
