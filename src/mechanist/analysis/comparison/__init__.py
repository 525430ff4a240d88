"""Guided against uniform selection."""
