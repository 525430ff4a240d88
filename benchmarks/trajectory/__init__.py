"""Tables T1 to T5 of the learned trajectory models, and their page."""
