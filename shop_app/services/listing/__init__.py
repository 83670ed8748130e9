"""How shoppers find products: the shelf, and the lists, facets and search that read it."""
