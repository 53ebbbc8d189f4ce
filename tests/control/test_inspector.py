"""The inspector in a real Chromium: what a person sees, clicks and types, and what changes by itself.

Needs Debian's ``chromium`` (or another that the variable ``CHROMIUM`` names) and the extra ``browser``; skipped
where they are missing.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from functools import cached_property
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
LONG = 20_000  # milliseconds after which a page that has not changed is broken
MESSAGING = "MG" + "3f" * 16
OTHER_SID = "AC" + "b" * 32
TABLES = ["notifications", "deliveries", "requests", "alerts", "callbacks", "services", "bindings", "credentials"]
BINDINGS = (
    ("alice", "apn", "a7c6" * 16, ["vip", "lunch"]),
    ("bob", "fcm", "fR4kTq9s:APA91b", ["lunch"]),
    ("dave", "sms", "+15005550006", ["vip"]),
    ("erin", "facebook-messenger", "1020304050", []),
    ("frank", "alexa", "amzn1.ask.account.AGF7", []),
)

expect: Any = playwright.expect
Page = Any


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A browser for the tests of this module."""
    with playwright.sync_playwright() as driver:
        expect.set_options(timeout=LONG)
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Desk:
    """A fake, and windows in which its inspector is open."""

    def __init__(self, browser: Any, fake: FakeNotify) -> None:
        self.fake = fake
        self.contexts: list[Any] = []
        self.said: list[str] = []
        self._browser = browser

    def open(self, address: str = "", expected: str = "nothing", **given: Any) -> Page:
        """The inspector in a window of its own; ``expected`` is what its console may log."""
        context = self._browser.new_context(viewport={"width": 1400, "height": 900}, **given)
        self.contexts.append(context)
        context.set_default_timeout(LONG)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = context.new_page()
        page.on("console", lambda message: expected in message.text or self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.goto(f"{self.fake.url}/_fake/{address}")
        if given.get("java_script_enabled", True):
            expect(page.locator("#live")).to_have_text("Live")
        return page

    @cached_property
    def shop(self) -> Service:
        """A Service that can send to every channel, with a device on each."""
        credentials: dict[str, Any] = {
            f"{kind}_credential_sid": self.fake.create_credential(kind, friendly_name=f"our {kind}").sid
            for kind in ("apn", "fcm", "gcm")
        }
        pages = {"facebook_messenger_page_id": "20491", "alexa_skill_id": "amzn1.ask.skill.7"}
        service = self.fake.create_service("Bistro Aurora", messaging_service_sid=MESSAGING, **pages, **credentials)
        for identity, kind, address, tags in BINDINGS:
            self.fake.create_binding(service.sid, identity=identity, binding_type=kind, address=address, tags=tags)  # type: ignore[arg-type]
        return service

    def send(self, *bodies: str, **given: Any) -> None:
        """Send a Notification to alice for each of these texts."""
        for body in bodies:
            self.fake.create_notification(self.shop.sid, **{"identities": ["alice"], "body": body, **given})


@pytest.fixture
def desk(chromium: Any, fake_notify: FakeNotify) -> Iterator[Desk]:
    """At the end, no page has written to its console."""
    desk = Desk(chromium, fake_notify)
    yield desk
    for context in desk.contexts:
        context.close()
    assert desk.said == []


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


def test_an_empty_world_says_what_to_do_next(desk: Desk) -> None:
    page = desk.open()
    expect(page.locator("#note")).to_contain_text(f"{desk.fake.url}/v1/Services -d FriendlyName=demo")
    assert complaints(page) == []


def test_without_javascript_it_says_so_and_links_to_the_json(desk: Desk) -> None:
    page = desk.open(java_script_enabled=False)
    assert page.locator("noscript p").bounding_box()["height"] > 0
    assert "This page needs JavaScript" in page.locator("noscript").text_content()
    assert page.locator("noscript a").first.get_attribute("href") == "/_fake/notifications"


def test_twenty_notifications_fit_on_the_screen_one_in_a_line(desk: Desk) -> None:
    desk.send(*["is ready " * 20] * 30, title="Table 7")
    page = desk.open()
    expect(rows(page)).to_have_count(30)
    bottoms = rows(page).evaluate_all("all => all.map((row) => row.getBoundingClientRect().bottom)")
    assert sum(each <= 900 for each in bottoms) >= 20
    shown = rows(page).first.locator("td").all_inner_texts()
    assert shown[1:7] == [f"Table 7 {'is ready ' * 19}is ready", "alice", "APN", "1", "0", "4"]


def test_a_notification_is_shown_with_its_results(desk: Desk, wire: Any) -> None:
    desk.fake.fail_delivery(52144, identity="alice")
    wire.post(f"/v1/Services/{desk.shop.sid}/Notifications", {"Tag": "vip", "Title": "Table 7", "Body": "is ready"})
    page = desk.open()
    rows(page).first.click()
    expect(page.locator("#detail-title")).to_have_text("Table 7: is ready")
    expect(page.locator("#sections")).to_contain_text("1 sent, 1 failed, 3 skipped")
    expect(section(page, "On the devices").locator("figure")).to_contain_text("is ready")  # dave's alone
    expect(section(page, "Deliveries").locator(".trouble")).to_contain_text("52144")
    expect(section(page, "Who did not receive it").locator("li")).to_have_count(1)
    expect(section(page, "Who did not receive it")).to_contain_text("bob, erin, frank")
    section(page, "The request that created it").get_by_text("Copy as curl").first.click()
    section(page, "The request that created it").get_by_role("button", name="Copy as curl").click()
    copied = "async () => (await navigator.clipboard.readText()).includes(`--data-urlencode 'Title=Table 7'`)"
    page.wait_for_function(copied)
    section(page, "Deliveries").locator("summary").first.click()
    expect(section(page, "Deliveries").locator("pre").first).to_contain_text("Table 7")
    assert complaints(page) == []


def test_a_data_message_is_drawn_as_data_and_a_notification_as_a_card(desk: Desk) -> None:
    desk.send("is ready", identities=["bob"], title="Table 7", data={"table": "7"})
    desk.send("", identities=["bob"], fcm={"message": {"notification": {"title": "Table 8", "body": "is ready"}}})
    page = desk.open(f"#notifications?open={desk.fake.notifications[0].sid}")
    drawn = section(page, "On the devices").locator("figure")
    expect(drawn).to_have_class("data")
    expect(drawn).to_contain_text("the app decides what to show")
    assert json.loads(drawn.locator("pre").inner_text())["table"] == "7"
    page.goto(page.url.partition("#")[0] + f"#notifications?open={desk.fake.notifications[1].sid}")
    expect(drawn).to_have_class("card fcm")
    expect(drawn.locator(".screen")).to_have_text("Bistro AuroraTable 8is ready")


def test_a_refused_request_says_which_rule_or_fault_refused_it_and_how_sure_we_are(desk: Desk, wire: Any) -> None:
    wire.post(f"/v1/Services/{desk.shop.sid}/Bindings", {"Identity": "zoe", "Colour": "red"})
    desk.fake.fail("bindings.*", status=429, times=1)
    wire.post(f"/v1/Services/{desk.shop.sid}/Bindings", {"Identity": "zoe"})
    page = desk.open("#requests")
    rows(page).first.click()
    expect(page.locator("#sections .facts").first).to_contain_text("Answer 429 to bindings.create")
    rows(page).last.click()
    expect(section(page, "Parameters")).to_contain_text("Colour")
    expect(section(page, "Warnings")).to_contain_text("Colour")
    expect(section(page, "Why it was refused")).to_contain_text("How sure")
    assert complaints(page) == []


def test_alerts_callbacks_services_bindings_and_credentials_are_shown_in_detail(desk: Desk) -> None:
    desk.send("Hello", delivery_callback_url="http://127.0.0.1:9/hook")
    desk.fake.wait_for(lambda: any(each.attempts for each in desk.fake.callbacks))
    desk.send(*["Hello"] * 12, identities=["nobody"])
    page = desk.open("#alerts")
    rows(page).filter(has_text="× 12").click()
    expect(section(page, "Alerts (12)").locator("li")).to_have_count(12)
    page.locator("#sections .lines li a").last.click()
    expect(page.locator("#tabs [aria-current]")).to_contain_text("Notifications")
    tab(page, "callbacks").click()
    rows(page).first.click()
    expect(section(page, "Attempts")).to_contain_text("refused")
    expect(section(page, "DeliveryState")).to_contain_text("alice")
    tab(page, "services").click()
    rows(page).first.click()
    expect(section(page, "Users").locator("li")).to_have_count(5)
    section(page, "Bindings").get_by_role("link", name="alice").click()
    expect(page.locator("#detail-title")).to_have_text("alice, APN")
    expect(section(page, "Deliveries").locator("li")).to_have_count(1)
    tab(page, "credentials").click()
    rows(page).first.click()
    expect(page.locator("#detail-title")).to_have_text("our gcm")
    assert complaints(page) == []


# search and address


def test_the_search_is_typed_in_one_field_and_the_tabs_follow_it(desk: Desk) -> None:
    desk.send("Soup")
    desk.send("Soup", "Bread", identities=["erin"], tags=["vip"])
    page = desk.open(expected="status of 400")
    for search, counts in (("alice", "1 0 1"), ("identity:erin soup", "1 – 0"), ("tag:vip", "2 – 2")):
        page.keyboard.press("/")
        page.keyboard.type(search)
        for name, count in zip(("notifications", "services", "bindings"), counts.split(), strict=True):
            expect(total(page, name)).to_have_text(count)
        page.keyboard.press("Escape")
    tab(page, "credentials").click()
    expect(page.locator("#note .bad")).to_have_text("credentials have no tag; their fields are type")


def test_the_address_has_the_whole_view_and_the_back_button_works(desk: Desk) -> None:
    desk.send("Soup", "Bread")
    page = desk.open()
    page.locator("#query").fill("soup")
    expect(rows(page)).to_have_count(1)
    rows(page).first.click()
    expect(page.locator("#detail-title")).to_have_text("Soup")
    other = desk.open(page.url.partition("/_fake/")[2])
    expect(other.locator("#detail-title")).to_have_text("Soup")
    expect(other.locator("#query")).to_have_value("soup")
    page.go_back()
    expect(page.locator("#detail")).to_be_hidden()
    page.go_back()
    expect(page.locator("#query")).to_have_value("")
    expect(rows(page)).to_have_count(2)


def test_the_account_can_be_chosen(desk: Desk) -> None:
    desk.fake.create_service("mine")
    desk.fake.account(OTHER_SID, "x").create_service("theirs")
    page = desk.open("#services")
    expect(rows(page)).to_have_count(2)
    page.locator("#account").select_option(OTHER_SID)
    expect(rows(page)).to_have_count(1)
    expect(rows(page).first).to_contain_text("theirs")
    expect(total(page, "services")).to_have_text("1")


def test_only_the_visible_rows_of_a_long_table_are_read(desk: Desk) -> None:
    for each in range(200):
        desk.fake.create_binding(
            desk.shop.sid, identity=f"u{each}", binding_type="sms", address=f"+1500{each:07}", tags=["many"]
        )
    desk.send(*map(str, range(50)), identities=[], tags=["many"])
    page = desk.open("#deliveries")
    expect(total(page, "deliveries")).to_have_text("10,000")
    expect(rows(page)).to_have_count(60)
    rows(page).last.scroll_into_view_if_needed()
    expect(rows(page).nth(100)).to_be_attached()
    keys = rows(page).evaluate_all("all => all.map((row) => row.dataset.key)")
    assert len(set(keys)) == len(keys) > 60
    tab(page, "notifications").click()
    rows(page).first.click()
    page.get_by_role("link", name="Show more: 180 are not shown").click()
    expect(page.get_by_role("link", name="Show more: 80 are not shown")).to_be_visible()


# live


def test_what_a_python_test_does_appears_and_leaves_a_half_filled_form_alone(desk: Desk) -> None:
    page = desk.open()
    controls = desk.open("#controls")
    field = section(controls, "Outcomes").locator("[name=identity]")
    field.fill("ali")
    desk.send("Hello")
    desk.fake.fail("notifications.create", status=429, times=2, optional=True)
    desk.fake.fail_delivery(52144, identity="alice")
    desk.fake.clock.freeze("2027-06-01T12:00:00Z")  # type: ignore[arg-type]
    desk.fake.behaviour = Behaviour(identity_limit="evict_oldest")
    expect(rows(page)).to_have_count(1)
    expect(page.locator("#clock")).to_have_text("2027-06-01 12:00:00 UTC")
    expect(page.locator("#frozen")).to_be_visible()
    expect(total(page, "controls")).to_have_text("2")
    expect(section(controls, "Faults")).to_contain_text("Answer 429 to notifications.create, 2 times")
    expect(section(controls, "Outcomes").locator("li")).to_contain_text("alice")
    expect(section(controls, "Clock")).to_contain_text("It is frozen at 2027-06-01 12:00:00 UTC")
    expect(controls.locator("#switch-identity_limit")).to_have_value("evict_oldest")
    expect(field).to_have_value("ali")
    expect(field).to_be_focused()


def test_the_rows_that_somebody_reads_stay_in_place_while_more_arrive(desk: Desk) -> None:
    desk.send(*(f"old {each}" for each in range(50)))
    page = desk.open()
    expect(rows(page)).to_have_count(50)
    row = page.locator("#rows tbody tr", has_text="old 20")
    row.scroll_into_view_if_needed()
    row.click()
    section(page, "Deliveries").locator("summary").first.click()
    before = row.bounding_box()
    desk.send(*(f"new {each}" for each in range(5)))
    expect(page.locator("#news")).to_have_text("5 new ↑")
    assert row.bounding_box() == pytest.approx(before, abs=1)
    expect(section(page, "Deliveries").locator("details").first).to_have_attribute("open", "")
    page.locator("#news").click()
    expect(rows(page).first).to_contain_text("new 4")
    expect(page.locator("#news")).to_be_hidden()


def test_a_lost_connection_is_shown_and_restored(desk: Desk) -> None:
    page = desk.open(expected="net::ERR_")
    page.context.set_offline(True)
    page.route("**/*", lambda route: route.abort())
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # the page opens its stream again
    expect(page.locator("#lost")).to_be_visible()
    desk.send("Hello")
    page.unroute("**/*")
    page.context.set_offline(False)
    expect(page.locator("#live")).to_have_text("Live")
    expect(page.locator("#lost")).to_be_hidden()
    expect(rows(page)).to_have_count(1)


# controls


def test_forms_set_faults_outcomes_clock_and_switches(desk: Desk) -> None:
    page = desk.open("#controls", expected="status of 400")
    faults, outcomes, clock = (section(page, name) for name in ("Faults", "Outcomes", "Clock"))
    faults.locator("[name=fault]").select_option("latency")
    faults.locator("[name=seconds]").fill("2")
    faults.locator("[name=fault]").select_option("http")
    faults.locator("[name=operation]").select_option("bindings.*")
    faults.locator("[name=status]").fill("503")
    faults.locator("[name=times]").fill("2")
    faults.get_by_role("button", name="Inject the fault").click()
    expect(faults.locator("li")).to_contain_text("503")
    [fault] = desk.fake.faults
    assert (fault.operation, fault.times, str(fault.fault)) == ("bindings.*", 2, "http(status=503)")
    faults.get_by_role("button", name="Remove").click()
    expect(faults).to_contain_text("No faults are injected.")
    outcomes.locator("[name=code]").select_option("52144")
    outcomes.locator("[name=identity]").fill("alice")
    outcomes.get_by_role("button", name="Make deliveries fail").click()
    expect(outcomes.locator("li")).to_contain_text("52144")
    outcomes.get_by_role("button", name="Remove all").click()
    expect(outcomes).to_contain_text("Providers accept every delivery.")
    clock.get_by_role("button", name="Freeze").click()
    expect(clock.get_by_role("button", name="Resume")).to_be_visible()
    before = desk.fake.clock.now()
    clock.locator("[name=amount]").fill("2")
    clock.get_by_role("button", name="Move the clock").click()
    expect(clock.locator("output")).to_have_text("Done.")
    assert (desk.fake.clock.now() - before).total_seconds() == 7200
    clock.get_by_role("button", name="Resume").click()
    expect(clock).to_contain_text("It shows this machine's time")
    clock.get_by_role("button", name="Move the clock").click()
    expect(clock).to_contain_text("seconds ahead of this machine")
    page.locator("#switch-identity_limit").select_option("evict_oldest")
    expect(section(page, "Switches").locator("output")).to_have_text("Done.")
    assert desk.fake.behaviour.identity_limit == "evict_oldest"
    outcomes.locator("[name=times]").fill("0")
    outcomes.locator("form").evaluate("form => { form.noValidate = true; form.requestSubmit(); }")
    expect(outcomes.locator("output.bad")).not_to_be_empty()
    desk.fake.clock.shift(hours=5)
    expect(clock).to_contain_text("21,600 seconds ahead")
    expect(outcomes.locator("output.bad")).not_to_be_empty()
    assert complaints(page) == []


def test_a_world_is_saved_reset_and_loaded(desk: Desk, tmp_path: Any) -> None:
    shop = desk.shop
    page = desk.open("#controls")
    page.on("dialog", lambda dialog: dialog.accept())
    with page.expect_download() as download:
        page.get_by_role("link", name="Save as a file").click()
    download.value.save_as(tmp_path / "world.json")
    page.get_by_role("button", name="Reset").click()
    expect(total(page, "services")).to_have_text("0")
    page.locator("[type=file]").set_input_files(tmp_path / "world.json")
    expect(total(page, "services")).to_have_text("1")
    assert [each.sid for each in desk.fake.services] == [shop.sid]


# for everybody


def test_keys_for_rows_do_nothing_where_there_are_none(desk: Desk) -> None:
    page = desk.open("#controls")
    for key in "jk":
        page.keyboard.press(key)
    expect(page.locator("#detail-title")).to_have_text("Controls")


def test_the_keyboard_alone_is_enough(desk: Desk) -> None:
    desk.send("first", "second", "third")
    page = desk.open()
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


def test_a_screen_reader_finds_its_way_and_announces_new_rows(desk: Desk) -> None:
    page = desk.open()
    for role, name in (("banner", None), ("main", None), ("navigation", "Tables"), ("search", None)):
        expect(page.get_by_role(role, name=name)).to_have_count(1)
    expect(page.get_by_role("region", name="Notifications")).to_have_count(1)
    expect(page.get_by_role("heading", level=1)).to_have_text("fakenotify inspector")
    desk.send("Hello")
    expect(rows(page)).to_have_count(1)
    desk.send("Hello")
    expect(page.get_by_role("status")).to_have_text("1 new row")


HOSTILE = (
    '<img src=x onerror="window.struck=1">',
    "<script>window.struck=1</script>",
    "javascript:window.struck=1",
    '"><svg onload=window.struck=1>',
    "\u202egnitteg\u202c \u0000\u001b[31m {{7*7}} ${7*7}",
)


def test_hostile_texts_stay_texts_everywhere(desk: Desk, wire: Any) -> None:
    for text in HOSTILE:
        plain = text.replace("\u0000", "")
        service = desk.fake.create_service(
            plain[:64],
            messaging_service_sid=MESSAGING,
            delivery_callback_url="http://127.0.0.1:9/?" + plain,
            delivery_callback_enabled=True,
        )
        desk.fake.create_credential("fcm", friendly_name=plain[:64])
        desk.fake.create_binding(service.sid, identity=plain, binding_type="sms", address=plain, tags=[plain])
        sent = {"Identity": plain, "Title": text, "Body": text, "Data": json.dumps({text: text})}
        wire.post(f"/v1/Services/{service.sid}/Notifications", sent)
        wire.post(f"/v1/Services/{service.sid}/Bindings", {"Identity": text, text: text, "BindingType": text})
        desk.fake.fail_delivery(52144, identity=plain, address=plain)
    page = desk.open(f"#notifications?q={'%3Cb%3E'}&open={'%3Cb%3E'}")
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
    assert page.evaluate("[window.struck, document.images.length, document.scripts.length]") == [None, 0, 1]


def test_it_fits_every_screen_and_can_be_read_in_light_and_dark_and_printed(desk: Desk) -> None:
    desk.fake.fail_delivery(52144, identity="alice")
    desk.send("is ready" * 40, identities=[], tags=["all"], title="Table 7", data={"k" * 90: "v" * 300})
    page = desk.open(reduced_motion="reduce")
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


def test_the_theme_follows_the_system_until_it_is_chosen(desk: Desk) -> None:
    page = desk.open(color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.locator("#theme").select_option("light")
    light = page.evaluate(ground)
    page.reload()
    expect(page.locator("#theme")).to_have_value("light")
    assert (page.evaluate(ground), light != dark) == (light, True)
    page.locator("#theme").select_option("dark")
    assert page.evaluate(ground) == dark
