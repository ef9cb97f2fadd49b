"""A walk through the console in a browser. Reads API, KEY and LINK from the environment."""

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
    page.select_option("#new_status", "selected")
    page.click("button:has-text('Change')")
    check("1 lead was changed" in page.locator(".notice").inner_text(), "the page says how many were changed")
    page.goto(API + "/leads?q=Business+1&sort=name")
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
    search(page)
    scan(page)
    curate(page)
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
        "missing": "/missing",
    })
    revoke(page)
    browser.close()

for problem in problems:
    print(problem)
print(f"{len(problems)} problems; the screenshots are in {SHOTS}")
sys.exit(1 if problems else 0)
