"""Showing a labeled report to a person: marked text, tables and pages."""
