"""Every verb of a tester, once."""
