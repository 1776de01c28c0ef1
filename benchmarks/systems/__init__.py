"""The systems that do the same job side by side."""
