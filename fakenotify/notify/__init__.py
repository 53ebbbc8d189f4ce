"""Twilio's pages: the resources of Notify, what they send, and one request's walk. It opens no socket."""
