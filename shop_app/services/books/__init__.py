"""The proof that the books are right: rules asked of the database itself."""
