"""Where the facts come from: our decisions where nobody outside Twilio knows, the recordings, and the public sources.

The rules, ``docs/fidelity.md`` and the tests read these tables, and the code cites their entries by id.
"""

from __future__ import annotations

from typing import NamedTuple

from fakenotify.core.errors import ASSUMED, SIBLING


class Decision(NamedTuple):
    """A question that no source answers for sure, what the sources say, and what the fake does."""

    question: str
    evidence: str
    choice: str
    label: str = ASSUMED


class Recording(NamedTuple):
    """A body or a text of Notify that somebody published."""

    trigger: str
    answer: str
    source: str


DECISIONS = {
    "D1": Decision(
        "What happens to the 21st Binding of an identity?",
        "Up to 20 are documented (BIND), and no answer was ever recorded. Serverless refuses its 51st Service with"
        " 400/20001 and this template (sibling).",
        "400/20001 `Bindings for the same Identity are limited to less than or equal to 20`, and nothing changes. All"
        " types count together. Replacing a Binding of the same identity never counts; taking an address from another"
        " identity does, and if it is refused, the old owner keeps it.",
    ),
    "D2": Decision(
        "What if an address is registered again?",
        "The Binding that has it is replaced; only Service and Address are named (BIND). A production program stores"
        " the new sid each time (VOTE). On Voice a device has one identity (sibling).",
        "It is replaced whatever its identity and type; nothing is merged: new sid, new dates, 404 for the old.",
    ),
    "D3": Decision(
        "Are Credential and Messaging Service sids checked?",
        "The codes 52002 to 52004 belong to delivery. A Service without Messaging Service sent with 201 (RJP)."
        " Twilio's example has an `AC…` sid as GcmCredentialSid, evidently a slip (OAI).",
        "The pattern is checked at the write (400/20001), existence and type at the delivery: 52002, 52003, 52004,"
        " 52182. Any `MG…` counts as existing. A sid on a type that has no use for it is stored and shown.",
    ),
    "D4": Decision(
        "Are addresses checked?",
        "The docs create an apn Binding with the address `Address` (BIND). A bad number in ToBinding got 201 and an"
        " alert (O5). Chat's registration refuses tokens that are not hexadecimal (sibling).",
        "Any text that is not empty is taken. The delivery then fails: sms with 52001 unless it is E.164, apn with"
        " 52134 unless it is an even number of hexadecimal digits.",
    ),
    "D5": Decision(
        "Which protocol versions does a new Service have?",
        'Services on the wire had apn "4" (RJP, APNS); the samples say "3".',
        'apn "4"; fcm, gcm and alexa "3". Bindings of sms and facebook-messenger say "default".',
    ),
    "D6": Decision(
        "How do pages work in detail?",
        "At most 1000 rows (OAI); 20007 exists (DICT). Verify refuses 1000, the api of 2010 takes it; newer lists"
        " answer a Page without PageToken with 400/70002; samples have next links that lead nowhere (siblings).",
        "A PageSize above 1000 counts as 1000; 0, negative or no number is 400/20001. Tokens are `PA` and letters or"
        " digits; they remember a place, so that no row repeats or is skipped; an unknown one is 400/20001. A Page"
        " without token is an offset. There is a next link only where a row follows. Filters survive in all links,"
        " percent-encoded.",
    ),
    "D7": Decision(
        "In which order are lists?",
        "A recorded sample of Credentials ascends (SNIP); the sample of Bindings descends, but is invented. Of other"
        " products 12 samples ascend and 4 descend (siblings).",
        "The oldest first, equal dates in the order of creation.",
    ),
    "D8": Decision(
        "What if a Notification reaches nobody?",
        "It gets 201 and no row in the log (WEB); 52301 is a warning (DICT).",
        "201, the alert 52301, no delivery and no callback.",
    ),
    "D9": Decision(
        "What about duplicate, empty and implicit tags, and other empty values?",
        "Silent. Clients do send empty values (NODE).",
        "Duplicate tags are dropped except for the first, and so are empty ones; any empty value counts as absent. A"
        " tag that equals an implicit one is taken. A Notification shows the implicit tags it was sent; a Binding shows"
        " only its own.",
    ),
    "D10": Decision(
        "Are identities, tags, addresses, filters and paths compared exactly?",
        "Silent; one request with `Type=APN` perhaps passed (weak). An identity must not be personal data (OAI).",
        "Exactly: case counts, nothing is trimmed, no length is too long. An identity that looks like an e-mail"
        " address or a phone number gets a hint on the request.",
    ),
    "D11": Decision(
        "What is deleted with a Service or a Credential?",
        "A Service goes at once (RJP); nothing is known of Credentials.",
        "All below a Service goes with it. A Credential's sid stays where it was used; deliveries fail with 52002.",
    ),
    "D12": Decision(
        "Are Users, UserBindings, Segments and SegmentMemberships served?",
        "They were withdrawn in 2018, and a Service still links to them (OAI).",
        "Yes. Switched off, their paths are 404 and a Service links to its Bindings and Notifications alone.",
    ),
    "D13": Decision("Which status have 52304, 52305 and 52306?", "Only the codes are documented (DICT).", "409."),
    "D14": Decision(
        "Is Segment alone a selector, and may ToBinding have others beside it?",
        "The text O4 doesn't name Segment, the parameter exists (OAI); O2 was seen for ToBinding with Identity.",
        "Segment alone is enough. ToBinding with Identity, Tag or Segment is refused with O2.",
    ),
    "D15": Decision(
        "How is a parameter refused that can't be read, and JSON in particular?",
        "Only O1 was recorded, for ToBinding. twilio-node 6 sends the JSON `null` for what is not set (NODE).",
        "400/20001 with the template of O1 and the name of the parameter, for Services, Credentials, Bindings and"
        " Users too. The text `null` counts as absent in Data, Apn, Gcm, Fcm, Sms, FacebookMessenger and Alexa. The"
        " request's hints say why.",
    ),
    "D16": Decision(
        "Where are keys that begin with `twi_` forbidden?",
        "In Data they are a 400; in the overrides they are not allowed (OAI).",
        "At the top of Data, Apn, Gcm and Fcm, in `data` of Gcm and Fcm, and in `message.data` of Fcm: 400/20001.",
    ),
    "D17": Decision(
        "How are a wrong method and an unknown path answered?",
        "20004 is for a method that is not supported (DICT), O3 for paths. A 405 wants `Allow` (RFC 9110).",
        "405/20004 with `Allow`, for OPTIONS too; 404/20404 with the path, without `/v1`.",
    ),
    "D18": Decision(
        "How large may a request be?",
        "1 MB is said of ToBinding (OAI), and 20413 exists (DICT).",
        "1,048,576 bytes for any body; more is 413/20413.",
    ),
    "D19": Decision(
        "Whose credentials are taken?",
        "Basic authentication with AC or SK (API); a 401 carries a challenge on the api of 2010 (sibling).",
        "A user `AC…` or `SK…` with any password that is not empty. Anything else is 401/20003 with `WWW-Authenticate:"
        ' Basic realm="Twilio API"`. Declared accounts and API keys make it strict.',
    ),
    "D20": Decision(
        "How will Notify refuse requests after 31 October 2027?",
        "They stop working; no status is named (changelog of 18 November 2026).",
        "`shutdown()` answers 410/20410; 404/20404 and 403/20403 can be chosen.",
    ),
    "D21": Decision(
        "Are duplicate targets of ToBinding removed, and when are targets fixed?",
        "Silent.",
        "They stay, and targets are fixed when the request is answered.",
    ),
    "D22": Decision(
        "Which keys has a DeliveryState?",
        "`sid` comes first, and there is a status (CB). Event Streams has `id`, `address`, `type`, `status` (EVT).",
        "`sid`, `type`, `address`, `identity` (null for a direct send), `status`, and of a failure `error_code` and"
        " `error_message`. Only `sid` and a status are documented: don't rely on the others.",
    ),
    "D23": Decision(
        "Which URL is called back?",
        "A production program sets only DeliveryCallbackUrl of the Notification, and is called (CONN).",
        "That of the Notification, always; else that of the Service if `delivery_callback_enabled` is set.",
    ),
    "D24": Decision(
        "What does an empty value do in an update?", "Silent.", "The property goes back to its default, mostly null."
    ),
    "D25": Decision(
        "Which bodies are read?",
        "A JSON body counts as an empty form (sibling). twilio-node 3 posts multipart forms, and one was answered as"
        " read (O2). Names in the wrong case are ignored (sibling).",
        "URL-encoded and multipart forms; a part with a file name counts as its text. Any other body, and that of a"
        " GET, counts as empty, with a warning.",
    ),
    "D26": Decision(
        "Which headers has an answer?",
        "One answer of Notify was logged in 2022 (CLI); newer gateways of siblings send others.",
        "The block of 2022 with fresh ids, on every answer.",
    ),
    "D27": Decision(
        "What becomes of a token that its provider no longer knows?",
        "Notify relies on the provider to report it (BIND); on Voice, 52141 removes it (sibling).",
        "The outcomes 52103 and 52141 remove the Binding.",
    ),
    "D28": Decision(
        "In which order are the members of an answer?",
        "Samples differ, the wire had the order of a hash (RJP).",
        "That of Twilio's tables of properties, always the same.",
    ),
    "D29": Decision(
        "Which host have URLs in answers?",
        "Clients follow them as absolute URLs (PY, NODE).",
        "Scheme and host of the request; `X-Forwarded-Proto` and `X-Forwarded-Host` are honoured.",
    ),
    "D30": Decision(
        "In which order are requests checked?",
        "Nothing is known.",
        "Authentication, size, path, method, Service, parent or instance, parameters in Twilio's order.",
    ),
    "D31": Decision(
        "What is said of a required parameter that is missing?",
        "Chat answers `Missing required parameter Identity in the post body` (sibling).",
        "The same, one parameter at a time.",
        SIBLING,
    ),
    "D32": Decision(
        "How is a FriendlyName of more than 64 characters refused?",
        "The limit and the code 20002 are documented (OAI, DICT).",
        "400/20002 `Invalid FriendlyName`.",
    ),
    "D33": Decision(
        "How are other bad values and dates refused?",
        "Only the limits are documented. TaskRouter and Wireless say `Invalid StartDate: …` (sibling).",
        "400/20001: in a write with the template of O1, in a list `Parameter 'Tag' is invalid`, for a date `Invalid"
        " StartDate: yesterday. StartDate must be a valid date: yyyy-MM-dd`.",
    ),
    "D34": Decision(
        "Which keys of an override would choose the recipients?",
        "`to`, `registration_ids`, `condition` and `notification_key` are not allowed (OAI); `recipient` can't be"
        " overridden (EX). Those of `message` follow by analogy.",
        "400/20001 for these in Gcm and Fcm, and for `token`, `topic` and `condition` in `message` of Fcm. `recipient`"
        " of FacebookMessenger is dropped.",
    ),
    "D35": Decision("How deep is an override merged?", "Silent.", "All the way down; the override wins at the leaves."),
    "D36": Decision(
        "Whose protocol version counts, and what of odd ones?",
        "A Binding shows its own; it doesn't apply to sms and facebook-messenger (OAI, BIND).",
        "A Binding copies the Service's when it is created, a direct send uses the Service's. `3` means version 3,"
        " anything else version 4. Where it doesn't apply it is stored and shown, with a hint on the request.",
    ),
    "D37": Decision(
        "May a path end in `.json`?",
        "Official snippets and a production program do it (SNIP, VOTE).",
        "Yes; it is cut off.",
    ),
    "D38": Decision(
        "What are IsFinal before the last callback, and the sid of a failed delivery?", "Silent.", "`false`, and null."
    ),
    "D39": Decision(
        "With which key, and over which URL, are callbacks signed?",
        "With the auth token, over a URL with port, without user, password and fragment (SEC, HOOK).",
        "The same. Where no token was declared it is the password that the account last used.",
    ),
    "D40": Decision(
        "Which days do StartDate and EndDate mean?",
        "On or after, on or before (JAVA); Messages looks at the day alone (sibling).",
        "Days of date_created in UTC, both included; all filters must match. None match if EndDate comes first.",
    ),
    "D41": Decision(
        "Has every identity a User?",
        "A Binding links to its User (OAI); 52306 exists (DICT).",
        "A Binding creates the User of its identity, and the User stays when the Binding goes.",
    ),
    "D42": Decision(
        "How does an SMS fail that has neither text nor media?",
        "One of them is required (OAI); no code is known.",
        "With 52309.",
    ),
    "D43": Decision(
        "What happens to the 1001st Service?",
        "At most 1000 are documented (SVC).",
        "It is created: the fake doesn't count.",
    ),
    "D44": Decision(
        "How often are callbacks tried?",
        "Nothing is known of Notify. The platform retries once after a failed connection, reads overrides from the"
        " URL's fragment (HOOK), and answers a 401 challenge with credentials of the URL (SEC).",
        "Once, then the alert 52311. `#rc=` sets the retries for its URL, other overrides are ignored."
        " `user:password@` is used after a 401 with a Basic challenge.",
    ),
    "D45": Decision("Is there an implicit tag `alexa`?", "It is never listed.", "Yes."),
    "D46": Decision(
        "Is a User's path made of the identity or of the `US…` sid?", "Samples have both (PY6, SNIP).", "Both work."
    ),
    "D47": Decision(
        "Is the content of a Credential checked?",
        "`Type` alone gets 201 (OAI); a bad Certificate is refused (O7); Chat asks for `Secret` (sibling).",
        "A Certificate sent with Type apn must be a PEM block around DER, else 400/20001 `Could not parse"
        " certificate`. Keys and secrets are not checked. `sandbox` is null unless the type is apn.",
    ),
    "D48": Decision(
        "What does a Binding show as `endpoint`?",
        "The parameter is ignored, and the property is in every sample (BIND).",
        "What was sent, else null.",
    ),
    "D49": Decision(
        "How many recipients are too many (52302)?",
        "The number is not published (DICT).",
        "None: the alert comes only where a tester sets it.",
    ),
    "D50": Decision(
        "How is the size of a payload checked?",
        "The providers take 4096 bytes; 52106 and 52138 exist (DICT).",
        "At the delivery, in compact UTF-8 JSON: all for apn, `data` for gcm and fcm (v1: `message.data`).",
    ),
    "D51": Decision(
        "Which API of FCM is called?",
        'HTTP v1 wants `Fcm={"message": …}`; unwrapped it failed with 52111 (O8). Google ended the legacy API in'
        " mid-2024: 52117 (DICT, sibling).",
        "A Secret that is a service account's JSON, or none, means HTTP v1; another Secret and gcm mean legacy. An"
        " unwrapped override fails with 52111 under v1, legacy deliveries fail with 52117.",
    ),
    "D52": Decision(
        "What do regions share?",
        "Nothing: a Credential of us1 is 404 at au1, tokens differ (OPS). Voice says 52161 at delivery (sibling).",
        "All hosts share one world; a request to another region than us1 gets a hint.",
    ),
}
"""The decisions by id. ``Behaviour`` says of each switch which decision it reverses."""

RECORDINGS = {
    "O1": Recording(
        "a ToBinding that can't be parsed",
        "400/20001 `Can not convert incoming parameters to Notification object: Parameter 'ToBinding' is invalid`",
        "TwilioDevEd/api-snippets#798 (2019)",
    ),
    "O2": Recording(
        "ToBinding with Identity",
        "`Direct notifications and query notifications can not be requested together`; status and code assumed",
        "twilio/sample-code#30 (2018)",
    ),
    "O3": Recording(
        "an unknown, malformed or empty Service sid",
        "404/20404 `The requested resource /Services/IS71 was not found`",
        "danielberkompas/ex_twilio#144 (2020), TwilioDevEd/sdk-starter-node#50 (2019), RJP",
    ),
    "O4": Recording(
        "no selector",
        "`At least one parameter among Identity, Tag, and ToBinding must be specified`; status and code assumed",
        "twilio/video-quickstart-android#546 (2020)",
    ),
    "O5": Recording("a bad number in ToBinding", "201, then the alert 52001", "philnash/bulk-sms-alerts#1 (2018)"),
    "O6": Recording(
        "an account that may not use Notify",
        "403/403 `Service cannot be used`",
        "twilio/video-quickstart-android#224 (2018)",
    ),
    "O7": Recording(
        "a Certificate that can't be parsed",
        "20001 `Could not parse certificate`; status assumed",
        "twilio/twilio-python#391 (2017)",
    ),
    "O8": Recording(
        "FCM: a Credential of another project; an unwrapped override under HTTP v1",
        "201, then 52109 `GCM/FCM API key is revoked or invalid`; 52111 `GCM/FCM returned unknown error`",
        "WEB24 (2024)",
    ),
}
"""What was recorded of Notify's refusals, by id."""

SOURCES = {
    "OAI": "`twilio/twilio-oai`, `spec/json/twilio_notify_v1.json`",
    "API": "https://www.twilio.com/docs/notify/api",
    "BIND": "https://www.twilio.com/docs/notify/api/binding-resource",
    "SVC": "https://www.twilio.com/docs/notify/api/service-resource",
    "CRED": "https://www.twilio.com/docs/notify/api/credential-resource",
    "NOTIF": "https://www.twilio.com/docs/notify/api/notification-resource",
    "CB": "https://www.twilio.com/docs/notify/notify-delivery-callbacks",
    "EVT": "https://www.twilio.com/docs/events/event-types/notify/notification-services",
    "DICT": "https://www.twilio.com/docs/api/errors",
    "APNS": "https://www.twilio.com/blog/notify-new-apns-message-format.html",
    "SEC": "https://www.twilio.com/docs/usage/security",
    "HOOK": "https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides",
    "PY": "`twilio/twilio-python`; PY6: its tag 6.15.2, the last with Users and Segments",
    "NODE": "`twilio/twilio-node`",
    "JAVA": "`twilio/twilio-java`, Notify resources before August 2018",
    "EX": "`danielberkompas/ex_twilio`, which copies the reference of 2018",
    "SNIP": "`TwilioDevEd/api-snippets`, `notifications/`",
    "RJP": "`RJPearson94/twilio-sdk-go`, fixtures and acceptance suite of January 2021",
    "CLI": "`tigerfarm/work`, `twiliocli/README.md` (a debug log of June 2022)",
    "WEB": "`tigerfarm/notifyweb`; WEB24: its notes of April and May 2024",
    "VOTE": "`fightforthefuture/votebot-api`, `models/notify.js`",
    "CONN": "`episphere/connectFaas`, `utils/webhook.js` and `utils/notifications.js`",
    "OPS": "operations notes of a phone app on Voice push, 2026",
    "RFC 9110": "https://www.rfc-editor.org/rfc/rfc9110",
}
"""What the short names of sources stand for."""
