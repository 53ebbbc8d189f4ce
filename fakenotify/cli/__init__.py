"""The command line: ``fakenotify`` and its subcommands, each in a module of its own."""
