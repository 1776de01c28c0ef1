"""May this build of a service go where others run: what runs, what is in flight, what was verified."""
