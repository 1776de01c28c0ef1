"""From rounds to medians, a table and plots."""
