"""What is for sale: products as staff write them, and as shoppers see them."""
