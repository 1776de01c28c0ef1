"""Waybill in a harness that runs many task systems side by side."""
