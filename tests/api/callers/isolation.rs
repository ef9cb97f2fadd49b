//! The isolation proof: every identity on every route, aimed at rows that are its own, another's, gone, nobody's, and
//! at what names none; by both walls, and by each alone.

use std::fmt::Write as _;
use std::slice;

use database::models::enums::Scope;
use rocket::http::{Header, Method};
use serde_json::{Value, json};
use uuid::Uuid;

use super::routes::{ENTRIES, Entry, Ids, Names, Shot};
use super::tokens::person;
use crate::repo::isolation::{digest_of, tenant_tables};
use crate::repo::probes::Rows;
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
    /// Every filter by tenant is taken out of every statement of a tenant's transaction.
    DatabaseAlone,
    /// Row level security is off.
    RepositoriesAlone,
}

#[tokio::test]
async fn no_route_lets_anybody_at_anothers_rows() {
    prove(Walls::Both).await;
}

#[tokio::test]
async fn no_route_does_by_row_level_security_alone() {
    prove(Walls::DatabaseAlone).await;
}

#[tokio::test]
async fn no_route_does_by_the_repositories_alone() {
    prove(Walls::RepositoriesAlone).await;
}

/// Somebody who calls.
struct Identity {
    name: &'static str,
    credential: Option<String>,
    /// Whose rows are its own; `None` for one that is let in nowhere.
    home: Option<&'static str>,
}

/// What a request was answered.
struct Seen {
    status: u16,
    /// Head and body.
    text: String,
    body: Value,
}

async fn prove(walls: Walls) {
    let database = TestDatabase::new().await;
    let rewriter = Rewriter::start().await;
    let pool = match walls {
        Walls::DatabaseAlone => pool_at(&rewriter.url(database.url()), 5),
        Walls::Both | Walls::RepositoriesAlone => crate::support::tenants::pool(&database, 5),
    };
    let settings = [("supabase_jwt_secret", SECRET), ("jwt_issuer", ISSUER)];
    let app = TestApp::on(Agencies { database, pool }, &settings).await;
    let acme = app.agency("acme").await;
    let bolt = app.agency("bolt").await;
    let of_acme = rows(&app, &acme, "acmecanary").await;
    let of_bolt = rows(&app, &bolt, "boltzcanary").await;
    let mut gone = rows(&app, &bolt, "gone-boltzcanary").await;
    remove(&app, &gone).await;
    let other = app.agency("gone").await.agency.id;
    app.sql(&format!("DELETE FROM tenants WHERE id = '{other}'")).await;
    gone.tenant = other.to_string();

    let revoked = app.key(&acme.agency, Scope::ALL).await;
    let client = app.agencies().database.client().await;
    let revoke = "UPDATE api_keys SET revoked_at = now() WHERE hash = sha256($1::text::bytea)";
    assert_eq!(client.execute(revoke, &[&revoked]).await.unwrap(), 1);
    let owner = person(&app, acme.agency.id, "ADMIN").await;
    let mut expired = claims(ISSUER, owner);
    expired["exp"] = json!(expired["iat"].as_i64().unwrap() - 31);
    let forged = Signer::Hmac(b"another secret, which is as long as it should be".to_vec());
    let header = r#"{"alg":"HS256"}"#;
    let who = |name, credential, home| Identity { name, credential, home };
    let owner_of_acme = who("A owner", Some(token(ISSUER, owner)), Some("acme"));
    let member = person(&app, acme.agency.id, "USER").await;
    let owner_of_bolt = person(&app, bolt.agency.id, "ADMIN").await;
    let identities = [
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
    ];

    let tables = tenant_tables(app.agencies()).await;
    match walls {
        Walls::Both => {}
        Walls::DatabaseAlone => rewriter.remove(Removed::All),
        Walls::RepositoriesAlone => {
            for table in &tables {
                let disable = format!("ALTER TABLE {table} DISABLE ROW LEVEL SECURITY");
                client.batch_execute(&disable).await.unwrap();
            }
        }
    }
    let malformed = ["x", "%27%20OR%201%3D1--", "%00", "..%2F..", "\u{202e}%F0%9F%92%A3"];
    // Each wall alone is asked by one of each agency while developing: who somebody is, both are asked.
    let is_asking = |identity: &&Identity| {
        walls == Walls::Both || extent::is_full() || ["A key", "B owner"].contains(&identity.name)
    };
    let mut failures = String::new();
    let mut requests = 0;
    for identity in identities.iter().filter(is_asking) {
        let (theirs, canary) = match identity.home {
            Some("bolt") => (&of_acme, "acmecanary.test"),
            _ => (&of_bolt, "boltzcanary.test"),
        };
        let other = if canary == "acmecanary.test" {
            acme.agency.id
        } else {
            bolt.agency.id
        };
        let digest = client.prepare(&digest_of(&tables, other)).await.unwrap();
        let read = async || -> Vec<String> {
            let lines = client.query(&digest, &[]).await.unwrap();
            lines.iter().map(|line| line.get(0)).collect()
        };
        let mut before = read().await;
        assert_eq!(before.len(), tables.len());
        for (number, entry) in ENTRIES.iter().enumerate() {
            let mut aims = vec![("another's", theirs.clone())];
            if identity.home.is_some() {
                aims.push(("nobody's", nobodys()));
                aims.push(("gone", gone.clone()));
                // What no wall is asked about is aimed in full at both, and in turns at each alone.
                let of_turn = match walls {
                    Walls::Both if extent::is_full() => &malformed[..],
                    _ => slice::from_ref(&malformed[number % malformed.len()]),
                };
                aims.extend(of_turn.iter().map(|text| ("malformed", all(text))));
            }
            let mut answers = Vec::new();
            for (aim, ids) in &aims {
                let mut shots = (entry.shots)(ids);
                if entry.names != Names::Public {
                    let mut by_header = shots[0].clone();
                    by_header.headers.push(("X-Tenant-Id", ids.tenant.clone()));
                    by_header.names_tenant = true;
                    let mut by_query = shots[0].clone();
                    let mark = if by_query.path.contains('?') { '&' } else { '?' };
                    write!(by_query.path, "{mark}tenant_id={}", ids.tenant).unwrap();
                    by_query.names_tenant = true;
                    shots.extend([by_header, by_query]);
                }
                let mut of_aim = Vec::new();
                for shot in &shots {
                    requests += 1;
                    let seen = send(&app, entry.method, shot, identity.credential.as_deref()).await;
                    if let Err(complaint) = judge(identity, entry, aim, shot, &seen, canary) {
                        writeln!(
                            failures,
                            "{}: {} {aim} {}: {complaint}",
                            identity.name, entry.method, shot.path
                        )
                        .unwrap();
                    }
                    of_aim.push((seen.status, comparable(seen.body)));
                }
                answers.push(of_aim);
            }
            // Another's and nobody's are the same to whoever asks.
            if identity.home.is_some() && matches!(entry.names, Names::Rows | Names::Some) && answers[0] != answers[1] {
                writeln!(
                    failures,
                    "{}: {} {} tells another's from nobody's: {:?} {:?}",
                    identity.name, entry.method, entry.path, answers[0], answers[1]
                )
                .unwrap();
            }
            // What was brought in under another's id is gone before the next one asks for that.
            let clear = "DELETE FROM place_changes c USING places_staging p
                 WHERE p.name = 'theirs' AND c.tenant_id = p.tenant_id AND c.place_id = p.place_id;
                 DELETE FROM places_staging WHERE name = 'theirs'";
            client.batch_execute(clear).await.unwrap();
            let after = read().await;
            for (line, earlier) in after.iter().zip(&before) {
                if line != earlier {
                    writeln!(
                        failures,
                        "{}: {} {} has changed the other's rows: {line}, before {earlier}",
                        identity.name, entry.method, entry.path
                    )
                    .unwrap();
                }
            }
            before = after;
        }
    }
    assert!(failures.is_empty(), "{walls:?}:\n{failures}");
    assert!(
        walls != Walls::DatabaseAlone || rewriter.changed() > 100,
        "no filter was taken out"
    );

    // A request that is refused to others proves nothing unless it is a good one.
    for entry in ENTRIES {
        for shot in (entry.shots)(&of_acme) {
            requests += 1;
            let seen = send(&app, entry.method, &shot, owner_of_acme.credential.as_deref()).await;
            let is_again = shot.headers.iter().any(|(name, _)| *name == "Idempotency-Key");
            let is_fine = seen.status < 300
                // In use for another request; cancelled, retried or rotated by the shot before.
                || seen.status == 422 && is_again
                || seen.status == 409 && ["undo", "retry"].iter().any(|end| shot.path.ends_with(end));
            if !is_fine {
                writeln!(
                    failures,
                    "own: {} {}: {} {}",
                    entry.method, shot.path, seen.status, seen.text
                )
                .unwrap();
            }
        }
    }
    assert!(failures.is_empty(), "{walls:?}:\n{failures}");
    println!(
        "{walls:?}: {} routes, {} identities, {requests} requests",
        ENTRIES.len(),
        identities.len() + 1
    );
}

/// Says what is wrong with an answer.
fn judge(identity: &Identity, entry: &Entry, aim: &str, shot: &Shot, seen: &Seen, canary: &str) -> Result<(), String> {
    let Seen { status, text, .. } = seen;
    if text.contains(canary) {
        return Err(format!("{status} shows the other tenant's data: {text}"));
    }
    let is_right = match (entry.names, identity.home) {
        (Names::Public, _) => *status == 200 || entry.says_busy(*status),
        (_, None) => *status == 401,
        (Names::Nothing | Names::Rows | Names::Some, Some(_)) if shot.names_tenant => match aim {
            // An empty or malformed name of a tenant is said to be one.
            "malformed" => [400, 403, 404].contains(status),
            _ => *status == 403,
        },
        (Names::Rows, Some(_)) => [400, 403, 404, 422].contains(status),
        // What is said in other words is that it cannot be done, or that nothing was found.
        (Names::Nothing | Names::Some, Some(_)) => *status < 300 || [400, 403, 404, 409, 422].contains(status),
    };
    if is_right {
        Ok(())
    } else {
        Err(format!("{status} {text}"))
    }
}

async fn send(app: &TestApp, method: Method, shot: &Shot, credential: Option<&str>) -> Seen {
    let mut request = app.client().req(method, shot.path.clone());
    for (name, value) in &shot.headers {
        request.add_header(Header::new(*name, value.clone()));
    }
    if let Some(credential) = credential {
        request.add_header(Header::new("Authorization", format!("Bearer {credential}")));
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

/// Takes out what is another one for each request.
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

/// Fills every table for a tenant, also with what only routes make, and returns how its rows are named.
async fn rows(app: &TestApp, holder: &Holder<'_>, name: &str) -> Ids {
    let rows = Rows::of(app.agencies(), &holder.agency, name).await;
    // What a request names is given back in what it is told; what is nowhere in a request is the canary.
    let (tenant, canary) = (holder.agency.id, format!("{name}.test"));
    app.sql(&format!(
        "UPDATE places_staging SET name = '{canary}', notes = '{canary}' WHERE place_id = '{name}';
         UPDATE place_details SET website = '{canary}' WHERE place_id = '{name}';
         UPDATE place_changes SET changed_by = '{canary}' WHERE place_id = '{name}';
         UPDATE api_keys SET name = '{canary}' WHERE tenant_id = '{tenant}';
         UPDATE audit_log SET actor = '{canary}' WHERE tenant_id = '{tenant}';
         UPDATE suppressions SET reason = '{canary}' WHERE tenant_id = '{tenant}';
         UPDATE idempotency_keys SET response = '{canary}' WHERE key = '{name}';
         UPDATE jobs SET error = '{canary}', progress_message = '{canary}' WHERE tenant_id = '{tenant}'"
    ))
    .await;
    let search = json!({ "location": canary, "business_type": canary });
    let search = holder.post("/api/v1/places/search", search).await;
    assert_eq!(search.status, 200, "{search:?}");
    Ids {
        tenant: holder.agency.id.to_string(),
        domain: rows.domain.id.to_string(),
        pending: rows.pending.job_id.to_string(),
        failed: rows.failed.job_id.to_string(),
        search: search.body["job_id"].as_str().unwrap().to_owned(),
        batch: rows.batch.batch_id.to_string(),
        place: rows.place_id,
        sitemap: rows.file.id.to_string(),
        run: rows.run.id.to_string(),
        key: rows.key.id.to_string(),
        contact: rows.contact.id.to_string(),
        suppression: rows.suppression.id.to_string(),
        once: rows.idempotency_key,
        number: rows.call.get().to_string(),
    }
}

/// Removes rows that a tenant had.
async fn remove(app: &TestApp, ids: &Ids) {
    let Ids {
        domain,
        pending,
        failed,
        search,
        batch,
        place,
        key,
        suppression,
        ..
    } = ids;
    app.sql(&format!(
        "DELETE FROM place_finds WHERE place_id = '{place}'; DELETE FROM place_details WHERE place_id = '{place}';
         DELETE FROM place_changes WHERE place_id = '{place}'; DELETE FROM places_staging WHERE place_id = '{place}';
         DELETE FROM domains WHERE id = '{domain}'; DELETE FROM suppressions WHERE id = '{suppression}'; DELETE FROM api_keys WHERE id = '{key}';
         DELETE FROM jobs WHERE job_id IN ('{pending}', '{failed}', '{search}') OR batch_id = '{batch}';
         DELETE FROM batch_jobs WHERE batch_id = '{batch}'"
    ))
    .await;
}

/// Ids that nobody has.
fn nobodys() -> Ids {
    let id = || Uuid::new_v4().to_string();
    Ids {
        tenant: id(),
        domain: id(),
        pending: id(),
        failed: id(),
        search: id(),
        batch: id(),
        place: "nobodys".to_owned(),
        sitemap: id(),
        run: id(),
        key: id(),
        contact: id(),
        suppression: id(),
        once: "nobodys".to_owned(),
        number: "999999".to_owned(),
    }
}

/// The same text for every id.
pub fn all(text: &str) -> Ids {
    let text = || text.to_owned();
    Ids {
        tenant: text(),
        domain: text(),
        pending: text(),
        failed: text(),
        search: text(),
        batch: text(),
        place: text(),
        sitemap: text(),
        run: text(),
        key: text(),
        contact: text(),
        suppression: text(),
        once: text(),
        number: text(),
    }
}
