"""The settings of the shop, a page for each job of the shopkeeper."""
