"""The parts of the back office's pages; no other page is made of them."""
