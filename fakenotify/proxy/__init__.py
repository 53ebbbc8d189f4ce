"""How any program reaches the fake: a TLS proxy, its certificates, and environment variables."""
