//! The console's routes and their requests, for the isolation proof, and who is signed in by which cookie.

use std::collections::HashMap;

use database::ids::{ApiKeyId, ScheduleId, ScheduleRunId, SuppressionId, WebhookId};
use rocket::http::{ContentType, Cookie, Method};

use super::isolation::nobodys;
use super::routes::{Entry, Ids, Names, Shot, get, newest};
use crate::support::app::TestApp;

/// Routes that sign somebody in or out: [`console`](crate::console) tests them.
pub const DOORS: &[(&str, &str)] = &[("POST", "/sign-in"), ("GET", "/sign-in/<link>"), ("POST", "/sign-out")];

fn form(path: impl Into<String>, body: &str) -> Vec<Shot> {
    vec![Shot {
        path: path.into(),
        headers: Vec::new(),
        body: Some((ContentType::Form, body.to_owned())),
        names_tenant: false,
    }]
}

macro_rules! pages {
    ($($method:ident $path:literal $names:ident: |$ids:ident| $shots:expr;)*) => {
        &[$(Entry { method: Method::$method, path: $path, names: Names::$names, shots: |$ids: &Ids| $shots }),*]
    };
}

/// Every other route of the console.
pub static PAGES: &[Entry] = pages! {
    Get "/console/htmx.js" Public: |_ids| get("/console/htmx.js");
    Get "/console/console.js" Public: |_ids| get("/console/console.js");
    Get "/console/console.css" Public: |_ids| get("/console/console.css");
    Get "/console/icon.svg" Public: |_ids| get("/console/icon.svg");
    Get "/sign-in" Public: |_ids| get("/sign-in");
    Get "/" Nothing: |_ids| get("/");
    Post "/leads/views" Nothing: |_ids| form("/leads/views?status=selected", "view_name=new");
    Post "/leads/views/<id>/delete" Rows: |ids| form(format!("/leads/views/{}/delete", ids.view), "");
    Post "/leads/undo/<id>" Rows: |ids| form(format!("/leads/undo/{}", ids.change), "");
    Get "/leads" Nothing: |_ids| [get("/leads"), get("/leads?status=New&q=a&has_email=true&sort=name")].concat();
    Get "/leads/export" Nothing: |ids| [
        get("/leads/export?format=csv&column=name&column=email"),
        get(format!("/leads/export?format=xlsx&preset=hubspot&domain_id={}", ids.domain)),
    ].concat();
    Post "/find/import" Nothing: |_ids| form("/find/import", "rows=name,website%0D%0AA+new+place,https://new.bench.test");
    Get "/find/searches/<id>" Rows: |ids| get(format!("/find/searches/{}", ids.search));
    Get "/leads/<id>" Rows: |ids| get(format!("/leads/{}", ids.lead));
    Get "/leads/<id>/report" Rows: |ids| get(format!("/leads/{}/report", ids.lead));
    Post "/leads/<id>" Rows: |ids| form(format!("/leads/{}", ids.lead), "status=selected&tags=x&priority=1&revisit_date=&notes=n");
    Post "/leads" Some: |ids| form("/leads", &format!("scope=ticked&ids={}&new_status=selected&add_tag=y&remove_tag=", ids.lead));
    Get "/find" Nothing: |_ids| get("/find");
    Post "/find/domains" Nothing: |_ids| form("/find/domains", "domains=new.bench.test%0D%0Ano+domain");
    Post "/find/places" Nothing: |_ids| [
        form("/find/places", "business_type=dentist&location=Houston&radius_km=5&max_results=20&confirmed=false"),
        form("/find/places", "business_type=dentist&location=Houston&radius_km=5&max_results=20&confirmed=true"),
    ].concat();
    Get "/jobs" Nothing: |ids| [
        get("/jobs"),
        get(format!("/jobs?status=pending,failed&kind=domain_scan&batch_id={}", ids.batch)),
    ].concat();
    Get "/jobs/events" Nothing: |ids| [
        get("/jobs/events"),
        get(format!("/jobs/events?job_id={}", ids.pending)),
        get(format!("/jobs/events?batch_id={}", ids.batch)),
    ].concat();
    Get "/jobs/change" Nothing: |ids| get(format!("/jobs/change?what=cancel&batch_id={}", ids.batch));
    Post "/jobs/change" Some: |ids| [
        form(format!("/jobs/change?what=retry&status=failed&batch_id={}", ids.batch), ""),
        form(format!("/jobs/change?what=cancel&batch_id={}", ids.batch), ""),
    ].concat();
    Get "/jobs/<id>" Rows: |ids| get(format!("/jobs/{}", ids.pending));
    Post "/jobs/<id>/cancel" Rows: |ids| form(format!("/jobs/{}/cancel", ids.pending), "");
    Post "/jobs/<id>/retry" Rows: |ids| form(format!("/jobs/{}/retry", ids.failed), "");
    Get "/schedules" Nothing: |ids| newest::<ScheduleId>("/schedules", &ids.schedule);
    Post "/schedules" Nothing: |_ids| form("/schedules", "name=new&days=*+*+1&at=06:00&time_zone=UTC&every=&cron=&missed=once&work=domain_scan\
        &status=selected&tag=&business_type=&location=&max_usd=5&domain=");
    Get "/schedules/<id>" Rows: |ids| newest::<ScheduleRunId>(&format!("/schedules/{}", ids.schedule), &ids.schedule_run);
    Post "/schedules/<id>/run" Rows: |ids| form(format!("/schedules/{}/run", ids.schedule), "");
    Post "/schedules/<id>/pause" Rows: |ids| form(format!("/schedules/{}/pause", ids.schedule), "");
    Post "/schedules/<id>/resume" Rows: |ids| form(format!("/schedules/{}/resume", ids.schedule), "");
    Post "/schedules/<id>/delete" Rows: |ids| form(format!("/schedules/{}/delete", ids.schedule), "");
    Get "/webhooks" Nothing: |ids| [
        newest::<WebhookId>("/webhooks", &ids.webhook),
        get("/webhooks?for_requests=true"),
    ].concat();
    Post "/webhooks/secret" Nothing: |_ids| form("/webhooks/secret", "");
    Post "/webhooks" Nothing: |_ids| form("/webhooks", "url=https://hooks.bench.test/&kinds=job.ended&description=");
    Get "/webhooks/<id>" Rows: |ids| [
        get(format!("/webhooks/{}", ids.webhook)),
        get(format!("/webhooks/{}?status=waiting", ids.webhook)),
    ].concat();
    Post "/webhooks/<id>/enable" Rows: |ids| form(format!("/webhooks/{}/enable", ids.webhook), "");
    Post "/webhooks/<id>/test" Rows: |ids| form(format!("/webhooks/{}/test", ids.webhook), "");
    Post "/webhooks/<id>/deliveries/<delivery_id>/redeliver" Rows: |ids| form(
        format!("/webhooks/{}/deliveries/{}/redeliver", ids.webhook, ids.delivery), "");
    Post "/webhooks/<id>/rotate" Rows: |ids| form(format!("/webhooks/{}/rotate", ids.webhook), "");
    Post "/webhooks/<id>/pause" Rows: |ids| form(format!("/webhooks/{}/pause", ids.webhook), "");
    Post "/webhooks/<id>/delete" Rows: |ids| form(format!("/webhooks/{}/delete", ids.webhook), "");
    Get "/settings" Nothing: |_ids| get("/settings");
    Get "/settings/keys" Nothing: |ids| newest::<ApiKeyId>("/settings/keys", &ids.key);
    Post "/settings/keys" Nothing: |_ids| form("/settings/keys", "name=new&scopes=read&days=7");
    Post "/settings/keys/<id>/revoke" Rows: |ids| form(format!("/settings/keys/{}/revoke", ids.key), "");
    Get "/settings/suppressions" Nothing: |ids| newest::<SuppressionId>("/settings/suppressions", &ids.suppression);
    Post "/settings/suppressions" Nothing: |_ids| form("/settings/suppressions", "what=new@bench.test&reason=");
    Post "/settings/suppressions/<id>/delete" Rows: |ids| form(format!("/settings/suppressions/{}/delete", ids.suppression), "");
    Get "/settings/scoring" Nothing: |_ids| get("/settings/scoring");
    Post "/settings/scoring" Nothing: |_ids| [
        form("/settings/scoring", "points[slow]=1&confirmed=false"),
        form("/settings/scoring", "points[slow]=1&confirmed=true"),
    ].concat();
    Get "/settings/audit" Nothing: |_ids| [get("/settings/audit"), get("/settings/audit?action=key.create")].concat();
    Get "/settings/tenants" Tenants: |_ids| get("/settings/tenants");
    Post "/settings/tenants" Tenants: |_ids| form("/settings/tenants", "name=new&description=");
    Post "/settings/tenants/<id>" Tenants: |ids| form(format!("/settings/tenants/{}", ids.tenant), "is_active=true");
};

/// Returns a request for each change that a page can make: its path and its form.
pub fn changes() -> Vec<(String, String)> {
    let changing = PAGES.iter().filter(|page| page.method == Method::Post);
    let shots = changing.flat_map(|page| (page.shots)(&nobodys()));
    shots
        .map(|shot| (shot.path, shot.body.map(|(_, form)| form).unwrap_or_default()))
        .collect()
}

/// The cookies of those who signed in to the console.
#[derive(Default)]
pub struct Cookies(HashMap<String, Option<String>>);

impl Cookies {
    /// Returns the header fields of a request of the console's own pages, by somebody with this credential.
    pub async fn headers(&mut self, app: &TestApp, credential: Option<&str>) -> Vec<(&'static str, String)> {
        let mut headers = vec![("Sec-Fetch-Site", "same-origin".to_owned())];
        let Some(credential) = credential else { return headers };
        if !self.0.contains_key(credential) {
            self.0.insert(credential.to_owned(), sign_in(app, credential).await);
        }
        // Whoever is not let in offers the credential as the cookie.
        let forged = format!("__Host-scrapersky={credential}");
        headers.push(("Cookie", self.0[credential].clone().unwrap_or(forged)));
        headers
    }
}

/// Reads a cookie as a browser sends it: a request without a connection has no parsed header.
pub fn cookie_of(sent: &str) -> Option<Cookie<'static>> {
    let (name, value) = sent.split_once('=')?;
    Some(Cookie::new(name.to_owned(), value.to_owned()))
}

/// Signs in, and returns the cookie as a browser sends it; `None` if the credential is refused.
pub async fn sign_in(app: &TestApp, credential: &str) -> Option<String> {
    let request = app.client().post("/sign-in").header(ContentType::Form);
    let request = request.header(rocket::http::Header::new("Sec-Fetch-Site", "same-origin"));
    let response = request.body(format!("credential={credential}")).dispatch().await;
    let set = response.headers().get_one("Set-Cookie")?;
    set.split(';').next().map(str::to_owned)
}
