"""Proofs of reliability: one command each, ``python -m tests.reliability <proof>``, whose last line is a figure.

A proof that finds something prints it, with the input or the seed that reproduces it, and ends with status 1.
"""
