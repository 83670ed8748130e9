"""The catalogue: products as staff write them, and the views that shoppers see."""
