"""What shoppers find: the listing index and the lists, facets and search that read it."""
