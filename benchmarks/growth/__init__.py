"""How Waybill's figures change with what is in it: finished rows, waiting tasks, processes, hours."""
