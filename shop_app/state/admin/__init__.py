"""What staff do, by subject: each handler names the permission that it needs."""
