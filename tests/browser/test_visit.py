"""What the tests of pages rest on: that a page's faults are seen."""


def test_an_error_on_the_console_is_seen(visit):
    seen = visit()
    seen.page.set_content("<script>console.error('broken')</script>")
    assert seen.console_errors == ["broken"]


def test_an_exception_in_a_script_is_seen(visit):
    seen = visit()
    seen.page.set_content("<script>throw new Error('thrown')</script>")
    assert seen.console_errors == ["thrown"]


def test_a_request_to_another_host_is_seen_and_refused(visit):
    seen = visit()
    seen.page.set_content("<img src='https://example.invalid/a.png'>")
    assert seen.external_requests == ["https://example.invalid/a.png"]
    assert "ERR_FAILED" in seen.console_errors[0]


def test_a_page_from_disk_has_nothing_external(visit, tmp_path):
    (tmp_path / "page.html").write_text("<img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>")
    seen = visit()
    seen.page.goto((tmp_path / "page.html").as_uri())
    assert seen.requests
    assert not seen.external_requests
