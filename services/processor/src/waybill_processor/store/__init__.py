"""All SQL of this service, one module for each table area."""
