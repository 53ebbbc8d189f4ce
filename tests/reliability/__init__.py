"""Proofs of trust: one command each, ``python -m tests.reliability <proof>``, whose last line is a figure.

The law: a proof that found something says what, with the input or the seed that shows it again, and ends with status 1.
"""
