"""The fixtures beside plugins that replace a test's clock, files or sockets."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

OPTIONS = ("-p", "no:cacheprovider", "-W", "error", "-p", "conftest_plugin", "-p")


@pytest.fixture(autouse=True)
def no_other_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load only the plugins that a test names, so that its run starts faster."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def test_waiting_ends_in_real_time_while_freezegun_stops_every_clock(pytester: pytest.Pytester) -> None:
    pytest.importorskip("freezegun")
    pytester.makepyfile(
        """
        import pytest
        from freezegun import freeze_time

        @freeze_time("2030-01-01")
        def test_waits(fake_notify):
            with pytest.raises(TimeoutError):
                fake_notify.wait_for(lambda: False, timeout=0.05)
            assert fake_notify.create_service().date_created.year == 2030
        """
    )
    pytester.runpytest_inprocess(*OPTIONS, "no:randomly").assert_outcomes(passed=1)


def test_every_fixture_works_where_pyfakefs_hides_the_files(pytester: pytest.Pytester) -> None:
    pytest.importorskip("pyfakefs")
    pytester.makepyfile(
        """
        import urllib.request
        import requests

        def test_asks(fs, intercept_notify):
            made = requests.post("https://notify.twilio.com/v1/Services", auth=(intercept_notify.account_sid, "x"))
            with urllib.request.urlopen(intercept_notify.url + "/_fake/") as page:
                assert b"<html" in page.read().lower()
            assert made.status_code == 201
            intercept_notify.save("/world.json")
            intercept_notify.load("/world.json")
            assert len(intercept_notify.services) == 1

        def test_has_the_real_files_again(fake_notify, tmp_path):
            fake_notify.save(tmp_path / "world.json")
            fake_notify.load(tmp_path / "world.json")
            assert (tmp_path / "world.json").exists()
        """
    )
    pytester.runpytest_subprocess(*OPTIONS, "pyfakefs.pytest_plugin").assert_outcomes(passed=2)


def test_in_process_use_needs_no_socket_where_pytest_socket_forbids_them(pytester: pytest.Pytester) -> None:
    pytest.importorskip("pytest_socket")
    pytester.makepyfile(
        """
        import requests

        def test_asks(intercept_notify):
            made = requests.post("https://notify.twilio.com/v1/Services", auth=(intercept_notify.account_sid, "x"))
            intercept_notify.client(in_process=True).notify.v1.services.create()
            assert len(intercept_notify.services) == 2
        """
    )
    pytester.runpytest_subprocess(*OPTIONS, "pytest_socket", "--disable-socket").assert_outcomes(passed=1)
