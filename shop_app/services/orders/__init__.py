"""What was agreed, and what became of it: placing, statuses, shipments, cancelling, what needs review."""
