"""Any program reaches the fake: a TLS proxy, its certificates, and the environment that leads there."""
