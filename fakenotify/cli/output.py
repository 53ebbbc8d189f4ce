"""What people and programs read: lines on a stream, and the banner."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
from typing import TYPE_CHECKING, TextIO

from fakenotify import __version__

if TYPE_CHECKING:
    from fakenotify.fake import FakeNotify
    from fakenotify.notify.records import Service
    from fakenotify.proxy.proxy import Proxy


def say(stream: TextIO | None, text: str) -> None:
    """Print a line, even if the reader is gone. Characters that the stream's encoding lacks are escaped."""
    if stream is None:  # the stream was closed when this process started
        return
    encoding = getattr(stream, "encoding", None) or "utf-8"
    with contextlib.suppress(OSError, ValueError):
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        stream.flush()


def banner(fake: FakeNotify, service: Service, proxy: Proxy | None) -> str:
    """What the command line says on start."""
    url, user = fake.url, shlex.quote(f"{fake.account_sid}:{fake.auth_token}")
    lines = [
        f"fakenotify {__version__} answers at {url} (stop it with Ctrl-C)",
        f"  inspector   {url}/_fake/",
        f"  account     {fake.account_sid}",
        f"  auth token  {fake.auth_token}",
        f"  service     {service.sid}",
        f"  try it      curl -u {user} {url}/v1/Services/{service.sid}/Bindings "
        "-d Identity=alice -d BindingType=sms -d Address=%2B15005550006",
    ]
    if proxy is not None:
        command = f'eval "$(fakenotify env --proxy-port {proxy.port})"'
        lines.append(f"  proxy       {proxy.url}; in the shell of programs that are to reach the fake: {command}")
    return "\n".join(lines)


def banner_json(fake: FakeNotify, service: Service, proxy: Proxy | None) -> str:
    """The same for a program."""
    members = {
        "url": fake.url,
        "pid": os.getpid(),
        "account_sid": fake.account_sid,
        "auth_token": fake.auth_token,
        "service_sid": service.sid,
        "inspector": f"{fake.url}/_fake/",
    }
    return json.dumps(members | ({"proxy": proxy.url} if proxy else {}))
