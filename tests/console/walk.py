"""A walk through the console in a browser. Reads API, KEY and LINK from the environment."""

import gzip
import json
import os
import shutil
import sys
import time
import urllib.request

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

API, KEY, LINK = os.environ["API"], os.environ["KEY"], os.environ["LINK"]
SHOTS = sys.argv[1]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
GRAVE = ("serious", "critical")

problems = []


def check(holds, what):
    if not holds:
        problems.append(what)


def api(method, path):
    request = urllib.request.Request(API + path, method=method, headers={"Authorization": f"Bearer {KEY}"})
    with urllib.request.urlopen(request) as answer:
        text = answer.read()
        return json.loads(text) if text else None


def watch(page):
    """Collects errors, and requests that leave the server."""
    def said(message):
        is_missing_page = "404" in message.text and "/missing" in page.url
        if message.type in ("error", "warning") and not is_missing_page:
            problems.append(f"{page.url} said: {message.text}")

    def asked(request):
        check(request.url.startswith(API), f"{page.url} asked for {request.url}")

    page.on("console", said)
    page.on("request", asked)
    page.on("pageerror", lambda error: problems.append(f"{page.url} failed: {error}"))


def sign_in(context):
    page = context.new_page()
    watch(page)
    page.goto(API + "/")
    check(page.url == API + "/sign-in", f"whoever is not signed in is at {page.url}")
    page.fill("#credential", KEY)
    page.keyboard.press("Enter")
    page.wait_for_url(API + "/")
    return page


def by_link(context):
    page = context.new_page()
    watch(page)
    page.goto(LINK)
    check(page.url == API + "/", f"the link leads to {page.url}")
    check(page.locator("h1").inner_text() == "Start", "the link shows the start page")
    context.clear_cookies()
    answer = urllib.request.Request(LINK)
    try:
        urllib.request.urlopen(answer)
        problems.append("the link signs in twice")
    except urllib.error.HTTPError as error:
        check(error.code == 401, f"the link, followed again: {error.code}")


def search(page):
    """Searches for places, after the price."""
    page.goto(API + "/find")
    page.fill("#business_type", "florist")
    page.fill("#location", "Houston, TX")
    page.click("text=Show the price")
    check("US dollars" in page.locator("main").inner_text(), "a search says its price")
    page.click("main button:has-text('Search')")
    page.wait_for_selector(".state.completed")
    page.wait_for_selector("svg.map circle")
    check(page.locator("svg.map circle").count() == page.locator("tbody tr").count(), "each place is on the map")
    return page.url.removeprefix(API)


def scan(page):
    """Scans a slow site, and sees the job end without loading the page anew."""
    page.goto(API + "/find")
    page.fill("#domains", "slow.demo.test\nno domain")
    page.click("button:has-text('Scan')")
    check("no domain" in page.locator("table").inner_text(), "a line that is not a domain is listed")
    page.click("text=Follow the jobs")
    page.evaluate("window.kept = true")
    page.wait_for_selector("#list .state.completed", timeout=60_000)
    check(page.evaluate("window.kept === true"), "the list of jobs moves without being loaded anew")


def curate(page):
    """Decides about leads by keyboard and in bulk, and undoes it."""
    page.goto(API + "/leads?sort=name")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    check(page.locator("tbody input:checked").count() == 1, "x ticks the lead")
    page.keyboard.press("x")
    name = page.locator("tr.here a").inner_text()
    for key, status in (("s", "selected"), ("m", "maybe"), ("n", "not_a_fit"), ("a", "archived")):
        page.keyboard.press(key)
        page.locator("tr.here", has_text=status).wait_for()
        check("1 lead was changed" in page.locator(".notice").inner_text(), f"{key} changes the lead")
        check(page.locator("tr.here a").inner_text() == name, f"{key} stays at the lead")
    page.keyboard.press("?")
    check(page.locator("#keys dl").is_visible(), "? shows the keys")
    page.goto(API + "/leads?q=Business+1&sort=name")
    page.click("summary:has-text('Saved views')")
    page.fill("#view_name", "Walked")
    page.click("button:has-text('Save the view')")
    page.goto(API + "/leads")
    page.click("#views a:has-text('Walked')")
    check(page.input_value("#q") == "Business 1", f"a saved view has its filter: {page.url}")
    total = int(page.locator("p.hint").first.inner_text().split()[0])
    page.select_option("#scope", "matching")
    page.fill("#add_tag", "walked")
    page.click("button:has-text('Change')")
    check(f"{total} leads were changed" in page.locator(".notice").inner_text(), "all that match are changed")
    check(page.locator(".chip.tag").count() == min(total, 50), "their tags are shown")
    page.click("text=Undo")
    page.goto(API + "/leads?tag=walked")
    check("No leads match" in page.locator("main").inner_text(), "the change is undone")
    page.keyboard.press("/")
    check(page.evaluate("document.activeElement.id") == "q", "/ goes to the search")


def export(page):
    """Exports what the list shows, with a column less."""
    page.goto(API + "/leads?q=Business+1")
    page.keyboard.press("e")
    page.uncheck("#export input[value=domain]")
    with page.expect_download() as waits:
        page.click("#export button")
    text = open(waits.value.path(), encoding="utf-8-sig").read()
    check(text.startswith("name,website,email,"), f"the file begins with {text[:40]}")
    check("Business 1" in text, "the file has what the list shows")


def schedules(page):
    """Makes a schedule, pauses and resumes it, and runs it at once."""
    page.goto(API + "/schedules")
    page.fill("#name", "weekly walk")
    page.select_option("#days", "* * 1")
    page.fill("#time_zone", "Europe/Berlin")
    page.select_option("#status", "")
    page.click("button:has-text('Create the schedule')")
    check("Europe/Berlin" in page.locator("dl").inner_text(), "the schedule is said in words")
    check("It has not run yet" in page.locator("main").inner_text(), "a new schedule has no runs")
    here = page.url.removeprefix(API)
    page.click("button:has-text('Pause')")
    check("paused" in page.locator("dl").inner_text(), "the schedule is paused")
    page.click("button:has-text('Resume')")
    check("paused" not in page.locator("dl").inner_text(), "the schedule is resumed")
    page.click("button:has-text('Run now')")
    check("started" in page.locator("tbody").inner_text(), "the run is listed")
    page.click("tbody a")
    check("batch_id=" in page.url, f"a run leads to its jobs: {page.url}")
    return here


def webhooks(page):
    """Makes a webhook, tests it, pauses and enables it."""
    page.goto(API + "/webhooks")
    page.fill("#url", "https://receiver.demo.test/hook")
    page.click("button:has-text('Create the webhook')")
    check(page.locator("pre.secret").inner_text().startswith("whsec_"), "the secret is shown once")
    page.click("text=The receiver has it")
    page.click("button:has-text('Send a test call')")
    page.wait_for_selector("#list tbody tr")
    check("webhook tested" in page.locator("#list").inner_text(), "the test call is among the deliveries")
    here = page.url.removeprefix(API)
    page.click("summary:has-text('Pause')")
    page.click("button.grave:has-text('Pause')")
    check("paused" in page.locator("dl").inner_text(), "the webhook is paused")
    page.click("button:has-text('Enable')")
    check("enabled" in page.locator("dl").inner_text(), "the webhook is enabled")
    return here


def settings(page):
    """Makes and revokes a key, suppresses an address, and looks at the effect of other points."""
    page.goto(API + "/settings/keys")
    page.fill("#name", "walker")
    page.check("input[value=read]")
    page.click("button:has-text('Create the key')")
    check(page.locator("pre.secret").inner_text().startswith("sky_"), "the key is shown once")
    page.click("text=I have kept it")
    row = page.locator("tr", has_text="walker")
    row.locator("summary").click()
    row.locator("button.grave").click()
    check("revoked" in page.locator("tr", has_text="walker").inner_text(), "the key is revoked")
    page.goto(API + "/settings/suppressions")
    page.fill("#what", "left-out@demo.test")
    page.click("button:has-text('Suppress')")
    check("left-out@demo.test" in page.locator("table").inner_text(), "the address is suppressed")
    page.goto(API + "/settings/scoring")
    page.fill("#no_https", "99")
    page.click("button:has-text('Preview')")
    check("another score" in page.locator("main").inner_text(), "the effect of other points is shown")
    page.click("text=Leave them as they are")
    check(page.input_value("#no_https") != "99", "nothing was changed")
    page.goto(API + "/settings/audit")
    check("key revoke" in page.locator("table").inner_text(), "the audit log says who did what")


def bulk(page):
    """Sees how many jobs would be tried again, and goes back."""
    page.goto(API + "/jobs?status=failed")
    page.click("text=Try all that failed again")
    check("match" in page.locator("main p").first.inner_text(), "the number comes first")
    page.click("text=Back to the jobs")
    check(page.url.endswith("/jobs?status=failed"), f"the filter is kept: {page.url}")


def weigh(page, path):
    """Adds up what a page and all that it loads take, compressed as a proxy does it."""
    parts = [path, "/console/htmx.js", "/console/console.js", "/console/console.css", "/console/icon.svg"]
    total = sum(len(gzip.compress(page.request.get(API + part).body())) for part in parts)
    check(total < 60_000, f"{path} takes {total} bytes")


def open_lead(page):
    page.goto(API + "/leads?sort=-last_scan_at")
    page.click("tbody a")
    page.wait_for_load_state()
    page.fill("#notes", "call again")
    page.click("button:has-text('Save')")
    page.wait_for_load_state()
    check(page.locator("#notes").input_value() == "call again", "a note is kept")
    return page.url.removeprefix(API)


def look(browser, paths):
    """Looks at each page in each width and theme."""
    for theme in ("light", "dark"):
        for width in (1280, 390):
            context = browser.new_context(viewport={"width": width, "height": 850}, color_scheme=theme, locale="en-GB")
            page = sign_in(context)
            for name, path in paths.items():
                page.goto(API + path)
                page.screenshot(path=f"{SHOTS}/{name}-{theme}-{width}.png", full_page=True)
                wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
                check(not wide, f"{path} is cut off at {width} pixels")
                for fault in Axe().run(page).response["violations"]:
                    if fault["impact"] in GRAVE:
                        where = fault["nodes"][0]["html"]
                        problems.append(f"{path} in {theme} at {width}: {fault['id']}, {where}")
            context.close()


def revoke(page):
    """The key is revoked, and whoever signed in with it is out."""
    own = api("GET", "/api/v1/me")["caller"]["id"]
    api("DELETE", f"/api/v1/keys/{own}")
    begun = time.monotonic()
    while time.monotonic() - begun < 5:
        page.goto(API + "/leads")
        if page.url == API + "/sign-in":
            return
        time.sleep(0.2)
    problems.append("a revoked key is still signed in after 5 s")


with sync_playwright() as playwright:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert found, f"none of {BROWSERS} is installed"
    browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
    by_link(browser.new_context())
    page = sign_in(browser.new_context())
    found = search(page)
    scan(page)
    curate(page)
    export(page)
    schedule = schedules(page)
    webhook = webhooks(page)
    settings(page)
    bulk(page)
    lead = open_lead(page)
    job = api("GET", "/api/v1/jobs?limit=1")["items"][0]["id"]
    look(browser, {
        "sign-in": "/sign-in",
        "start": "/",
        "leads": "/leads",
        "lead": lead,
        "find": "/find",
        "jobs": "/jobs",
        "job": f"/jobs/{job}",
        "cancel": "/jobs/change?what=cancel",
        "search": found,
        "schedules": "/schedules",
        "schedule": schedule,
        "webhooks": "/webhooks",
        "webhook": webhook,
        "settings": "/settings",
        "keys": "/settings/keys",
        "suppressions": "/settings/suppressions",
        "scoring": "/settings/scoring",
        "audit": "/settings/audit",
        "missing": "/missing",
    })
    for path in ("/", "/leads", lead, "/jobs", found, schedule, webhook, "/settings/scoring"):
        weigh(page, path)
    revoke(page)
    browser.close()

for problem in problems:
    print(problem)
print(f"{len(problems)} problems; the screenshots are in {SHOTS}")
sys.exit(1 if problems else 0)
