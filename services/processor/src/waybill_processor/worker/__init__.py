"""The long-running shell over the core: receive, settle, stop in good order."""
