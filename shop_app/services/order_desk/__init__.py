"""Orders as staff see them: their list, the page of one with all that happened, its packing slip."""
