//! The console: who gets in, who is kept out, and that nothing scraped becomes markup.

mod hostile;
mod schedules;
mod settings;
mod start;
mod views;
mod webhooks;

use std::time::Duration;

use database::models::enums::Scope;
use rocket::http::{ContentType, Header, Method};
use scraper::{Html, Selector};

use crate::callers::pages::{PAGES, changes, cookie_of, sign_in};
use crate::support::app::TestApp;
use crate::support::database::eventually;
use crate::support::tenants::Agency;

/// What a browser shows, or why it does not.
pub struct Shown {
    pub status: u16,
    location: Option<String>,
    policy: Option<String>,
    pub text: String,
}

/// A browser with a cookie.
pub struct Browser<'a> {
    app: &'a TestApp,
    cookie: String,
}

impl<'a> Browser<'a> {
    pub async fn of(app: &'a TestApp, agency: &Agency, scopes: &[Scope]) -> Self {
        let key = app.key(agency, scopes).await;
        let cookie = sign_in(app, &key).await.expect("the key signs in");
        Self { app, cookie }
    }

    pub async fn get(&self, path: &str) -> Shown {
        self.send(Method::Get, path, "", &[("Sec-Fetch-Site", "same-origin")])
            .await
    }

    async fn post(&self, path: &str, form: &str) -> Shown {
        self.send(Method::Post, path, form, &[("Sec-Fetch-Site", "same-origin")])
            .await
    }

    async fn send(&self, method: Method, path: &str, form: &str, headers: &[(&'static str, &'static str)]) -> Shown {
        let mut request = self.app.client().req(method, path.to_owned());
        if let Some(cookie) = cookie_of(&self.cookie) {
            request = request.cookie(cookie);
        }
        request.add_header(Header::new("Accept", "text/html"));
        request.add_header(Header::new("Host", "console.test"));
        for (name, value) in headers {
            request.add_header(Header::new(*name, *value));
        }
        if method == Method::Post {
            request.add_header(ContentType::Form);
        }
        let response = request.body(form).dispatch().await;
        let header = |name| response.headers().get_one(name).map(str::to_owned);
        Shown {
            status: response.status().code,
            location: header("Location"),
            policy: header("Content-Security-Policy"),
            text: response.into_string().await.unwrap_or_default(),
        }
    }
}

/// The jobs of everybody, so that a change by a forged request is seen.
async fn states(app: &TestApp) -> Vec<String> {
    app.texts("SELECT job_id || ' ' || status || ' ' || coalesce(cancel_requested_at::text, '') FROM jobs ORDER BY 1")
        .await
}

#[tokio::test]
async fn a_key_signs_in_and_whoever_is_not_signed_in_is_led_to_the_form() {
    let app = TestApp::new().await;
    let agency = app.agency("acme").await.agency;
    let stranger = Browser {
        app: &app,
        cookie: String::new(),
    };
    for page in PAGES.iter().filter(|page| page.path == "/" || page.path == "/jobs") {
        let shown = stranger.get(page.path).await;
        assert_eq!(
            (shown.status, shown.location.as_deref()),
            (303, Some("/sign-in")),
            "{}",
            page.path
        );
    }
    let form = stranger.get("/sign-in").await;
    assert_eq!(form.status, 200);
    assert!(
        form.text.contains("drop the cookie"),
        "plain HTTP under another name: {}",
        form.text
    );
    let refused = stranger.post("/sign-in", "credential=sky_wrong").await;
    assert_eq!(refused.status, 401);
    assert!(refused.text.contains("this API key is not valid"), "{}", refused.text);

    let signed_in = Browser::of(&app, &agency, Scope::ALL).await;
    let start = signed_in.get("/").await;
    assert_eq!(start.status, 200, "{}", start.text);
    assert!(start.text.contains("Nothing was gathered yet"), "{}", start.text);
    assert_eq!(
        signed_in.post("/sign-out", "").await.location.as_deref(),
        Some("/sign-in")
    );
    assert_eq!(signed_in.get("/").await.status, 303, "the session has ended");
    assert_eq!(app.count("SELECT count(*) FROM sessions").await, 0);
}

#[tokio::test]
async fn the_cookie_is_kept_from_scripts_and_other_hosts() {
    let app = TestApp::new().await;
    let key = app.agency("acme").await.key;
    let request = app.client().post("/sign-in").header(ContentType::Form);
    let request = request.header(Header::new("Sec-Fetch-Site", "same-origin"));
    // Whoever plants a cookie before gets nothing by it: another one is made.
    let request = request.cookie(cookie_of("__Host-scrapersky=planted").unwrap());
    let response = request.body(format!("credential={key}")).dispatch().await;
    let set = response.headers().get_one("Set-Cookie").unwrap();
    for part in ["__Host-scrapersky=", "HttpOnly", "SameSite=Lax", "Secure", "Path=/"] {
        assert!(set.contains(part), "{part}: {set}");
    }
    assert!(!set.contains("Domain") && !set.contains("planted"), "{set}");
    let secret = set.split(['=', ';']).nth(1).unwrap();
    let stored = format!("SELECT count(*) FROM sessions WHERE hash = sha256('{secret}')");
    assert_eq!(app.count(&stored).await, 1, "its hash is stored");
}

#[tokio::test]
async fn a_link_signs_in_once() {
    let app = TestApp::new().await;
    let agency = app.agency("acme").await.agency;
    let link = |name: &str, ends: &str| {
        format!(
            "INSERT INTO sessions (tenant_id, hash, user_id, key_id, is_link, expires_at)
             SELECT tenant_id, sha256('{name}'), NULL, id, true, now() + '{ends}' FROM api_keys WHERE tenant_id = '{}'",
            agency.id
        )
    };
    app.sql(&link("fresh", "1 minute")).await;
    app.sql(&link("late", "-1 minute")).await;
    let browser = Browser {
        app: &app,
        cookie: String::new(),
    };
    // A link that is not a session: its secret is no cookie.
    let impostor = Browser {
        app: &app,
        cookie: "__Host-scrapersky=fresh".to_owned(),
    };
    assert_eq!(impostor.get("/").await.status, 303);
    for (name, status) in [("late", 401), ("never", 401), ("fresh", 303), ("fresh", 401)] {
        assert_eq!(browser.get(&format!("/sign-in/{name}")).await.status, status, "{name}");
    }
}

#[tokio::test]
async fn a_session_ends_with_its_key_its_time_and_without_use() {
    let app = TestApp::new().await;
    let agency = app.agency("acme").await.agency;
    for end in [
        "UPDATE api_keys SET revoked_at = now()",
        "UPDATE sessions SET expires_at = now()",
        "UPDATE sessions SET last_used_at = now() - interval '12 hours'",
        "DELETE FROM sessions",
        "DELETE FROM api_keys",
    ] {
        let browser = Browser::of(&app, &agency, Scope::ALL).await;
        assert_eq!(browser.get("/").await.status, 200, "before {end}");
        app.sql(end).await;
        let begun = std::time::Instant::now();
        eventually("the session has ended", async || browser.get("/").await.status == 303).await;
        assert!(begun.elapsed() < Duration::from_secs(5), "{end}: {:?}", begun.elapsed());
    }
}

/// Ensures that no other site can use a session: by forms, scripts, frames or images.
#[tokio::test]
async fn forged_requests_are_refused() {
    let app = TestApp::new().await;
    let agency = app.agency("acme").await.agency;
    let browser = Browser::of(&app, &agency, Scope::ALL).await;
    browser.post("/find/domains", "domains=forged.bench.test").await;
    let job = app.texts("SELECT job_id::text FROM jobs").await.remove(0);
    let before = states(&app).await;
    let forgeries: [&[(&str, &str)]; 8] = [
        &[("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate")],
        &[("Sec-Fetch-Site", "same-site"), ("Sec-Fetch-Mode", "navigate")],
        &[("Sec-Fetch-Site", "none"), ("Sec-Fetch-Mode", "navigate")],
        &[
            ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Mode", "cors"),
            ("Origin", "https://evil.test"),
        ],
        &[("Origin", "https://evil.test")],
        &[("Origin", "null")],
        &[("Origin", "https://console.test.evil.test")],
        &[("Sec-Fetch-Site", "invented")],
    ];
    let mut changes = changes();
    changes.push((format!("/jobs/{job}/cancel"), String::new()));
    changes.push(("/sign-out".to_owned(), String::new()));
    changes.push(("/sign-in".to_owned(), "credential=x".to_owned()));
    assert!(changes.len() > 20, "{changes:?}");
    for headers in forgeries {
        for (path, form) in &changes {
            let shown = browser.send(Method::Post, path, form, headers).await;
            assert_eq!(shown.status, 403, "{path} with {headers:?}: {}", shown.text);
        }
        // What another site's script may ask for, it cannot read; a person may follow a link.
        let read = browser.send(Method::Get, "/jobs", "", headers).await;
        let is_link = headers.contains(&("Sec-Fetch-Mode", "navigate"));
        let stream = browser.send(Method::Get, "/jobs/events", "", headers).await;
        assert_eq!(stream.status, if is_link { 200 } else { 403 }, "{headers:?}");
        assert_eq!(read.status, if is_link { 200 } else { 403 }, "{headers:?}");
    }
    for table in ["webhooks", "suppressions", "score_points"] {
        assert_eq!(app.count(&format!("SELECT count(*) FROM {table}")).await, 0, "{table}");
    }
    assert_eq!(states(&app).await, before, "a forged request changed something");
    // The same requests are fine from the console itself, also from a browser that does not send Sec-Fetch-Site.
    let own = [("Origin", "http://console.test")];
    let cancelled = browser
        .send(Method::Post, &format!("/jobs/{job}/cancel"), "", &own)
        .await;
    assert_eq!(cancelled.status, 303, "{}", cancelled.text);
    assert_ne!(states(&app).await, before);
}

#[tokio::test]
async fn a_cookie_is_no_credential_of_the_api() {
    let app = TestApp::new().await;
    let agency = app.agency("acme").await.agency;
    let browser = Browser::of(&app, &agency, Scope::ALL).await;
    for path in ["/api/v1/jobs", "/api/v1/me", "/api/v1/domains"] {
        assert_eq!(browser.get(path).await.status, 401, "{path}");
    }
}

#[tokio::test]
async fn scopes_say_what_one_may_do() {
    let app = TestApp::new().await;
    let agency = app.agency("acme").await.agency;
    let reader = Browser::of(&app, &agency, &[Scope::Read]).await;
    assert!(reader.get("/").await.text.contains("may read, and start nothing"));
    let refused = reader.post("/find/domains", "domains=a.bench.test").await;
    assert_eq!(refused.status, 403);
    assert!(
        refused.text.contains("does not have the scope &quot;scan&quot;"),
        "{}",
        refused.text
    );
    assert!(states(&app).await.is_empty());
    let blind = Browser::of(&app, &agency, &[Scope::Scan]).await;
    assert_eq!(blind.get("/jobs").await.status, 403);
}

/// Adds a place, and so a lead, of each name.
async fn add_leads(app: &TestApp, agency: &Agency, names: &[&str]) {
    for (number, name) in names.iter().enumerate() {
        let name = name.replace('\'', "''");
        app.sql(&format!(
            "INSERT INTO places_staging (tenant_id, place_id, name, formatted_address, created_by, status)
             VALUES ('{}', 'p{number}', '{name}', '{name}', '{}', 'New')",
            agency.id,
            uuid::Uuid::nil()
        ))
        .await;
    }
}

/// The names of the leads on a page, in order.
fn leads(page: &str) -> Vec<String> {
    let rows = Selector::parse("table.leads tbody tr td a").unwrap();
    let page = Html::parse_document(page);
    page.select(&rows).map(|name| name.text().collect()).collect()
}

#[tokio::test]
async fn leads_are_found_decided_about_and_undone() {
    let app = TestApp::new().await;
    let agency = app.agency("acme").await.agency;
    let browser = Browser::of(&app, &agency, Scope::ALL).await;
    assert!(browser.get("/leads").await.text.contains("No leads match"));
    add_leads(&app, &agency, &["Acme", "Bolt", "Cafe"]).await;
    assert_eq!(
        leads(&browser.get("/leads?sort=name").await.text),
        ["Acme", "Bolt", "Cafe"]
    );
    assert_eq!(leads(&browser.get("/leads?q=ol&status=").await.text), ["Bolt"]);
    assert_eq!(browser.get("/leads?status=wrong").await.status, 400);

    // All that match, which the list of the next page is asked for again.
    let form = "scope=matching&new_status=selected&add_tag=today&remove_tag=";
    let changed = browser.post("/leads?q=ol", form).await;
    let back = changed.location.expect("the list, with what changed");
    let list = browser.get(&back).await.text;
    assert!(list.contains("1 lead was changed"), "{list}");
    assert_eq!(leads(&browser.get("/leads?status=selected").await.text), ["Bolt"]);
    assert_eq!(leads(&browser.get("/leads?tag=today").await.text), ["Bolt"]);
    let undo = Html::parse_document(&list);
    let undo = undo.select(&Selector::parse("form.notice").unwrap()).next().unwrap();
    assert_eq!(browser.post(undo.attr("action").unwrap(), "").await.status, 303);
    assert!(leads(&browser.get("/leads?status=selected").await.text).is_empty());

    // Those that are ticked, and none where none is.
    let none = browser
        .post("/leads", "scope=ticked&new_status=selected&add_tag=&remove_tag=")
        .await;
    assert_eq!(none.status, 400);
    assert!(none.text.contains("no lead is ticked"), "{}", none.text);
    let id = app
        .texts("SELECT id::text FROM leads WHERE place_id = 'p0'")
        .await
        .remove(0);
    browser
        .post(
            "/leads",
            &format!("scope=ticked&ids={id}&new_status=selected&add_tag=&remove_tag="),
        )
        .await;
    assert_eq!(leads(&browser.get("/leads?status=selected").await.text), ["Acme"]);

    let form = "status=archived&tags=a,+b&priority=7&revisit_date=2027-01-31&notes=call+again";
    assert_eq!(browser.post(&format!("/leads/{id}"), form).await.status, 303);
    let lead = browser.get(&format!("/leads/{id}")).await.text;
    for kept in ["value=\"a, b\"", "value=\"7\"", "value=\"2027-01-31\"", ">call again<"] {
        assert!(lead.contains(kept), "{kept}: {lead}");
    }
    let wrong = form.replace("=7", "=high");
    assert_eq!(browser.post(&format!("/leads/{id}"), &wrong).await.status, 400);
}

#[tokio::test]
async fn searches_say_their_price_before_they_run() {
    let app = TestApp::new().await;
    let agency = app.agency("acme").await.agency;
    let browser = Browser::of(&app, &agency, Scope::ALL).await;
    let form = "business_type=dentist&location=Houston&radius_km=5&max_results=20";
    let price = browser.post("/find/places", form).await;
    assert!(price.text.contains("US dollars"), "{}", price.text);
    assert!(states(&app).await.is_empty(), "nothing was queued");
    let queued = browser.post("/find/places", &format!("{form}&confirmed=true")).await;
    assert_eq!(queued.status, 303);
    assert_eq!(states(&app).await.len(), 1);
    assert_eq!(browser.get(&queued.location.unwrap()).await.status, 200);
    let wrong = browser.post("/find/places", &form.replace("=20", "=0")).await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.text.contains("max_results"), "{}", wrong.text);
}
