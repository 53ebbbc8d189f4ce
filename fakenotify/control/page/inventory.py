"""The inspector's panel of what is there: Services with their Bindings, Credentials."""

from __future__ import annotations

from collections.abc import Iterable

from fakenotify.control.page.devices import NAMES
from fakenotify.control.page.lens import Facets, Lens, account, cut, ends, moment, nothing, panel, pill, sid, terms
from fakenotify.control.page.markup import Html, Node, clip, counted, tag
from fakenotify.notify.account import AccountState as Notify
from fakenotify.notify.account import Scope
from fakenotify.notify.budget import Budget
from fakenotify.notify.records import Binding, Credential, Service

FEW_SERVICES, SERVICES = 5, 20
FEW_BINDINGS, BINDINGS = 8, 100

OF_BINDING: Facets[Binding] = Facets(
    texts=lambda each: (each.sid, each.identity, each.address, each.binding_type, *each.tags),
    identities=lambda each: (each.identity,),
)


def services(lens: Lens) -> Html:
    """What is there: Services with their Bindings, and Credentials."""
    found: list[tuple[Notify, Service, list[Binding]]] = []
    held: list[Credential] = []
    for notify in lens.accounts:
        with notify.lock:
            held += notify.credentials
            known = [(each, notify.scopes[each.sid]) for each in notify.services]
            rows = [(notify, each, list(scope.bindings)) for each, scope in known if lens.service in (None, each.sid)]
        for owner, service, bindings in rows:
            kept = lens.choose(bindings, OF_BINDING)
            if kept or (not lens.identity and lens.has_text((service.sid, service.friendly_name))):
                found.append((owner, service, kept))
    whole = lens.view == "services"
    one = lens.service is not None
    part = cut(lens, found, FEW_SERVICES, SERVICES, lens.link(view="services"), whole=whole and not one)
    back = tag("p", tag("a", "← All services", href=lens.plain(view="services")), class_="pager") if one else None
    rows_ = tag("ol", [_service(lens, *each) for each in part.rows], class_="rows", data_rows="services")
    gone = f"There is no service {lens.service}." if one else "No Service yet."
    return panel(
        "services",
        "Services and bindings",
        part.told,
        back,
        rows_ if part.rows else nothing(lens, gone),
        None if one else part.links,
        None if one or lens.is_filtered else _credentials(lens, held),
    )


def _service(lens: Lens, notify: Notify, service: Service, bindings: list[Binding]) -> Html:
    address = lens.link(service=service.sid, view=None, page=None)
    part = cut(lens, bindings, FEW_BINDINGS, BINDINGS, address, whole=lens.service is not None)
    scope = notify.scopes.get(service.sid) or Scope(0, Budget(0, tuple))
    return tag(
        "li",
        tag(
            "header",
            tag("h3", tag("a", clip(service.friendly_name or "(no name)", 80), href=address)),
            tag(
                "p",
                sid(service.sid),
                account(lens, service.account_sid),
                moment(lens, service.date_created),
                class_="meta",
            ),
            class_="row-head",
        ),
        _settings(service, scope),
        _bindings(lens, bindings, part.rows),
        part.links,
        class_="row service",
        data_key=service.sid,
    )


def _settings(service: Service, scope: Scope) -> Html:
    callback = service.delivery_callback_url
    switched = "" if service.delivery_callback_enabled else " (not enabled)"
    segments = [tag("span", clip(each.unique_name, 80), class_="chip") for each in list(scope.segments)[:20]]
    return terms(
        ("APNs credential", sid(service.apn_credential_sid)),
        ("FCM credential", sid(service.fcm_credential_sid)),
        ("GCM credential", sid(service.gcm_credential_sid)),
        ("Messaging Service", sid(service.messaging_service_sid)),
        ("Messenger page", _text(service.facebook_messenger_page_id)),
        ("Alexa skill", _text(service.alexa_skill_id)),
        ("APNs protocol", _text(service.default_apn_notification_protocol_version)),
        ("Delivery callback", callback and clip(callback, 200) + switched),
        ("Segments", segments),
    )


def _text(value: str | None) -> str | None:
    return None if value is None else clip(value, 200)


def _bindings(lens: Lens, bindings: list[Binding], shown: Iterable[Binding]) -> Node:
    if not bindings:
        return tag("p", "No binding matches." if lens.is_filtered else "No bindings.", class_="nothing")
    heads = [
        tag("th", each, scope="col", role="columnheader") for each in ("Identity", "Type", "Address", "Tags", "Created")
    ]
    return tag(
        "table",
        tag("caption", counted(len(bindings), "binding")),
        tag("thead", tag("tr", heads, role="row"), role="rowgroup"),
        tag("tbody", [_binding(lens, each) for each in shown], role="rowgroup"),
        class_="bindings",
        role="table",  # said, since a narrow page lays it out otherwise
    )


def _binding(lens: Lens, binding: Binding) -> Html:
    own = lens.plain(identity=binding.identity)
    kind = NAMES.get(binding.binding_type, binding.binding_type)
    return tag(
        "tr",
        tag("th", tag("a", clip(binding.identity, 60), href=own), scope="row", role="rowheader"),
        tag("td", kind, role="cell"),
        tag("td", tag("code", ends(binding.address), title=clip(binding.address, 2000)), role="cell"),
        tag("td", [tag("span", clip(each, 60), class_="chip") for each in binding.tags], role="cell"),
        tag("td", moment(lens, binding.date_created), " ", sid(binding.sid), role="cell"),
        role="row",
    )


def _credentials(lens: Lens, credentials: list[Credential]) -> Node:
    if not credentials:
        return None
    rows = [
        tag(
            "li",
            pill(each.type, "plain"),
            tag("span", clip(each.friendly_name or "(no name)", 80), class_="who"),
            sid(each.sid),
            account(lens, each.account_sid),
        )
        for each in credentials[:50]
    ]
    return tag(
        "details",
        tag("summary", counted(len(credentials), "credential")),
        tag("ul", rows, class_="recipients"),
    )
