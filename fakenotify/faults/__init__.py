"""Faults: what can go wrong with a request (``kinds``), and which requests meet a fault (``injected``).

A fault acts on a request that was authenticated and has a route. ``phase="before"``: instead of the operation;
``phase="after"``: the operation has its effect, and then the answer is lost, delayed or replaced.
"""
