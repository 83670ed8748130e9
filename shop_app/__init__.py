"""A self-hosted shop in pure Python: live pages, honest money and stock, one process to start."""
