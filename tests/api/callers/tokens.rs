//! Tokens of signed-in people.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rocket::http::{ContentType, Method};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::app::{Answer, TestApp};
use crate::support::site::{Reply, Site};
use crate::support::tokens::{SECRET, Signer, claims, encode, token};

/// The sign-in service: its public keys, and whether it responds.
struct SignIn {
    site: Site,
    keys: Arc<Mutex<Vec<Value>>>,
    is_down: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
}

impl SignIn {
    async fn start(keys: Vec<Value>) -> Self {
        let keys = Arc::new(Mutex::new(keys));
        let (is_down, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (shown, down, counted) = (Arc::clone(&keys), Arc::clone(&is_down), Arc::clone(&asked));
        let site = Site::start(move |path| {
            assert_eq!(path, "/auth/v1/.well-known/jwks.json");
            counted.fetch_add(1, Ordering::SeqCst);
            if down.load(Ordering::SeqCst) {
                return Reply::new("503 Service Unavailable", &[], "");
            }
            let set = json!({ "keys": *shown.lock().unwrap() }).to_string();
            Reply::new("200 OK", &[("Content-Type", "application/json")], set)
        })
        .await;
        Self {
            site,
            keys,
            is_down,
            asked,
        }
    }

    fn url(&self) -> String {
        format!("http://{}", self.site.addr)
    }

    fn issuer(&self) -> String {
        format!("{}/auth/v1", self.url())
    }

    async fn app(&self, secret: bool) -> TestApp {
        let url = self.url();
        let mut settings = vec![("supabase_url", url.as_str())];
        if secret {
            settings.push(("supabase_jwt_secret", SECRET));
        }
        TestApp::with(&settings).await
    }
}

/// Adds a person to a tenant.
pub async fn person(app: &TestApp, tenant: impl std::fmt::Display, role: &str) -> Uuid {
    let id = Uuid::new_v4();
    app.sql(&format!(
        "INSERT INTO profiles (id, tenant_id, name, role) VALUES ('{id}', '{tenant}', 'somebody', '{role}')"
    ))
    .await;
    id
}

async fn status(app: &TestApp, token: &str) -> u16 {
    app.send(Method::Get, "/api/v1/domains", Some(token), None).await.status
}

const HS: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

fn changed(claims: &Value, change: impl FnOnce(&mut Value)) -> String {
    let mut claims = claims.clone();
    change(&mut claims);
    claims.to_string()
}

fn without(claims: &Value, name: &str) -> String {
    changed(claims, |claims| drop(claims.as_object_mut().unwrap().remove(name)))
}

#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "a table of tokens, each with the name of what is wrong with it"
)]
async fn forged_and_broken_tokens_are_all_refused() {
    let (ec, rsa, stranger) = (Signer::ec(), Signer::rsa(), Signer::ec());
    let service = SignIn::start(vec![ec.jwk("ec"), rsa.jwk("rsa")]).await;
    let app = service.app(true).await;
    let acme = app.agency("acme").await;
    let id = person(&app, acme.agency.id, "USER").await;
    let good = claims(&service.issuer(), id);
    let now = good["iat"].as_i64().unwrap();
    let secret = Signer::secret();
    let with = |name: &str, value: Value| changed(&good, |claims| claims[name] = value);
    let plain = good.to_string();
    let signed = |header: &str| secret.token(header, &plain);
    let says = |claims: &str| secret.token(HS, claims);
    let valid = signed(HS);
    let parts: Vec<&str> = valid.split('.').collect();
    let unsigned = |header: &str| format!("{}.{}.", encode(header.as_bytes()), parts[1]);
    let ec_header = r#"{"alg":"ES256","kid":"ec"}"#;

    // The valid tokens: each case below differs from them in one thing.
    for fine in [
        valid.clone(),
        ec.token(ec_header, &plain),
        rsa.token(r#"{"alg":"RS256","kid":"rsa"}"#, &plain),
        says(&with("exp", json!(now - 28))),
        says(&with("nbf", json!(now + 28))),
        says(&with("aud", json!(["other", "authenticated"]))),
        signed(r#"{"alg":"HS256","kid":"of the secret"}"#),
    ] {
        assert_eq!(status(&app, &fine).await, 200, "{fine}");
    }

    let vectors: Vec<(&str, String)> = vec![
        ("alg none, no signature", unsigned(r#"{"alg":"none"}"#)),
        ("alg None", unsigned(r#"{"alg":"None"}"#)),
        ("alg NONE", unsigned(r#"{"alg":"NONE"}"#)),
        ("alg nOnE", unsigned(r#"{"alg":"nOnE"}"#)),
        ("alg none with a signature", signed(r#"{"alg":"none"}"#)),
        ("alg empty", signed(r#"{"alg":""}"#)),
        ("alg null", signed(r#"{"alg":null}"#)),
        ("alg missing", signed(r#"{"typ":"JWT"}"#)),
        ("alg a list", signed(r#"{"alg":["HS256"]}"#)),
        ("alg in small letters", signed(r#"{"alg":"hs256"}"#)),
        ("alg twice", signed(r#"{"alg":"HS256","alg":"none"}"#)),
        ("alg of another length", signed(r#"{"alg":"HS512"}"#)),
        ("ES256 without a kid", ec.token(r#"{"alg":"ES256"}"#, &plain)),
        (
            "HS256 signed with the EC public key",
            Signer::Hmac(ec.public_bytes()).token(r#"{"alg":"HS256","kid":"ec"}"#, &plain),
        ),
        (
            "HS256 signed with the RSA public key",
            Signer::Hmac(rsa.public_bytes()).token(r#"{"alg":"HS256","kid":"rsa"}"#, &plain),
        ),
        (
            "HS256 signed with the public key, no kid",
            Signer::Hmac(rsa.public_bytes()).token(HS, &plain),
        ),
        (
            "signed with the secret, under the kid of a public key",
            signed(r#"{"alg":"HS256","kid":"ec"}"#),
        ),
        (
            "RS256 under the kid of an EC key",
            rsa.token(r#"{"alg":"RS256","kid":"ec"}"#, &plain),
        ),
        ("another's EC key under a known kid", stranger.token(ec_header, &plain)),
        (
            "unknown kid",
            stranger.token(r#"{"alg":"ES256","kid":"nobody's"}"#, &plain),
        ),
        (
            "kid of a path",
            stranger.token(r#"{"alg":"ES256","kid":"../../dev/null"}"#, &plain),
        ),
        (
            "kid of SQL",
            Signer::Hmac(vec![]).token(r#"{"alg":"HS256","kid":"x' OR '1'='1"}"#, &plain),
        ),
        ("kid a number", stranger.token(r#"{"alg":"ES256","kid":7}"#, &plain)),
        (
            "its own key in the header",
            stranger.token(&json!({"alg": "ES256", "jwk": stranger.jwk("own")}).to_string(), &plain),
        ),
        (
            "the address of its own keys",
            stranger.token(r#"{"alg":"ES256","kid":"own","jku":"http://evil.test/keys"}"#, &plain),
        ),
        (
            "crit that nobody knows",
            signed(r#"{"alg":"HS256","crit":["exp"],"exp":1}"#),
        ),
        ("b64 false", signed(r#"{"alg":"HS256","b64":false}"#)),
        ("signed with an empty secret", Signer::Hmac(vec![]).token(HS, &plain)),
        ("signature empty", format!("{}.{}.", parts[0], parts[1])),
        ("signature cut", valid[..valid.len() - 4].to_owned()),
        (
            "claims changed",
            format!(
                "{}.{}.{}",
                parts[0],
                encode(with("sub", json!(Uuid::new_v4())).as_bytes()),
                parts[2]
            ),
        ),
        ("two parts", format!("{}.{}", parts[0], parts[1])),
        ("four parts", format!("{valid}.{}", parts[2])),
        ("one part", parts[0].to_owned()),
        ("padding", format!("{}.{}=.{}", parts[0], parts[1], parts[2])),
        (
            "not the alphabet of URLs",
            format!("{}.{}.{}", parts[0], parts[1], parts[2].replace(['-', '_'], "+") + "+"),
        ),
        ("no JSON", says("{")),
        ("claims of another kind", says("[]")),
        ("oversize", says(&with("filler", json!("x".repeat(8 * 1024))))),
        ("aud of another", says(&with("aud", json!("anon")))),
        ("aud missing", says(&without(&good, "aud"))),
        ("aud null", says(&with("aud", Value::Null))),
        ("iss of another", says(&with("iss", json!("https://evil.test/auth/v1")))),
        ("iss missing", says(&without(&good, "iss"))),
        (
            "iss of ours among others",
            says(&with("iss", json!([service.issuer(), "https://evil.test"]))),
        ),
        ("expired by 31 s", says(&with("exp", json!(now - 31)))),
        ("exp missing", says(&without(&good, "exp"))),
        ("exp text", says(&with("exp", json!((now + 3600).to_string())))),
        ("exp fraction", says(&with("exp", json!(now as f64 + 3600.5)))),
        (
            "exp beyond numbers",
            says(&plain.replace(&format!("\"exp\":{}", now + 3600), "\"exp\":1e400")),
        ),
        (
            "exp huge",
            says(&plain.replace(&format!("\"exp\":{}", now + 3600), "\"exp\":99999999999999999999999")),
        ),
        ("exp negative", says(&with("exp", json!(-1)))),
        ("exp null", says(&with("exp", Value::Null))),
        (
            "exp twice",
            says(&plain.replacen('{', &format!("{{\"exp\":{},", now - 9999), 1)),
        ),
        ("not valid for another 40 s", says(&with("nbf", json!(now + 40)))),
        ("nbf text", says(&with("nbf", json!("soon")))),
        ("sub missing", says(&without(&good, "sub"))),
        ("sub no UUID", says(&with("sub", json!("somebody")))),
        (
            "sub twice",
            says(&plain.replacen('{', &format!("{{\"sub\":\"{}\",", Uuid::new_v4()), 1)),
        ),
        ("role anon", says(&with("role", json!("anon")))),
        ("role service_role", says(&with("role", json!("service_role")))),
        ("role of another kind", says(&with("role", json!(["authenticated"])))),
        (
            "tenant no UUID",
            says(&with("app_metadata", json!({ "tenant_id": "x" }))),
        ),
        ("nothing", String::new()),
    ];
    assert!(vectors.len() >= 40);
    for (name, token) in &vectors {
        let answer = app.send(Method::Get, "/api/v1/domains", Some(token), None).await;
        assert_eq!(answer.status, 401, "{name}: {answer:?}");
        assert_eq!(answer.content_type, "application/problem+json", "{name}");
        assert!(
            token.is_empty() || !answer.text.contains(token.as_str()),
            "{name}: {answer:?}"
        );
    }
    println!("{} forged and broken tokens, all refused", vectors.len());
    assert!(service.asked.load(Ordering::SeqCst) <= 2, "asked within 30 s");
}

#[tokio::test]
async fn keys_rotate_without_a_restart_or_failures() {
    let (old, new) = (Signer::ec(), Signer::rsa());
    let service = SignIn::start(vec![old.jwk("old"), new.jwk("new")]).await;
    let app = service.app(false).await;
    let acme = app.agency("acme").await;
    let id = person(&app, acme.agency.id, "USER").await;
    let claims = claims(&service.issuer(), id).to_string();
    let by_old = old.token(r#"{"alg":"ES256","kid":"old"}"#, &claims);
    let by_new = new.token(r#"{"alg":"RS256","kid":"new"}"#, &claims);
    assert_eq!(status(&app, &by_old).await, 200);
    assert_eq!(status(&app, &by_new).await, 200);
    service.is_down.store(true, Ordering::SeqCst);
    service.keys.lock().unwrap().clear();
    let unknown = Signer::ec();
    for number in 0..100 {
        let header = format!(r#"{{"alg":"ES256","kid":"unknown {number}"}}"#);
        assert_eq!(status(&app, &unknown.token(&header, &claims)).await, 401);
        assert_eq!(status(&app, &by_old).await, 200, "while the service does not answer");
    }
    assert_eq!(
        service.asked.load(Ordering::SeqCst),
        1,
        "once in 30 s, whatever keys are named"
    );
}

/// A new key is fetched by the first request that names it.
#[tokio::test]
async fn an_unknown_key_is_fetched() {
    let first = Signer::ec();
    let service = SignIn::start(vec![first.jwk("first")]).await;
    let app = service.app(true).await;
    let acme = app.agency("acme").await;
    let id = person(&app, acme.agency.id, "USER").await;
    let claims = claims(&service.issuer(), id).to_string();
    // A token signed with the secret needs no fetch.
    assert_eq!(status(&app, &Signer::secret().token(HS, &claims)).await, 200);
    assert_eq!(service.asked.load(Ordering::SeqCst), 0);
    let second = Signer::ec();
    service.keys.lock().unwrap().push(second.jwk("second"));
    assert_eq!(
        status(&app, &second.token(r#"{"alg":"ES256","kid":"second"}"#, &claims)).await,
        200
    );
    assert_eq!(service.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_person_acts_for_their_own_tenant() {
    let service = SignIn::start(vec![]).await;
    let app = service.app(true).await;
    let (acme, bolt) = (app.agency("acme").await, app.agency("bolt").await);
    let (acme_id, bolt_id) = (acme.agency.id.to_string(), bolt.agency.id.to_string());
    acme.agency.domain("acme.test").await;
    let issuer = service.issuer();
    let [member, admin, chief] = [("USER"), ("ADMIN"), ("SUPER_ADMIN")];
    let member = token(&issuer, person(&app, &acme_id, member).await);
    let admin = token(&issuer, person(&app, &acme_id, admin).await);
    let chief = token(&issuer, person(&app, &acme_id, chief).await);
    let global = token(&issuer, person(&app, &acme_id, "GLOBAL_ADMIN").await);
    let get = async |path: &str, token: &str, tenant: Option<&str>| get(&app, path, token, tenant).await;
    let of_bolt = format!("/api/v1/domains?tenant_id={bolt_id}");
    for person in [&member, &admin, &chief, &global] {
        assert_eq!(get("/api/v1/domains", person, None).await.body["total"], 1);
        assert_eq!(get("/api/v1/domains", person, Some(&acme_id)).await.status, 200);
        assert_eq!(get("/api/v1/domains", person, Some("acme")).await.status, 400);
        assert_eq!(get("/api/v1/domains?tenant_id=acme", person, None).await.status, 400);
    }
    for person in [&member, &admin] {
        assert_eq!(get("/api/v1/domains", person, Some(&bolt_id)).await.status, 403);
        assert_eq!(get(&of_bolt, person, None).await.status, 403);
        assert_eq!(
            get("/api/v1/domains", person, Some(&Uuid::new_v4().to_string()))
                .await
                .status,
            403
        );
    }
    for person in [&chief, &global] {
        assert_eq!(get("/api/v1/domains", person, Some(&bolt_id)).await.body["total"], 0);
        assert_eq!(get(&of_bolt, person, None).await.body["total"], 0);
        assert_eq!(
            get(&of_bolt, person, Some(&acme_id)).await.status,
            400,
            "two tenants at once"
        );
        assert_eq!(
            get("/api/v1/domains", person, Some(&Uuid::new_v4().to_string()))
                .await
                .status,
            404
        );
    }
}

/// Gets `path`, as `tenant` if given.
async fn get(app: &TestApp, path: &str, token: &str, tenant: Option<&str>) -> Answer {
    let headers: Vec<(&'static str, &str)> = tenant.map(|tenant| ("X-Tenant-Id", tenant)).into_iter().collect();
    app.send_with(&headers, Method::Get, path, Some(token), None).await
}

#[tokio::test]
async fn a_persons_role_decides_the_permissions() {
    let service = SignIn::start(vec![]).await;
    let app = service.app(true).await;
    let (acme, bolt) = (app.agency("acme").await, app.agency("bolt").await);
    let (acme_id, bolt_id) = (acme.agency.id.to_string(), bolt.agency.id.to_string());
    let domain = acme.agency.domain("acme.test").await.id.to_string();
    let of = async |role: &str| token(&service.issuer(), person(&app, &acme_id, role).await);
    let (member, admin, chief) = (of("USER").await, of("ADMIN").await, of("SUPER_ADMIN").await);
    // Also in a body.
    let scan = json!({ "base_url": "new.bench.test", "tenant_id": bolt_id }).to_string();
    let post = async |token: &str| {
        app.send(
            Method::Post,
            "/api/v1/scrapersky",
            Some(token),
            Some((ContentType::JSON, &scan)),
        )
        .await
        .status
    };
    assert_eq!(post(&admin).await, 403);
    assert_eq!(post(&chief).await, 200);
    assert_eq!(bolt.get("/api/v1/domains").await.body["total"], 1);
    // What members and administrators may do.
    assert_eq!(get(&app, "/api/v1/keys", &member, None).await.status, 403);
    assert_eq!(get(&app, "/api/v1/audit", &member, None).await.status, 403);
    assert_eq!(get(&app, "/api/v1/keys", &admin, None).await.status, 200);
    let path = format!("/api/v1/domains/{domain}");
    assert_eq!(app.send(Method::Delete, &path, Some(&member), None).await.status, 403);
    assert_eq!(app.send(Method::Delete, &path, Some(&admin), None).await.status, 204);
}

#[tokio::test]
async fn a_person_without_a_profile_acts_for_the_tokens_tenant() {
    let service = SignIn::start(vec![]).await;
    let app = service.app(true).await;
    let bolt = app.agency("bolt").await;
    bolt.agency.domain("bolt.test").await;
    let bolt_id = bolt.agency.id.to_string();
    let issuer = service.issuer();
    let get = async |path: &str, token: &str| get(&app, path, token, None).await;
    let nobody = claims(&issuer, Uuid::new_v4());
    let answer = get("/api/v1/domains", &Signer::secret().token(HS, &nobody.to_string())).await;
    assert_eq!(answer.status, 403, "{answer:?}");
    assert!(
        answer.body["detail"].as_str().unwrap().contains("profile"),
        "{answer:?}"
    );
    let signed = |metadata: &str, tenant: &str| {
        Signer::secret().token(
            HS,
            &changed(&nobody, |claims| claims[metadata] = json!({ "tenant_id": tenant })),
        )
    };
    assert_eq!(
        get("/api/v1/domains", &signed("app_metadata", &bolt_id)).await.body["total"],
        1
    );
    assert_eq!(get("/api/v1/keys", &signed("app_metadata", &bolt_id)).await.status, 403);
    // Claims that the person can edit are ignored.
    assert_eq!(
        get("/api/v1/domains", &signed("user_metadata", &bolt_id)).await.status,
        403
    );
    assert_eq!(
        get("/api/v1/domains", &signed("app_metadata", &Uuid::new_v4().to_string()))
            .await
            .status,
        403
    );
    app.sql(&format!("UPDATE tenants SET is_active = false WHERE id = '{bolt_id}'"))
        .await;
    let fresh = changed(&nobody, |claims| {
        claims["sub"] = json!(Uuid::new_v4());
        claims["app_metadata"] = json!({ "tenant_id": bolt_id });
    });
    assert_eq!(
        get("/api/v1/domains", &Signer::secret().token(HS, &fresh)).await.status,
        403
    );
}
