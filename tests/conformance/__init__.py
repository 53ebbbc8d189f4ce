"""What can be asked of any Twilio Notify, the real one or a fake, by nothing but HTTP: ``python -m tests.conformance``.

The laws: nothing here knows fakenotify; nothing is written to a service that was named without
``NOTIFY_DESTRUCTIVE=1``; what is deleted was created by the same run; nothing that is sent can reach anybody.
"""
