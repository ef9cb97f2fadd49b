//! Leads: how they follow places, domains and contacts, how they are listed, and what people decide about them.

mod curation;
mod files;
mod follows;
mod lists;
mod report;
mod scores;

use serde_json::Value;

use crate::support::app::{Holder, TestApp};

/// Two places, a domain of the first one and a domain without a place, each with facts and contacts.
///
/// `$T` stands for the tenant.
const ROWS: &str = r#"
    INSERT INTO places_staging (tenant_id, place_id, name, formatted_address, business_type, latitude, longitude, rating, created_by, search_time)
        VALUES ('$T', 'p1', 'Acme Dental', '1 Main St, Houston', 'dentist', 29.76, -95.37, 4.5, '$T', now()),
               ('$T', 'p2', 'Best Bakery', '2 Side St, Dallas', 'bakery', 32.78, -96.80, NULL, '$T', now());
    INSERT INTO domains (tenant_id, id, domain)
        VALUES ('$T', md5('acme$T')::uuid, 'acme.test'), ('$T', md5('solo$T')::uuid, 'solo.test');
    INSERT INTO place_details (tenant_id, place_id, website, phone, domain_id)
        VALUES ('$T', 'p1', 'https://acme.test/', '+1 713 555 0100', md5('acme$T')::uuid);
    INSERT INTO domain_profiles (tenant_id, domain_id, phone_numbers, facebook_url)
        VALUES ('$T', md5('solo$T')::uuid, '{+49 30 1}', 'https://facebook.com/solo');
    INSERT INTO domain_technologies (tenant_id, domain_id, tech_stack)
        VALUES ('$T', md5('solo$T')::uuid, '{"cms": ["WordPress"], "widgets": [{"name": "Tawk.to"}]}');
    INSERT INTO domain_hosting (tenant_id, domain_id, has_ssl, ssl_expiry_date)
        VALUES ('$T', md5('acme$T')::uuid, true, now() + interval '5 days'), ('$T', md5('solo$T')::uuid, false, NULL);
    INSERT INTO pages (tenant_id, id, domain_id, url)
        VALUES ('$T', md5('page$T')::uuid, md5('acme$T')::uuid, 'https://acme.test/'),
               ('$T', md5('solo page$T')::uuid, md5('solo$T')::uuid, 'https://solo.test/');
    INSERT INTO contacts (tenant_id, id, domain_id, page_id, email, confidence)
        VALUES ('$T', md5('far$T')::uuid, md5('acme$T')::uuid, md5('page$T')::uuid, 'acme@gmail.com', 99),
               ('$T', md5('low$T')::uuid, md5('acme$T')::uuid, md5('page$T')::uuid, 'jobs@acme.test', 60),
               ('$T', md5('best$T')::uuid, md5('acme$T')::uuid, md5('page$T')::uuid, 'info@mail.acme.test', 80),
               ('$T', md5('solo mail$T')::uuid, md5('solo$T')::uuid, md5('solo page$T')::uuid, 'info@solo.test', 80);
"#;

/// Adds [`ROWS`] to an agency.
async fn filled(app: &TestApp, holder: &Holder<'_>) {
    app.sql(&ROWS.replace("$T", &holder.agency.id.to_string())).await;
}

/// Returns all leads by their names.
async fn listed(holder: &Holder<'_>, query: &str) -> Vec<Value> {
    let answer = holder.get(&format!("/api/v1/leads?sort=name{query}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let items = answer.body["items"].as_array().unwrap().clone();
    assert_eq!(answer.body["total"], items.len(), "{answer:?}");
    items
}

/// Returns the names of the leads that a filter selects.
async fn names(holder: &Holder<'_>, query: &str) -> Vec<String> {
    let items = listed(holder, query).await;
    items
        .iter()
        .map(|lead| lead["name"].as_str().unwrap().to_owned())
        .collect()
}

/// Returns the lead with a name.
async fn lead(holder: &Holder<'_>, name: &str) -> Value {
    let all = listed(holder, "").await;
    all.into_iter().find(|lead| lead["name"] == name).unwrap()
}
