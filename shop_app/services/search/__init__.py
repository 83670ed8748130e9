"""The listing index, and the lists, facets and search that read it."""
