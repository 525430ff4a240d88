"""Shots that will hardly join A and B are stopped at random, without bias."""
