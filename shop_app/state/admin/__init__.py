"""What staff do, by subject: each handler names the right that it needs, and nothing stays at rest."""
