//! The isolation proof: every identity on every route, with ids of its own rows, another tenant's, deleted rows, rows
//! that never existed, and malformed ids; with both walls up, and with each alone.

mod ids;

use std::fmt::Write as _;
use std::slice;

use database::ids::TenantId;
use database::models::enums::Scope;
use rocket::http::{Header, Method};
use serde_json::{Value, json};
use tokio_postgres::{Client, Statement};

pub(super) use self::ids::{all, nobodys, remove, rows};
use super::pages::{Cookies, PAGES, cookie_of};
use super::routes::{ENTRIES, Entry, Ids, Names, Shot};
use super::tokens::person;
use crate::repo::isolation::{digest_of, tenant_tables};
use crate::support::app::{Holder, TestApp};
use crate::support::database::TestDatabase;
use crate::support::extent;
use crate::support::rewriter::{Removed, Rewriter};
use crate::support::tenants::{Agencies, pool_at};
use crate::support::tokens::{SECRET, Signer, claims, token};

const ISSUER: &str = "https://project.test/auth/v1";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Walls {
    Both,
    /// The rewriter removes every tenant filter from a tenant's statements.
    DatabaseAlone,
    /// Row level security is off.
    RepositoriesAlone,
}

#[tokio::test]
async fn no_route_gives_access_to_another_tenants_rows() {
    prove(Walls::Both).await;
}

#[tokio::test]
async fn row_level_security_alone_isolates_every_route() {
    prove(Walls::DatabaseAlone).await;
}

#[tokio::test]
async fn repositories_alone_isolate_every_route() {
    prove(Walls::RepositoriesAlone).await;
}

/// A caller.
struct Identity {
    name: &'static str,
    credential: Option<String>,
    /// The caller's own agency; `None` for one that is never let in.
    home: Option<&'static str>,
}

/// A response.
struct Seen {
    status: u16,
    /// Head and body.
    text: String,
    body: Value,
}

/// A proof in progress.
struct Proof {
    walls: Walls,
    app: TestApp,
    client: Client,
    tables: Vec<String>,
    cookies: Cookies,
    /// The number of requests sent.
    requests: usize,
    /// What failed, one line each.
    failures: String,
}

async fn prove(walls: Walls) {
    let rewriter = Rewriter::start().await;
    let app = app_behind(walls, &rewriter).await;
    let acme = app.agency("acme").await;
    let bolt = app.agency("bolt").await;
    let of_acme = rows(&app, &acme, "acmecanary").await;
    let of_pages = rows(&app, &acme, "acmepages").await;
    let of_bolt = rows(&app, &bolt, "boltzcanary").await;
    let gone = gone(&app, &bolt).await;
    let identities = identities(&app, &acme, &bolt).await;
    let owner_of_acme = token(ISSUER, person(&app, acme.agency.id, "ADMIN").await);
    let chief = token(ISSUER, person(&app, acme.agency.id, "SUPER_ADMIN").await);
    let (acme, bolt) = (acme.agency.id, bolt.agency.id);

    let mut proof = Proof {
        walls,
        client: app.agencies().database.client().await,
        tables: tenant_tables(app.agencies()).await,
        app,
        cookies: Cookies::default(),
        requests: 0,
        failures: String::new(),
    };
    proof.take_down(&rewriter).await;
    // In the short form one caller, of the other agency, tests each wall alone: identity checks are covered with both
    // up, by those who are not let in and one of each agency.
    let is_asking = |identity: &&Identity| match walls {
        _ if extent::is_full() => true,
        Walls::Both => !["A key", "B owner"].contains(&identity.name),
        Walls::DatabaseAlone | Walls::RepositoriesAlone => identity.name == "B owner",
    };
    for identity in identities.iter().filter(is_asking) {
        let target = match identity.home {
            Some("bolt") => Target {
                tenant: acme,
                ids: &of_acme,
                canary: "acmecanary.test",
            },
            _ => Target {
                tenant: bolt,
                ids: &of_bolt,
                canary: "boltzcanary.test",
            },
        };
        proof.ask_as(identity, &target, &gone).await;
    }
    proof.assert_held();
    assert!(
        walls != Walls::DatabaseAlone || rewriter.changed() > 100,
        "no filter was taken out"
    );
    proof
        .ask_for_the_own(&owner_of_acme, &chief, [&of_pages, &of_acme])
        .await;
    proof.assert_held();
    println!(
        "{walls:?}: {} routes, {} identities, {} requests",
        ENTRIES.len(),
        identities.len() + 1,
        proof.requests
    );
}

/// Returns the ids of rows and of a tenant that there were.
async fn gone(app: &TestApp, bolt: &Holder<'_>) -> Ids {
    let gone = rows(app, bolt, "gone-boltzcanary").await;
    remove(app, &gone).await;
    let other = app.agency("gone").await.agency.id;
    app.sql(&format!("DELETE FROM tenants WHERE id = '{other}'")).await;
    Ids {
        tenant: other.to_string(),
        ..gone
    }
}

/// Starts the program with the rewriter between it and the database.
async fn app_behind(walls: Walls, rewriter: &Rewriter) -> TestApp {
    let database = TestDatabase::new().await;
    let pool = match walls {
        Walls::DatabaseAlone => pool_at(&rewriter.url(database.url()), 5),
        Walls::Both | Walls::RepositoriesAlone => crate::support::tenants::pool(&database, 5),
    };
    let settings = [("supabase_jwt_secret", SECRET), ("jwt_issuer", ISSUER)];
    TestApp::on(Agencies { database, pool }, &settings).await
}

/// Returns all callers except the first agency's owner.
async fn identities(app: &TestApp, acme: &Holder<'_>, bolt: &Holder<'_>) -> [Identity; 8] {
    let revoked = app.key(&acme.agency, Scope::ALL).await;
    let client = app.agencies().database.client().await;
    let revoke = "UPDATE api_keys SET revoked_at = now() WHERE hash = sha256($1::text::bytea)";
    assert_eq!(client.execute(revoke, &[&revoked]).await.unwrap(), 1);
    let owner = person(app, acme.agency.id, "ADMIN").await;
    let mut expired = claims(ISSUER, owner);
    expired["exp"] = json!(expired["iat"].as_i64().unwrap() - 31);
    let forged = Signer::Hmac(b"another secret, which is as long as it should be".to_vec());
    let header = r#"{"alg":"HS256"}"#;
    let who = |name, credential, home| Identity { name, credential, home };
    let member = person(app, acme.agency.id, "USER").await;
    let owner_of_bolt = person(app, bolt.agency.id, "ADMIN").await;
    [
        who("nobody", None, None),
        who("revoked key", Some(revoked), None),
        who(
            "expired token",
            Some(Signer::secret().token(header, &expired.to_string())),
            None,
        ),
        who(
            "forged token",
            Some(forged.token(header, &claims(ISSUER, owner).to_string())),
            None,
        ),
        who("A member", Some(token(ISSUER, member)), Some("acme")),
        who("A key", Some(acme.key.clone()), Some("acme")),
        who("B owner", Some(token(ISSUER, owner_of_bolt)), Some("bolt")),
        who("B key", Some(bolt.key.clone()), Some("bolt")),
    ]
}

/// The agency that an identity does not belong to.
struct Target<'a> {
    tenant: TenantId,
    ids: &'a Ids,
    /// Text that is in its rows but in no request.
    canary: &'static str,
}

impl Proof {
    /// Takes down the wall that is not being tested.
    async fn take_down(&self, rewriter: &Rewriter) {
        match self.walls {
            Walls::Both => {}
            Walls::DatabaseAlone => rewriter.remove(Removed::All),
            Walls::RepositoriesAlone => {
                for table in &self.tables {
                    let disable = format!("ALTER TABLE {table} DISABLE ROW LEVEL SECURITY");
                    self.client.batch_execute(&disable).await.unwrap();
                }
            }
        }
    }

    /// Sends every request of every route as one caller, and compares the other agency's rows after each route.
    async fn ask_as(&mut self, identity: &Identity, target: &Target<'_>, gone: &Ids) {
        let digest = digest_of(&self.tables, target.tenant);
        let digest = self.client.prepare(&digest).await.unwrap();
        let mut before = self.read(&digest).await;
        assert_eq!(before.len(), self.tables.len());
        for (number, entry) in ENTRIES.iter().chain(PAGES).enumerate() {
            let mut answers = Vec::new();
            for (aim, ids) in self.aims(identity, number, target, gone) {
                answers.push(self.ask(identity, entry, target, aim, &ids).await);
            }
            // Another tenant's rows must look the same as rows that do not exist.
            if identity.home.is_some() && matches!(entry.names, Names::Rows | Names::Some) && answers[0] != answers[1] {
                let said = format!(
                    "tells another tenant's row from a missing one: {:?} {:?}",
                    answers[0], answers[1]
                );
                self.fail(identity, entry, &said);
            }
            // Removes rows imported under the other tenant's ids before the next request uses those ids.
            let clear = "DELETE FROM place_changes c USING places_staging p
                 WHERE p.name = 'theirs' AND c.tenant_id = p.tenant_id AND c.place_id = p.place_id;
                 DELETE FROM places_staging WHERE name = 'theirs'";
            self.client.batch_execute(clear).await.unwrap();
            let after = self.read(&digest).await;
            for (line, earlier) in after.iter().zip(&before).filter(|(line, earlier)| line != earlier) {
                let said = format!("changed the other tenant's rows: {line}, before {earlier}");
                self.fail(identity, entry, &said);
            }
            before = after;
        }
    }

    /// Returns a digest of each table of the other agency.
    async fn read(&self, digest: &Statement) -> Vec<String> {
        let lines = self.client.query(digest, &[]).await.unwrap();
        lines.iter().map(|line| line.get(0)).collect()
    }

    /// Returns the ids to send to a route.
    fn aims(&self, identity: &Identity, number: usize, target: &Target<'_>, gone: &Ids) -> Vec<(&'static str, Ids)> {
        let malformed = ["x", "%27%20OR%201%3D1--", "%00", "..%2F..", "\u{202e}%F0%9F%92%A3"];
        let mut aims = vec![("another's", target.ids.clone())];
        if identity.home.is_some() {
            aims.push(("nobody's", nobodys()));
            aims.push(("gone", gone.clone()));
            // With both walls every kind of id is sent; with one wall alone, kinds that no wall affects are sent in
            // turns.
            let of_turn = match self.walls {
                Walls::Both if extent::is_full() => &malformed[..],
                _ => slice::from_ref(&malformed[number % malformed.len()]),
            };
            aims.extend(of_turn.iter().map(|text| ("malformed", all(text))));
        }
        aims
    }

    /// Sends the requests of a route, and returns the responses.
    async fn ask(
        &mut self,
        identity: &Identity,
        entry: &Entry,
        target: &Target<'_>,
        aim: &str,
        ids: &Ids,
    ) -> Vec<(u16, Value)> {
        let mut answers = Vec::new();
        let credential = self.credential(entry, identity.credential.as_deref()).await;
        for shot in shots(entry, ids) {
            self.requests += 1;
            let seen = send(&self.app, entry.method, &shot, &credential).await;
            if let Err(complaint) = judge(identity, entry, aim, &shot, &seen, target.canary) {
                writeln!(
                    self.failures,
                    "{}: {} {aim} {}: {complaint}",
                    identity.name, entry.method, shot.path
                )
                .unwrap();
            }
            answers.push((seen.status, comparable(seen.body)));
        }
        answers
    }

    /// Sends every request for the caller's own rows: a refusal to others proves nothing unless the request itself is
    /// valid.
    ///
    /// Pages and routes have rows of their own, since both remove some.
    async fn ask_for_the_own(&mut self, owner: &str, super_admin: &str, [of_pages, of_routes]: [&Ids; 2]) {
        let pages = PAGES.iter().map(|entry| (entry, of_pages));
        let routes = ENTRIES.iter().map(|entry| (entry, of_routes));
        for (entry, ids) in pages.chain(routes) {
            let credential = match entry.names {
                Names::Tenants => super_admin,
                _ => owner,
            };
            let credential = self.credential(entry, Some(credential)).await;
            for shot in (entry.shots)(ids) {
                self.requests += 1;
                let seen = send(&self.app, entry.method, &shot, &credential).await;
                let is_again = shot.headers.iter().any(|(name, _)| *name == "Idempotency-Key");
                let is_fine = seen.status < 300
                    || entry.says_busy(seen.status)
                    || seen.status == 303 && is_page(entry)
                    // In use for another request, or cancelled, retried or rotated by the previous shot.
                    || seen.status == 422 && is_again
                    || seen.status == 409 && ["/undo", "/retry"].iter().any(|part| shot.path.contains(part));
                if !is_fine {
                    let (method, path) = (entry.method, &shot.path);
                    writeln!(self.failures, "own: {method} {path}: {} {}", seen.status, seen.text).unwrap();
                }
            }
        }
    }

    /// Returns the header fields by which a caller names itself to a route.
    async fn credential(&mut self, entry: &Entry, credential: Option<&str>) -> Vec<(&'static str, String)> {
        if is_page(entry) {
            return self.cookies.headers(&self.app, credential).await;
        }
        let header = |credential| ("Authorization", format!("Bearer {credential}"));
        credential.map(header).into_iter().collect()
    }

    fn fail(&mut self, identity: &Identity, entry: &Entry, said: &str) {
        let (name, method, path) = (identity.name, entry.method, entry.path);
        writeln!(self.failures, "{name}: {method} {path} {said}").unwrap();
    }

    fn assert_held(&self) {
        assert!(self.failures.is_empty(), "{:?}:\n{}", self.walls, self.failures);
    }
}

/// Returns the requests of a route, including variants that name the tenant in a header or query.
fn shots(entry: &Entry, ids: &Ids) -> Vec<Shot> {
    let mut shots = (entry.shots)(ids);
    // A page shows the tenant that somebody signed in for.
    if entry.names != Names::Public && !is_page(entry) {
        let mut by_header = shots[0].clone();
        by_header.headers.push(("X-Tenant-Id", ids.tenant.clone()));
        by_header.names_tenant = true;
        let mut by_query = shots[0].clone();
        let mark = if by_query.path.contains('?') { '&' } else { '?' };
        write!(by_query.path, "{mark}tenant_id={}", ids.tenant).unwrap();
        by_query.names_tenant = true;
        shots.extend([by_header, by_query]);
    }
    shots
}

/// Returns whether a route is the console's.
fn is_page(entry: &Entry) -> bool {
    PAGES.iter().any(|page| std::ptr::eq(page, entry))
}

/// Checks a response.
fn judge(identity: &Identity, entry: &Entry, aim: &str, shot: &Shot, seen: &Seen, canary: &str) -> Result<(), String> {
    let Seen { status, text, .. } = seen;
    if text.contains(canary) {
        return Err(format!("{status} shows the other tenant's data: {text}"));
    }
    let is_right = match (entry.names, identity.home) {
        (Names::Public, _) => *status == 200 || entry.says_busy(*status),
        (_, None) => *status == 401,
        (Names::Tenants, Some(_)) => *status == 403 || aim == "malformed" && [400, 404].contains(status),
        (Names::Nothing | Names::Rows | Names::Some, Some(_)) if shot.names_tenant => match aim {
            // An empty or malformed tenant id may be rejected as such, and so may other ids of a body.
            "malformed" => [400, 403, 404, 422].contains(status),
            _ => *status == 403,
        },
        (Names::Rows, Some(_)) => [400, 403, 404, 422].contains(status),
        // Otherwise it must say that the action is impossible or nothing was found.
        (Names::Nothing | Names::Some, Some(_)) if is_page(entry) => *status < 300 || [303, 400, 403].contains(status),
        (Names::Nothing | Names::Some, Some(_)) => *status < 300 || [400, 403, 404, 409, 422].contains(status),
    };
    if is_right {
        Ok(())
    } else {
        Err(format!("{status} {text}"))
    }
}

async fn send(app: &TestApp, method: Method, shot: &Shot, credential: &[(&'static str, String)]) -> Seen {
    let mut request = app.client().req(method, shot.path.clone());
    for (name, value) in shot.headers.iter().chain(credential) {
        match cookie_of(value).filter(|_| *name == "Cookie") {
            Some(cookie) => request = request.cookie(cookie),
            None => request.add_header(Header::new(*name, value.clone())),
        }
    }
    if let Some((content_type, body)) = &shot.body {
        request = request.header(content_type.clone()).body(body);
    }
    let response = request.dispatch().await;
    let status = response.status().code;
    let mut text = String::new();
    for header in response.headers().iter() {
        writeln!(text, "{header}").unwrap();
    }
    let body = response.into_string().await.unwrap_or_default();
    text.push_str(&body);
    Seen {
        status,
        text,
        body: serde_json::from_str(&body).unwrap_or(Value::String(body)),
    }
}

/// Removes values that differ for every request.
fn comparable(mut body: Value) -> Value {
    if let Some(body) = body.as_object_mut() {
        for name in ["request_id", "change_id", "job_id", "status_url"] {
            body.remove(name);
        }
        if let Some(detail) = body
            .get_mut("detail")
            .filter(|detail| detail.as_str().is_some_and(|text| text.contains("Idempotency-Key")))
        {
            *detail = Value::Null;
        }
    }
    body
}
