"""The shop itself: its identity, its terms, and its legal texts, as data that staff change."""
