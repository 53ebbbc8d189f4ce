"""Bytes and threads: the WSGI application, the server, and what posts the callbacks."""
