"""Benchmarks: ``python -m tests.benchmarks`` prints today's figures as ratios to floors measured in the same run."""
