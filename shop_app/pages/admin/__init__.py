"""The pages of the back office, one file for each address."""
