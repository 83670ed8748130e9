"""What was agreed, and what became of it: placing, statuses, parcels, cancelling, what needs review."""
