"""Ways to reach a fake from this process: the official client, and transports without a socket."""
