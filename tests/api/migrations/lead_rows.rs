//! Leads, and what scans found changed, as in a database in use.

use tokio_postgres::Client;

use crate::support::rows::fill;

/// Adds what people decided about leads, which places and domains have made, and gives them ids and times that are the same in
/// every run.
pub async fn fill_leads(client: &Client, tenant: &str) {
    client
        .batch_execute(
            "UPDATE leads SET notes = 'call ' || domain, tags = '{warm,NULL}', priority = NULL, revisit_date = '2026-12-01', status = 'Maybe'
             WHERE place_id IS NULL;
             UPDATE leads SET id = md5(tenant_id || coalesce(place_id, domain_id::text))::uuid, created_at = '2026-11-27', updated_at = '2026-11-27'",
        )
        .await
        .unwrap();
    let actions = "(ARRAY['update', 'bulk', 'import', 'undo'])[1 + i % 4]";
    fill(
        client,
        "lead_changes",
        60,
        &[("tenant_id", tenant), ("action", actions)],
    )
    .await;
    fill(client, "score_points", 3, &[("tenant_id", tenant)]).await;
}

/// The columns of evidence that must match each other.
pub const TOLD: [(&str, &str); 6] = [
    ("column_name", "(ARRAY['title', 'claims'])[1 + i % 2]"),
    ("value", "'value ' || i"),
    ("rule", "CASE WHEN i % 2 = 0 THEN 'title' END"),
    ("snippet", "CASE WHEN i % 2 = 0 THEN 'seen ' || i END"),
    ("claim", "CASE WHEN i % 2 = 1 THEN 'WordPress' END"),
    ("confidence", "i % 101"),
];

/// Adds what scans found changed, and what values are told by.
pub async fn fill_changes(client: &Client, tenant: &str) {
    fill(
        client,
        "domain_changes",
        60,
        &[
            ("tenant_id", tenant),
            ("domain_id", "md5('domain' || 1 + (i - 1) % 90)::uuid"),
            ("kind", "(ARRAY['title', 'phone_added', 'phone_gone'])[1 + i % 3]"),
        ],
    )
    .await;
    fill(
        client,
        "domain_evidence",
        60,
        &[
            &[
                ("tenant_id", tenant),
                ("domain_id", "md5('domain' || 1 + (i - 1) % 90)::uuid"),
            ],
            TOLD.as_slice(),
        ]
        .concat(),
    )
    .await;
}
