//! The API's description has every route and its required scope.

use std::collections::BTreeSet;
use std::str::FromStr;

use database::models::enums::Scope;
use serde_json::Value;
use uuid::Uuid;

use super::isolation::all;
use super::pages::{DOORS, PAGES};
use super::routes::ENTRIES;
use super::tokens::person;
use crate::support::app::TestApp;
use crate::support::contract::Contract;
use crate::support::tokens::{SECRET, token};

/// The scope of routes without a caller.
const PUBLIC: &str = "none";
/// The scope of routes for every caller.
const ANY: &str = "any";
/// The scope of routes for super administrators.
const SUPER_ADMIN: &str = "super admin";

const ISSUER: &str = "https://project.test/auth/v1";

/// A described route.
#[derive(Debug)]
struct Row {
    method: String,
    path: String,
    scope: String,
}

#[tokio::test]
async fn described_and_mounted_routes_are_equal() {
    let app = TestApp::new().await;
    let mounted: BTreeSet<(String, String)> = app
        .client()
        .rocket()
        .routes()
        .map(|route| (route.method.to_string(), route.uri.path().to_owned()))
        .collect();
    let described: BTreeSet<(String, String)> = described(app.contract())
        .into_iter()
        .map(|route| (route.method, route.path))
        .collect();
    let pages = PAGES.iter().map(|page| (page.method.as_str(), page.path));
    let pages: BTreeSet<(String, String)> = pages
        .chain(DOORS.iter().copied())
        .map(|(method, path)| (method.to_owned(), path.to_owned()))
        .collect();
    let missing: Vec<_> = mounted
        .difference(&described)
        .filter(|route| !pages.contains(route))
        .collect();
    assert!(missing.is_empty(), "these routes are not described: {missing:#?}");
    let gone: Vec<_> = described.difference(&mounted).collect();
    assert!(
        gone.is_empty(),
        "these routes are described, but not mounted: {gone:#?}"
    );
}

/// A key without the documented scope is refused; a key with it is accepted.
#[tokio::test]
async fn routes_require_the_documented_scopes() {
    let app = TestApp::with(&[("supabase_jwt_secret", SECRET), ("jwt_issuer", ISSUER)]).await;
    let agency = app.agency("acme").await.agency;
    let people = async |role: &str| token(ISSUER, person(&app, agency.id, role).await);
    let (admin, super_admin) = (people("ADMIN").await, people("SUPER_ADMIN").await);
    let ids = all(&Uuid::new_v4().to_string());
    for row in described(app.contract()) {
        let entry = ENTRIES
            .iter()
            .find(|entry| entry.method.as_str() == row.method && entry.path == row.path)
            .unwrap_or_else(|| panic!("{row:?} has no entry"));
        let shot = (entry.shots)(&ids).remove(0);
        let send = async |key: Option<&str>| {
            let body = shot.body.as_ref().map(|(kind, text)| (kind.clone(), text.as_str()));
            app.send(entry.method, &shot.path, key, body).await.status
        };
        let nobody = send(None).await;
        if row.scope == PUBLIC {
            assert!(![401, 403].contains(&nobody), "{row:?} without a key: {nobody}");
            continue;
        }
        assert_eq!(nobody, 401, "{row:?} without a key");
        if row.scope == SUPER_ADMIN {
            let key = app.key(&agency, Scope::ALL).await;
            for refused in [&key, &admin] {
                assert_eq!(send(Some(refused)).await, 403, "{row:?} without the role");
            }
            let answered = send(Some(&super_admin)).await;
            assert!(![401, 403].contains(&answered), "{row:?} with the role: {answered}");
            continue;
        }
        if row.scope == ANY {
            for scope in Scope::ALL {
                let key = app.key(&agency, &[*scope]).await;
                assert_eq!(send(Some(&key)).await, 200, "{row:?} with {scope} alone");
            }
            continue;
        }
        let scope = Scope::from_str(&row.scope).unwrap_or_else(|_| panic!("{row:?} names no scope"));
        let others: Vec<Scope> = Scope::ALL.iter().copied().filter(|other| *other != scope).collect();
        let without = app.key(&agency, &others).await;
        assert_eq!(send(Some(&without)).await, 403, "{row:?} with all scopes but {scope}");
        // A key may only pass on scopes that it has, here `read`.
        let with = app.key(&agency, &[Scope::Read, scope]).await;
        let answered = send(Some(&with)).await;
        assert!(![401, 403].contains(&answered), "{row:?} with {scope}: {answered}");
    }
}

/// Returns the described routes.
fn described(contract: &Contract) -> Vec<Row> {
    let row = |path: &str, method: &str, operation: &Value| Row {
        method: method.to_uppercase(),
        path: path.replace('{', "<").replace('}', ">"),
        scope: operation["x-scope"].as_str().unwrap_or(PUBLIC).to_owned(),
    };
    contract
        .operations()
        .map(|(path, method, operation)| row(path, method, operation))
        .collect()
}
