"""Orders: placing, statuses, the quantities of their lines, and review."""
