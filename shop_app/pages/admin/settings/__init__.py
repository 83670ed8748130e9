"""The settings, a page for each of the shopkeeper's jobs."""
