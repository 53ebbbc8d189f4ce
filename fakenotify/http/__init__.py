"""The wire: the WSGI application, the server behind the fixture and the command line, the control API."""
