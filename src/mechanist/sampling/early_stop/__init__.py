"""Shots that are unlikely to join A and B are stopped at random, without bias."""
