"""What a person would see of a delivery, drawn: a card on a lock screen, a bubble, an announcement.

What is drawn is read from the payload, as the device would read it, and not from the Notification.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fakenotify.control.page.lens import short
from fakenotify.control.page.markup import Html, Node, clip, render, tag
from fakenotify.notify.channels import CHANNELS, Shown
from fakenotify.notify.channels.channel import inside
from fakenotify.notify.records import Delivery

NAMES = {
    "apn": "APNs",
    "fcm": "FCM",
    "gcm": "GCM",
    "sms": "SMS",
    "facebook-messenger": "Messenger",
    "alexa": "Alexa",
}
MOST_WORDS = 600

_APP = "Your app"


@dataclass(frozen=True, slots=True)
class Picture:
    """What is on the device: words, attachments, and small facts that are heard or counted and not read.

    ``note`` says why there is nothing to be seen, or who decides whether there is.
    """

    binding_type: str
    app: str
    moment: datetime
    shown: Shown
    sender: str = ""
    media: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    note: str | None = None


def picture(delivery: Delivery, app: str | None) -> Picture:
    """What the device of a delivery shows; ``app`` is the name of its Service."""
    channel = CHANNELS.get(delivery.binding_type)
    payload = delivery.payload
    shown = Shown(None, None) if channel is None else channel.shows(payload)
    read = _READ.get(delivery.binding_type, _nothing)
    sender, media, facts, note = read(payload, shown)
    return Picture(
        delivery.binding_type, app or _APP, delivery.date_created, shown, sender, tuple(media), tuple(facts), note
    )


Details = tuple[str, list[str], list[str], str | None]


def _nothing(payload: Mapping[str, Any], shown: Shown) -> Details:
    return "", [], [], "Nobody here knows this type of device."


def _of_apple(payload: Mapping[str, Any], shown: Shown) -> Details:
    aps = inside(payload, "aps")
    facts = _facts(aps, sound="sound", badge="badge", category="category")
    nothing = "Nothing appears: there is no alert, the app gets the payload."
    return "", [], facts, None if any(shown[:2]) else nothing


def _of_google(payload: Mapping[str, Any], shown: Shown) -> Details:
    facts = _facts(inside(payload, "data"), sound="twi_sound", action="twi_action") + _facts(
        payload, priority="priority"
    )
    if "notification" in payload or inside(payload, "message", "notification") is not None:
        return "", [], facts, None
    told = "A data message: the system shows nothing by itself, this is what the app finds."
    return "", [], facts, told if any(shown[:2]) else "A data message: nothing appears unless the app shows it."


def _of_sms(payload: Mapping[str, Any], shown: Shown) -> Details:
    media = payload.get("MediaUrl")
    sender = payload.get("MessagingServiceSid")
    media = media if isinstance(media, list) else [] if media is None else [media]
    return short(_word(sender)), [_word(each) for each in media], [], None if shown.body or media else "No text."


def _of_messenger(payload: Mapping[str, Any], shown: Shown) -> Details:
    attachment = inside(payload, "message", "attachment")
    media = [] if attachment is None else [_word(inside(attachment, "payload", "url") or "an attachment")]
    return "", media, [], None if shown.body or media else "No text."


def _of_alexa(payload: Mapping[str, Any], shown: Shown) -> Details:
    return "", [], [], None if any(shown[:2]) else "Nothing is said or shown."


_READ: dict[str, Callable[[Mapping[str, Any], Shown], Details]] = {
    "apn": _of_apple,
    "fcm": _of_google,
    "gcm": _of_google,
    "sms": _of_sms,
    "facebook-messenger": _of_messenger,
    "alexa": _of_alexa,
}


def _facts(payload: Any, **names: str) -> list[str]:
    """Those of ``names`` that a payload has, in words."""
    found = [(label, inside(payload, name)) for label, name in names.items()]
    return [f"{label} {_word(value)}" for label, value in found if value is not None]


def _word(value: Any) -> str:
    """A value in one line, whatever an override has made of it."""
    return clip(value if isinstance(value, str) else "" if value is None else reprlib.repr(value), 120)


def draw(seen: Picture, *, failed: bool) -> Html:
    """The device with what it shows; pale where the delivery ``failed`` and nothing arrived."""
    name = NAMES.get(seen.binding_type, clip(seen.binding_type, 20))
    caption = "Would have shown" if failed else "Shows"
    return tag(
        "figure",
        tag("figcaption", f"{name} · {caption.lower()}", class_="eyebrow"),
        tag("div", _DRAW.get(seen.binding_type, _card)(seen), class_="screen"),
        tag("p", seen.note, class_="note") if seen.note else None,
        tag("p", " · ".join(seen.facts), class_="facts") if seen.facts else None,
        class_=f"device {'failed ' if failed else ''}{_LOOKS.get(seen.binding_type, 'card')}",
    )


_LOOKS = {
    "apn": "ios",
    "fcm": "android",
    "gcm": "android",
    "sms": "sms",
    "facebook-messenger": "messenger",
    "alexa": "alexa",
}


def _lock_screen(seen: Picture) -> Html:
    """An iPhone's lock screen, or an Android one: the time, and a card below it."""
    date = seen.moment
    return render(
        (
            tag("p", f"{date:%H:%M}", class_="clock", aria_hidden="true"),
            tag("p", f"{date:%A} {date.day} {date:%B}", class_="day", aria_hidden="true"),
            _card(seen),
        )
    )


def _card(seen: Picture) -> Html:
    title, body = seen.shown[:2]
    if title is None and body is None:
        return tag("p", "nothing to see", class_="silent")
    return tag(
        "div",
        tag("span", seen.app[:1].upper(), class_="icon", aria_hidden="true"),
        tag("p", tag("span", clip(seen.app, 40)), tag("span", "now"), class_="app"),
        tag("p", clip(title, MOST_WORDS), class_="title") if title is not None else None,
        tag("p", clip(body, MOST_WORDS), class_="body") if body is not None else None,
        class_="card",
    )


def _bubbles(seen: Picture) -> Html:
    """A chat: who writes, the message, what hangs on it."""
    _, body = seen.shown[:2]
    media = [tag("p", tag("span", "attached ", class_="quiet"), each, class_="bubble media") for each in seen.media]
    words: Node = tag("p", clip(body, MOST_WORDS), class_="bubble") if body else None
    silent = None if body or media else tag("p", "nothing to see", class_="silent")
    sender = seen.sender or seen.app
    head = (tag("span", seen.app[:1].upper(), class_="icon", aria_hidden="true"), tag("span", clip(sender, 40)))
    return render((tag("p", head, class_="sender"), words, media, silent))


def _announcement(seen: Picture) -> Html:
    """A speaker that lights up, says the text and shows the title where it has a screen."""
    title, body = seen.shown[:2]
    return render(
        (
            tag("span", class_="ring", aria_hidden="true"),
            tag("p", clip(title, MOST_WORDS), class_="title") if title is not None else None,
            tag("p", clip(body, MOST_WORDS), class_="body") if body is not None else None,
            tag("p", "nothing to hear", class_="silent") if title is None and body is None else None,
        )
    )


_DRAW: dict[str, Callable[[Picture], Html]] = {
    "apn": _lock_screen,
    "fcm": _lock_screen,
    "gcm": _lock_screen,
    "sms": _bubbles,
    "facebook-messenger": _bubbles,
    "alexa": _announcement,
}
