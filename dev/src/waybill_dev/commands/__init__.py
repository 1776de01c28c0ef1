"""What the command waybill-dev does, one module for each of its words."""
