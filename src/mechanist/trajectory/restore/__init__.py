"""Stored paths at full resolution again: gap maps, and the audit of what they restore."""
