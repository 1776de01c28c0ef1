"""Released versions of the contracts: their history, golden samples, and what a change of them deserves."""
