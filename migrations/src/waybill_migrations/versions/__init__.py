"""The revisions, oldest first; each says whether it expands or contracts the schema."""
