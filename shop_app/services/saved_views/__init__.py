"""Views of lists that staff keep, how each of them likes a list to look, and a list as its page opens it."""
