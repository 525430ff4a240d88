"""Binomial likelihood, errors over clusters, exact intervals, R-hat and effective samples.

Below all other rooms but `arrays` and `errors`, so that every room may call it.
"""
