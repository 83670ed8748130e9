"""The people who run the shop, and the record of what they changed."""
