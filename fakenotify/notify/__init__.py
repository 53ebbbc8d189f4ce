"""Notify itself: its resources, what they send, and how a request is handled. It opens no socket."""
