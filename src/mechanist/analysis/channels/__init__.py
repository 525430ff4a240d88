"""Channels: groups of transition paths by where they run, how often chains change between them."""
