"""Frameworks: the contract of a backend, and how the one of an array is found."""
