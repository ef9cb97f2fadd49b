//! Saved views of leads: filters with a name, shared by the people of a tenant.

use database::models::enums::Scope;

use super::Browser;
use crate::support::app::TestApp;

#[tokio::test]
async fn a_view_is_saved_found_replaced_and_deleted() {
    let app = TestApp::new().await;
    let (acme, bolt) = (app.agency("acme").await.agency, app.agency("bolt").await.agency);
    let browser = Browser::of(&app, &acme, Scope::ALL).await;
    let stranger = Browser::of(&app, &bolt, Scope::ALL).await;
    let reader = Browser::of(&app, &acme, &[Scope::Read]).await;
    let save = async |query: &str, name: &str| {
        browser
            .post(&format!("/leads/views?{query}"), &format!("view_name={name}"))
            .await
    };
    let saved = save("status=selected&q=&sort=-score&cursor=", "To+call").await;
    assert_eq!(
        saved.location.as_deref(),
        Some("/leads?status=selected&sort=-score"),
        "{}",
        saved.text
    );
    for (query, name) in [
        ("status=chosen", "x"),
        ("sort=colour", "x"),
        ("", "x"),
        ("status=selected", "+"),
        ("status=selected", &"x".repeat(101)),
    ] {
        let refused = save(query, name).await;
        assert_eq!(refused.status, 400, "{query}, {name}: {}", refused.text);
    }
    let link = "href=\"/leads?status=selected&amp;sort=-score\"";
    for page in [browser.get("/leads").await, reader.get("/leads").await] {
        assert!(
            page.text.contains(link) && page.text.contains("To call"),
            "{}",
            page.text
        );
    }
    assert!(
        !reader.get("/leads").await.text.contains("/delete"),
        "who may only read deletes none"
    );
    assert!(!stranger.get("/leads").await.text.contains("To call"));

    assert_eq!(save("tag=north", "To+call").await.status, 303);
    assert_eq!(
        app.texts("SELECT name || ' ' || query FROM saved_views").await,
        ["To call tag=north"]
    );
    let id = app.texts("SELECT id::text FROM saved_views").await.remove(0);
    let delete = format!("/leads/views/{id}/delete");
    assert_eq!(reader.post(&delete, "").await.status, 403);
    assert_eq!(stranger.post(&delete, "").await.status, 404);
    assert_eq!(browser.post(&delete, "").await.status, 303);
    assert_eq!(app.count("SELECT count(*) FROM saved_views").await, 0);
}

#[tokio::test]
async fn a_tenant_has_at_most_fifty_views() {
    let app = TestApp::new().await;
    let agency = app.agency("acme").await.agency;
    let browser = Browser::of(&app, &agency, Scope::ALL).await;
    app.sql(&format!(
        "INSERT INTO saved_views (tenant_id, name, query) SELECT '{}', 'view ' || n, 'q=' || n FROM generate_series(1, 50) n",
        agency.id
    ))
    .await;
    assert_eq!(browser.post("/leads/views?q=x", "view_name=one+more").await.status, 409);
    assert_eq!(
        browser.post("/leads/views?q=x", "view_name=view+7").await.status,
        303,
        "one of them is replaced"
    );
}
