"""Process plumbing that both services share. It knows nothing of tasks: no task word may enter here."""
