"""What the back office's frame shows around its pages: counts of open work, alerts, what is found by
a word."""
