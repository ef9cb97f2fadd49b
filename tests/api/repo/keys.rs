//! Credentials and their tenants: API keys and tenants.

use chrono::{TimeDelta, Utc};
use database::models::api_key::{ApiKey, NewApiKey};
use database::models::values::TextList;
use database::repo::{api_keys, set_aside, tenants};
use diesel::result::{DatabaseErrorKind, Error};

use crate::support::tenants::Agencies;

#[tokio::test]
async fn a_key_is_valid_until_it_expires_is_revoked_or_its_tenant_ends() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let scopes = TextList::from_iter(["read", "scan"]);
    let insert = async |hash: &[u8; 32], expires_at| {
        let new = NewApiKey {
            name: "ci",
            prefix: "sk_1",
            hash,
            scopes: &scopes,
            expires_at,
        };
        acme.attempt(async |conn| api_keys::insert(conn, &new).await).await
    };
    let key = insert(&[1; 32], Some(Utc::now() + TimeDelta::hours(1))).await.unwrap();
    insert(&[2; 32], Some(Utc::now() - TimeDelta::hours(1))).await.unwrap();
    assert_eq!(find(&agencies, 1).await.as_ref(), Some(&key));
    assert_eq!(key.scopes, scopes);
    assert_eq!(find(&agencies, 2).await, None, "the key has expired");
    assert_eq!(find(&agencies, 3).await, None);
    let twice = insert(&[1; 32], None).await;
    assert!(matches!(
        twice,
        Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _))
    ));

    let client = agencies.database.client().await;
    let activate = async |is_active: bool| {
        let sql = "UPDATE tenants SET is_active = $1 WHERE name = 'acme'";
        client.execute(sql, &[&is_active]).await.unwrap();
    };
    activate(false).await;
    assert_eq!(find(&agencies, 1).await, None, "its tenant is inactive");
    activate(true).await;

    let revoked = acme.run(async |conn| api_keys::revoke(conn, key.id).await).await;
    assert!(revoked.revoked_at.is_some());
    assert_eq!(find(&agencies, 1).await, None, "the key was revoked");
    let again = acme.run(async |conn| api_keys::revoke(conn, key.id).await).await;
    assert_eq!(again.revoked_at, revoked.revoked_at);
    let names: Vec<_> = acme.run(async |conn| api_keys::list(conn).await).await;
    assert_eq!(names.iter().map(|key| key.hash[0]).collect::<Vec<_>>(), [2, 1]);
}

#[tokio::test]
async fn the_use_of_a_key_is_recorded_once_a_minute() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let new = NewApiKey {
        name: "ci",
        prefix: "sk_1",
        hash: &[1; 32],
        scopes: &TextList::from_iter(["read"]),
        expires_at: None,
    };
    acme.run(async |conn| api_keys::insert(conn, &new).await).await;
    let use_it = async || {
        let key = find(&agencies, 1).await.unwrap();
        agencies.system(async |conn| api_keys::touch(conn, &key).await).await;
        find(&agencies, 1).await.unwrap().last_used_at
    };
    let first = use_it().await;
    assert!(first.is_some());
    assert_eq!(use_it().await, first);
    let client = agencies.database.client().await;
    client
        .batch_execute("UPDATE api_keys SET last_used_at = last_used_at - interval '2 minutes'")
        .await
        .unwrap();
    assert!(use_it().await > first);
}

#[tokio::test]
async fn a_tenant_is_looked_up_by_a_uuid() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let found = agencies
        .system(async |conn| tenants::find(conn, acme.id.get()).await)
        .await;
    let own = found.unwrap();
    assert_eq!(own.id, acme.id);
    let historic = agencies
        .system(async |conn| tenants::find(conn, tenants::DEFAULT_TENANT).await)
        .await;
    let all = agencies.system(async |conn| tenants::list(conn).await).await;
    assert_eq!(all, [historic.unwrap(), own], "by name");
}

#[tokio::test]
async fn a_new_database_has_nothing_set_aside() {
    let agencies = Agencies::new().await;
    let none = agencies.system(async |conn| set_aside::list(conn).await).await;
    assert_eq!(none, []);
}

async fn find(agencies: &Agencies, hash: u8) -> Option<ApiKey> {
    agencies
        .system(async |conn| api_keys::find_valid(conn, &[hash; 32]).await)
        .await
        .map(|(key, _)| key)
}
