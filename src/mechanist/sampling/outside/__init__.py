"""Shots that were made elsewhere, and the results folder that is made of them."""
