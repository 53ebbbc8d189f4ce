"""The inspector in a real Chromium: what a person sees, clicks, types, and what changes before their eyes.

Needs Debian's ``chromium`` (or another that the variable ``CHROMIUM`` names) and the extra ``browser``; skipped
where they are missing.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any

import pytest

from fakenotify import Behaviour, FakeNotify
from fakenotify.notify.records import Service

playwright = pytest.importorskip("playwright.sync_api", reason="the extra 'browser' is not installed")
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium; name one by the variable CHROMIUM"),
    pytest.mark.filterwarnings("ignore:fakenotify"),
]

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
LONG = 20_000  # milliseconds after which a page that did not change is said to be broken
MESSAGING = "MG" + "3f" * 16
OTHER_SID = "AC" + "b" * 32
TABLES = (
    *("notifications", "deliveries", "requests", "alerts", "callbacks"),
    *("services", "bindings", "credentials"),
)
BINDINGS = (
    ("alice", "apn", "a7c6" * 16, ["vip", "lunch"]),
    ("bob", "fcm", "fR4kTq9s:APA91b", ["lunch"]),
    ("dave", "sms", "+15005550006", ["vip"]),
    ("erin", "facebook-messenger", "1020304050", []),
    ("frank", "alexa", "amzn1.ask.account.AGF7", []),
)

expect: Any = playwright.expect
Page = Any
Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A browser for the tests of this module."""
    with playwright.sync_playwright() as driver:
        expect.set_options(timeout=LONG)
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Any, fake_notify: FakeNotify) -> Iterator[Visit]:
    """Opens the inspector in a window of its own; in the end, no page has said a word on the console."""
    contexts: list[Any] = []
    said: list[str] = []

    def opened(address: str = "", expected: tuple[str, ...] = (), **given: Any) -> Page:
        context = chromium.new_context(viewport={"width": 1400, "height": 900}, **given)
        contexts.append(context)
        context.set_default_timeout(LONG)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = context.new_page()
        page.on("console", lambda message: any(each in message.text for each in expected) or said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(f"{fake_notify.url}/_fake/{address}")
        if given.get("java_script_enabled", True):
            expect(page.locator("#live")).to_have_text("Live")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert said == []


@pytest.fixture
def shop(fake_notify: FakeNotify) -> Service:
    """A Service that can send to every channel, with a device on each."""
    credentials = {
        f"{kind}_credential_sid": fake_notify.create_credential(kind, friendly_name=f"our {kind}").sid
        for kind in ("apn", "fcm", "gcm")
    }
    service = fake_notify.create_service(
        "Bistro Aurora",
        messaging_service_sid=MESSAGING,
        facebook_messenger_page_id="20491",
        alexa_skill_id="amzn1.ask.skill.7",
        **credentials,  # type: ignore[arg-type]
    )
    for identity, kind, address, tags in BINDINGS:
        fake_notify.create_binding(service.sid, identity=identity, binding_type=kind, address=address, tags=tags)  # type: ignore[arg-type]
    return service


@pytest.fixture
def send(fake_notify: FakeNotify, shop: Service) -> Callable[..., None]:
    """Sends a Notification to alice for each of some texts."""

    def sent(*bodies: str, **given: Any) -> None:
        for body in bodies:
            fake_notify.create_notification(shop.sid, **{"identities": ["alice"], "body": body, **given})

    return sent


def rows(page: Page) -> Any:
    return page.locator("#rows tbody tr")


def section(page: Page, title: str) -> Any:
    return page.locator("#sections section", has=page.get_by_role("heading", name=title))


def tab(page: Page, name: str) -> Any:
    return page.locator(f"#tabs [data-view={name}]")


def total(page: Page, name: str) -> Any:
    return tab(page, name).locator(".number")


def complaints(page: Page) -> list[str]:
    """What axe finds wrong with the page."""
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text())
    found = page.evaluate("async () => (await axe.run()).violations")
    return [f"{each['id']}: {node['html']}" for each in found for node in each["nodes"]]


# the list and what is open beside it


def test_an_empty_world_says_what_to_do_next(visit: Visit, fake_notify: FakeNotify) -> None:
    page = visit()

    expect(page.locator("#note")).to_contain_text(f"{fake_notify.url}/v1/Services -d FriendlyName=demo")
    assert complaints(page) == []


def test_twenty_notifications_are_seen_at_once_one_in_a_line(visit: Visit, send: Callable[..., None]) -> None:
    send(*["is ready " * 20] * 30, title="Table 7")

    page = visit()

    expect(rows(page)).to_have_count(30)
    bottoms = rows(page).evaluate_all("all => all.map((row) => row.getBoundingClientRect().bottom)")
    assert sum(each <= 900 for each in bottoms) >= 20
    shown = rows(page).first.locator("td").all_inner_texts()
    assert shown[1:7] == [f"Table 7 {'is ready ' * 19}is ready", "alice", "APN", "1", "0", "4"]


def test_a_notification_is_shown_with_all_that_became_of_it(
    visit: Visit, fake_notify: FakeNotify, shop: Service, wire: Any
) -> None:
    fake_notify.fail_delivery(52144, identity="alice")
    wire.post(f"/v1/Services/{shop.sid}/Notifications", {"Tag": "vip", "Title": "Table 7", "Body": "is ready"})
    page = visit()

    rows(page).first.click()

    expect(page.locator("#detail-title")).to_have_text("Table 7: is ready")
    expect(page.locator("#sections")).to_contain_text("1 sent, 1 failed, 3 skipped")
    expect(section(page, "On the devices").locator("figure")).to_contain_text("is ready")  # dave's alone
    expect(section(page, "Deliveries").locator(".trouble")).to_contain_text("52144")
    expect(section(page, "Who did not get it").locator("li")).to_have_count(1)
    expect(section(page, "Who did not get it")).to_contain_text("bob, erin, frank")
    section(page, "The request that made it").get_by_text("Copy as curl").first.click()
    section(page, "The request that made it").get_by_role("button", name="Copy as curl").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert f"-X POST '{fake_notify.url}/v1/Services/{shop.sid}/Notifications'" in copied
    assert "--data-urlencode 'Title=Table 7'" in copied
    section(page, "Deliveries").locator("summary").first.click()
    expect(section(page, "Deliveries").locator("pre").first).to_contain_text("Table 7")
    assert complaints(page) == []


def test_a_data_message_is_drawn_as_data_and_a_notification_as_a_card(
    visit: Visit, fake_notify: FakeNotify, send: Callable[..., None]
) -> None:
    send("is ready", identities=["bob"], title="Table 7", data={"table": "7"})
    send("", identities=["bob"], fcm={"message": {"notification": {"title": "Table 8", "body": "is ready"}}})
    page = visit(f"#notifications?open={fake_notify.notifications[0].sid}")
    drawn = section(page, "On the devices").locator("figure")

    expect(drawn).to_have_class("data")
    expect(drawn).to_contain_text("the app decides what to show")
    assert json.loads(drawn.locator("pre").inner_text()) == {
        "table": "7",
        "twi_body": "is ready",
        "twi_title": "Table 7",
    }
    page.goto(page.url.partition("#")[0] + f"#notifications?open={fake_notify.notifications[1].sid}")
    expect(drawn).to_have_class("card fcm")
    expect(drawn.locator(".screen")).to_have_text("Bistro AuroraTable 8is ready")


def test_a_refused_request_says_which_rule_or_fault_refused_it_and_how_sure_we_are(
    visit: Visit, fake_notify: FakeNotify, shop: Service, wire: Any
) -> None:
    wire.post(f"/v1/Services/{shop.sid}/Bindings", {"Identity": "zoe", "Colour": "red"})
    fake_notify.fail("bindings.*", status=429, times=1)
    wire.post(f"/v1/Services/{shop.sid}/Bindings", {"Identity": "zoe"})
    page = visit("#requests")

    rows(page).first.click()
    expect(page.locator("#sections .facts").first).to_contain_text("Answer 429 to bindings.create")
    rows(page).last.click()

    expect(section(page, "Parameters")).to_contain_text("Colour")
    expect(section(page, "Warnings")).to_contain_text("Colour")
    expect(section(page, "Why it was refused")).to_contain_text("How sure")
    assert complaints(page) == []


def test_alerts_are_grouped_by_code(visit: Visit, send: Callable[..., None]) -> None:
    send(*["Hello"] * 12, identities=["nobody"])
    page = visit("#alerts")

    expect(rows(page)).to_have_count(1)
    expect(rows(page).first).to_contain_text("× 12")
    rows(page).first.click()
    expect(section(page, "Alerts (12)").locator("li")).to_have_count(12)
    page.locator("#sections .lines li a").last.click()
    expect(page.locator("#tabs [aria-current]")).to_contain_text("Notifications")


def test_callbacks_services_bindings_and_credentials_are_shown_at_length(
    visit: Visit, fake_notify: FakeNotify, send: Callable[..., None]
) -> None:
    send("Hello", delivery_callback_url="http://127.0.0.1:9/hook")
    fake_notify.wait_for(lambda: any(each.attempts for each in fake_notify.callbacks))

    page = visit("#callbacks")
    rows(page).first.click()
    expect(section(page, "Tries")).to_contain_text("refused")
    expect(section(page, "DeliveryState")).to_contain_text("alice")
    tab(page, "services").click()
    rows(page).first.click()
    expect(section(page, "Bindings").locator("li")).to_have_count(5)
    expect(section(page, "Users").locator("li")).to_have_count(5)
    section(page, "Bindings").get_by_role("link", name="alice").click()
    expect(page.locator("#detail-title")).to_have_text("alice, APN")
    expect(section(page, "Deliveries").locator("li")).to_have_count(1)
    tab(page, "credentials").click()
    expect(rows(page)).to_have_count(3)
    rows(page).first.click()
    expect(page.locator("#detail-title")).to_have_text("our gcm")
    assert complaints(page) == []


# search and address


def test_the_search_is_typed_in_one_field_and_the_tabs_follow_it(visit: Visit, send: Callable[..., None]) -> None:
    send("Soup")
    send("Soup", "Bread", identities=["erin"], tags=["vip"])
    page = visit()
    searches = (
        ("alice", {"notifications": "1", "deliveries": "1", "bindings": "1", "services": "0"}),
        ("identity:erin soup", {"notifications": "1", "deliveries": "1", "services": "–"}),
        ("tag:vip", {"notifications": "2", "bindings": "2", "credentials": "–"}),
    )

    for search, counts in searches:
        page.keyboard.press("/")
        page.keyboard.type(search)
        for name, count in counts.items():
            expect(total(page, name)).to_have_text(count)
        page.keyboard.press("Escape")

    tab(page, "credentials").click()
    expect(page.locator("#note .bad")).to_have_text("credentials have no tag; their fields are type")


def test_the_address_holds_what_is_seen_and_the_back_button_works(visit: Visit, send: Callable[..., None]) -> None:
    send("Soup", "Bread")
    page = visit()

    page.locator("#query").fill("soup")
    expect(rows(page)).to_have_count(1)
    rows(page).first.click()
    expect(page.locator("#detail-title")).to_have_text("Soup")
    other = visit(page.url.partition("/_fake/")[2])

    expect(other.locator("#detail-title")).to_have_text("Soup")
    expect(other.locator("#query")).to_have_value("soup")
    page.go_back()
    expect(page.locator("#detail")).to_be_hidden()
    page.go_back()
    expect(page.locator("#query")).to_have_value("")
    expect(rows(page)).to_have_count(2)


def test_the_account_that_is_looked_at_can_be_chosen(visit: Visit, fake_notify: FakeNotify) -> None:
    fake_notify.create_service("mine")
    fake_notify.account(OTHER_SID, "x").create_service("theirs")
    page = visit("#services")
    expect(rows(page)).to_have_count(2)

    page.locator("#account").select_option(OTHER_SID)

    expect(rows(page)).to_have_count(1)
    expect(rows(page).first).to_contain_text("theirs")
    expect(total(page, "services")).to_have_text("1")


def test_of_many_rows_only_those_that_are_seen_are_asked_for(
    visit: Visit, fake_notify: FakeNotify, shop: Service, send: Callable[..., None]
) -> None:
    for each in range(200):
        fake_notify.create_binding(
            shop.sid, identity=f"u{each}", binding_type="sms", address=f"+1500{each:07}", tags=["many"]
        )
    send(*map(str, range(50)), identities=[], tags=["many"])
    page = visit("#deliveries")

    expect(total(page, "deliveries")).to_have_text("10,000")
    assert rows(page).count() == 60
    rows(page).last.scroll_into_view_if_needed()
    expect(rows(page).nth(100)).to_be_attached()
    assert len(set(rows(page).evaluate_all("all => all.map((row) => row.dataset.key)"))) == rows(page).count()
    tab(page, "notifications").click()
    rows(page).first.click()
    page.get_by_role("link", name="Show more: 180 are not shown").click()
    expect(page.get_by_role("link", name="Show more: 80 are not shown")).to_be_visible()


# live


def test_what_a_python_test_does_appears_by_itself(
    visit: Visit, fake_notify: FakeNotify, send: Callable[..., None]
) -> None:
    page = visit()
    controls = visit("#controls")

    send("Hello")
    fake_notify.fail("notifications.create", status=429, times=2, optional=True)
    fake_notify.fail_delivery(52144, identity="alice")
    fake_notify.clock.freeze("2027-06-01T12:00:00Z")  # type: ignore[arg-type]
    fake_notify.behaviour = Behaviour(identity_limit="evict_oldest")

    expect(rows(page)).to_have_count(1)
    expect(page.locator("#clock")).to_have_text("2027-06-01 12:00:00 UTC")
    expect(page.locator("#frozen")).to_be_visible()
    expect(total(page, "controls")).to_have_text("2")
    expect(section(controls, "Faults")).to_contain_text("Answer 429 to notifications.create, 2 times")
    expect(section(controls, "Outcomes").locator("li")).to_contain_text("alice")
    expect(section(controls, "Clock")).to_contain_text("It stands still at 2027-06-01 12:00:00 UTC")
    expect(controls.locator("#switch-identity_limit")).to_have_value("evict_oldest")


def test_what_is_read_stays_where_it_is_while_more_comes(visit: Visit, send: Callable[..., None]) -> None:
    send(*(f"old {each}" for each in range(50)))
    page = visit()
    expect(rows(page)).to_have_count(50)
    row = page.locator("#rows tbody tr", has_text="old 20")
    row.scroll_into_view_if_needed()
    row.click()
    section(page, "Deliveries").locator("summary").first.click()
    before = row.bounding_box()

    send(*(f"new {each}" for each in range(5)))

    expect(page.locator("#news")).to_have_text("5 new ↑")
    assert row.bounding_box() == pytest.approx(before, abs=1)
    assert section(page, "Deliveries").locator("details").first.get_attribute("open") is not None
    page.locator("#news").click()
    expect(rows(page).first).to_contain_text("new 4")
    expect(page.locator("#news")).to_be_hidden()


def test_a_lost_connection_is_said_and_mended(visit: Visit, send: Callable[..., None]) -> None:
    page = visit(expected=("net::ERR_",))
    page.context.set_offline(True)
    page.route("**/*", lambda route: route.abort())
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # the page opens its stream again

    expect(page.locator("#lost")).to_be_visible()
    send("Hello")
    page.unroute("**/*")
    page.context.set_offline(False)

    expect(page.locator("#live")).to_have_text("Live")
    expect(page.locator("#lost")).to_be_hidden()
    expect(rows(page)).to_have_count(1)


# controls


def test_forms_set_faults_outcomes_clock_and_switches(visit: Visit, fake_notify: FakeNotify, shop: Service) -> None:
    page = visit("#controls", expected=("status of 400",))
    faults, outcomes, clock = (section(page, name) for name in ("Faults", "Outcomes", "Clock"))

    faults.locator("[name=fault]").select_option("latency")
    faults.locator("[name=seconds]").fill("2")
    faults.locator("[name=fault]").select_option("http")
    faults.locator("[name=operation]").select_option("bindings.*")
    faults.locator("[name=status]").fill("503")
    faults.locator("[name=times]").fill("2")
    faults.get_by_role("button", name="Set the fault").click()
    expect(faults.locator("li")).to_contain_text("503")
    [fault] = fake_notify.faults
    assert (fault.operation, fault.times, str(fault.fault)) == ("bindings.*", 2, "http(status=503)")
    faults.get_by_role("button", name="Remove").click()
    expect(faults).to_contain_text("No request goes wrong.")

    outcomes.locator("[name=code]").select_option("52144")
    outcomes.locator("[name=identity]").fill("alice")
    outcomes.get_by_role("button", name="Let deliveries fail").click()
    expect(outcomes.locator("li")).to_contain_text("52144")
    outcomes.get_by_role("button", name="Remove all").click()
    expect(outcomes).to_contain_text("Providers take every delivery.")

    clock.get_by_role("button", name="Freeze").click()
    expect(clock.get_by_role("button", name="Let it run")).to_be_visible()
    before = fake_notify.clock.now()
    clock.locator("[name=amount]").fill("2")
    clock.get_by_role("button", name="Move the clock").click()
    expect(clock.locator("output")).to_have_text("Done.")
    assert (fake_notify.clock.now() - before).total_seconds() == 7200
    clock.get_by_role("button", name="Let it run").click()
    expect(clock).to_contain_text("It shows the time of this machine")
    clock.get_by_role("button", name="Move the clock").click()
    expect(clock).to_contain_text("seconds ahead of this machine")

    page.locator("#switch-identity_limit").select_option("evict_oldest")
    expect(section(page, "Switches").locator("output")).to_have_text("Done.")
    assert fake_notify.behaviour.identity_limit == "evict_oldest"

    outcomes.locator("[name=times]").fill("0")
    outcomes.locator("form").evaluate("form => { form.noValidate = true; form.requestSubmit(); }")
    expect(outcomes.locator("output.bad")).not_to_be_empty()
    assert complaints(page) == []


def test_a_world_is_saved_reset_and_loaded(visit: Visit, fake_notify: FakeNotify, shop: Service, tmp_path: Any) -> None:
    page = visit("#controls")
    page.on("dialog", lambda dialog: dialog.accept())

    with page.expect_download() as download:
        page.get_by_role("link", name="Save as a file").click()
    download.value.save_as(tmp_path / "world.json")
    page.get_by_role("button", name="Reset").click()
    expect(total(page, "services")).to_have_text("0")
    page.locator("[type=file]").set_input_files(tmp_path / "world.json")

    expect(total(page, "services")).to_have_text("1")
    assert [each.sid for each in fake_notify.services] == [shop.sid]


def test_half_a_form_is_not_taken_away(visit: Visit, fake_notify: FakeNotify) -> None:
    page = visit("#controls")
    field = section(page, "Outcomes").locator("[name=identity]")
    field.fill("ali")

    fake_notify.fail("bindings.*", status=429, optional=True)

    expect(section(page, "Faults").locator("li")).to_have_count(1)
    expect(field).to_have_value("ali")
    expect(field).to_be_focused()


# for everybody


def test_the_keyboard_alone_is_enough(visit: Visit, send: Callable[..., None]) -> None:
    send("first", "second", "third")
    page = visit()
    expect(rows(page)).to_have_count(3)

    for key in "jjk":
        page.keyboard.press(key)
    expect(page.locator(":focus")).to_have_text("third")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#detail-title")).to_have_text("second")
    expect(page.locator("#detail-title")).to_be_focused()
    page.keyboard.press("j")
    expect(page.locator("#detail-title")).to_have_text("first")
    page.keyboard.press("Escape")
    expect(page.locator("#detail")).to_be_hidden()
    expect(page.locator(":focus")).to_have_text("first")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    assert complaints(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.locator("#query")).to_be_focused()
    page.keyboard.type("sec")
    expect(rows(page)).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator(":focus")).to_have_text("second")


def test_a_screen_reader_finds_its_way_and_hears_what_comes(visit: Visit, send: Callable[..., None]) -> None:
    page = visit()
    for role, name in (("banner", None), ("main", None), ("navigation", "Tables"), ("search", None)):
        expect(page.get_by_role(role, name=name)).to_have_count(1)
    expect(page.get_by_role("region", name="Notifications")).to_have_count(1)
    expect(page.get_by_role("heading", level=1)).to_have_text("fakenotify inspector")
    send("Hello")
    expect(rows(page)).to_have_count(1)

    send("Hello")

    expect(page.get_by_role("status")).to_have_text("1 new row")


HOSTILE = (
    '<img src=x onerror="window.struck=1">',
    "<script>window.struck=1</script>",
    "javascript:window.struck=1",
    '"><svg onload=window.struck=1>',
    "\u202egnitteg\u202c \u0000\u001b[31m {{7*7}} ${7*7}",
)


def test_hostile_texts_stay_texts_everywhere(visit: Visit, fake_notify: FakeNotify, wire: Any) -> None:
    for text in HOSTILE:
        plain = text.replace("\u0000", "")
        service = fake_notify.create_service(
            plain[:64],
            messaging_service_sid=MESSAGING,
            delivery_callback_url="http://127.0.0.1:9/?" + plain,
            delivery_callback_enabled=True,
        )
        fake_notify.create_credential("fcm", friendly_name=plain[:64])
        fake_notify.create_binding(service.sid, identity=plain, binding_type="sms", address=plain, tags=[plain])
        sent = {"Identity": plain, "Title": text, "Body": text, "Data": json.dumps({text: text})}
        wire.post(f"/v1/Services/{service.sid}/Notifications", sent)
        wire.post(f"/v1/Services/{service.sid}/Bindings", {"Identity": text, text: text, "BindingType": text})
        fake_notify.fail_delivery(52144, identity=plain, address=plain)
    page = visit(f"#notifications?q={'%3Cb%3E'}&open={'%3Cb%3E'}")
    page.locator("#query").fill("")

    for view in TABLES:
        tab(page, view).click()
        expect(page.locator("#list-title")).to_have_text(view.capitalize())
        expect(rows(page).first).to_be_attached()
        for at in range(rows(page).count()):
            rows(page).nth(at).click()
            expect(rows(page).nth(at)).to_have_attribute("aria-current", "true")
            expect(page.locator("#sections details").last).to_contain_text("The record as JSON")
    tab(page, "controls").click()
    expect(section(page, "Outcomes").locator("li")).to_have_count(len(HOSTILE))

    made = page.evaluate("[window.struck, document.images.length, document.scripts.length]")
    assert made == [None, 0, 1]


def test_it_fits_every_screen_and_can_be_read_in_light_and_dark_and_printed(
    visit: Visit, fake_notify: FakeNotify, send: Callable[..., None]
) -> None:
    fake_notify.fail_delivery(52144, identity="alice")
    send("is ready" * 40, identities=[], tags=["all"], title="Table 7", data={"k" * 90: "v" * 300})
    page = visit(reduced_motion="reduce")
    rows(page).first.click()
    expect(section(page, "On the devices").locator("figure").first).to_be_visible()

    for width in (1400, 1024, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert complaints(page) == []

    page.emulate_media(media="print")
    assert page.locator("#tabs").is_hidden()
    assert page.locator("#sections").is_visible()


def test_the_theme_follows_the_system_until_it_is_chosen(visit: Visit, fake_notify: FakeNotify) -> None:
    page = visit(color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)

    page.locator("#theme").select_option("light")
    light = page.evaluate(ground)
    page.reload()

    expect(page.locator("#theme")).to_have_value("light")
    assert (page.evaluate(ground), light != dark) == (light, True)
    page.locator("#theme").select_option("dark")
    assert page.evaluate(ground) == dark


def test_without_javascript_it_says_so_and_leads_to_the_json(visit: Visit, fake_notify: FakeNotify) -> None:
    page = visit(java_script_enabled=False)

    assert page.locator("noscript p").bounding_box()["height"] > 0
    assert "This page needs JavaScript" in page.locator("noscript").text_content()
    assert page.locator("noscript a").first.get_attribute("href") == "/_fake/notifications"
