//! Imports and exports.

use rocket::http::{ContentType, Method};
use scans::PlacesProtocol;
use serde_json::{Value, json};

use super::{config, google, search, staged, work};
use crate::support::app::{Holder, TestApp};

#[tokio::test]
async fn imports_and_bulk_changes_are_idempotent_by_key() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let import = async |name: &str, file: &str| {
        let (headers, body) = ([("Idempotency-Key", name)], Some((ContentType::CSV, file)));
        app.send_with(&headers, Method::Post, "/api/v1/places/import", Some(&acme.key), body)
            .await
    };
    let file = "place_id,name\none,One\ntwo,Two\n";
    let first = import("file", file).await;
    assert_eq!((first.status, &first.body["inserted"]), (200, &json!(2)), "{first:?}");
    // Done again, it would report both as existing.
    let again = import("file", file).await;
    assert_eq!((again.status, &again.body), (200, &first.body));
    assert_eq!(import("other", file).await.body["updated"], 2);
    assert_eq!(import("file", "place_id,name\nthree,Three\n").await.status, 422);
    assert_eq!(staged(&acme).await.len(), 2);

    let change = json!({ "filter": {}, "add_tags": ["warm"] });
    let first = acme.post_as("change", "/api/v1/places/update", &change).await;
    assert_eq!((first.status, &first.body["changed"]), (200, &json!(2)), "{first:?}");
    let again = acme.post_as("change", "/api/v1/places/update", &change).await;
    assert_eq!((again.status, &again.body), (200, &first.body));
    let another = json!({ "filter": {}, "add_tags": ["cold"] });
    assert_eq!(
        acme.post_as("change", "/api/v1/places/update", &another).await.status,
        422
    );
    let history = acme.get("/api/v1/places/history").await.body;
    let bulk = |item: &&Value| item["action"] == "bulk";
    assert_eq!(
        history["items"].as_array().unwrap().iter().filter(bulk).count(),
        2,
        "{history}"
    );
}

/// Returns the records of a CSV file in order.
fn records(text: &str) -> Vec<csv::StringRecord> {
    let text = text.strip_prefix('\u{feff}').unwrap();
    let mut records: Vec<csv::StringRecord> = csv::Reader::from_reader(text.as_bytes())
        .records()
        .map(Result::unwrap)
        .collect();
    records.sort_by(|one, other| one.as_slice().cmp(other.as_slice()));
    records
}

/// Returns places without values that differ by tenant, in order.
fn comparable(places: Vec<Value>) -> Vec<String> {
    let mut rows: Vec<_> = places
        .into_iter()
        .map(|place| {
            let mut row = place.as_object().unwrap().clone();
            for own in [
                "id",
                "tenant_id",
                "created_by",
                "search_job_id",
                "updated_by",
                "updated_at",
            ] {
                row.remove(own).unwrap();
            }
            Value::Object(row).to_string()
        })
        .collect();
    rows.sort();
    rows
}

async fn export(app: &TestApp, holder: &Holder<'_>, path: &str) -> String {
    let (status, text) = app.text(Method::Get, path, &holder.key, "").await;
    assert_eq!(status, 200, "{text}");
    text
}

#[tokio::test]
async fn an_export_can_be_imported_elsewhere_unchanged() {
    let (app, google) = (TestApp::new().await, google(60).await);
    let (acme, umbra) = (app.agency("acme").await, app.agency("umbra").await);
    let _work = work(&app, &config(&google, PlacesProtocol::New));
    search(&acme, json!({ "max_results": 60 })).await;
    for (place, change) in [
        (
            1,
            json!({ "notes": "=HYPERLINK(\"http://x\")", "tags": ["-warm", "a;b", "\"q\""], "priority": -2 }),
        ),
        (2, json!({ "notes": "", "status": "maybe" })),
        (
            3,
            json!({ "notes": "'@x\nsecond, line", "revisit_date": "2030-01-02", "tags": [] }),
        ),
        (4, json!({ "notes": "+1 713", "priority": null })),
    ] {
        let mut body = json!({ "place_ids": [format!("ChIJdemo{place:06}")] });
        body.as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        assert_eq!(acme.post("/api/v1/places/update", body).await.body["changed"], 1);
    }
    let file = export(&app, &acme, "/api/v1/places/export.csv?raw_data=true").await;
    let mut reader = csv::Reader::from_reader(file.as_bytes());
    let mut rows = 0;
    for record in reader.records() {
        for cell in &record.unwrap() {
            let is_number = cell.parse::<f64>().is_ok();
            let is_phone = cell.starts_with('+') && !cell.contains(|c: char| !"+0123456789 ()./-".contains(c));
            assert!(
                is_number || is_phone || !cell.starts_with(['=', '+', '-', '@']),
                "{cell:?}"
            );
        }
        rows += 1;
    }
    assert_eq!(rows, 60);

    let (status, report) = app.text(Method::Post, "/api/v1/places/import", &umbra.key, &file).await;
    assert_eq!(status, 200, "{report}");
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(
        (&report["rows"], &report["inserted"], &report["failed"]),
        (&json!(60), &json!(60), &json!(0))
    );
    assert_eq!(report["lines"].as_array().unwrap().len(), 60);
    assert_eq!(
        records(&export(&app, &umbra, "/api/v1/places/export.csv?raw_data=true").await),
        records(&file)
    );
    assert_eq!(comparable(staged(&umbra).await), comparable(staged(&acme).await));

    // Filters apply to files as to lists; a line of JSON is a row of the list.
    let lines = export(&app, &acme, "/api/v1/places/export.jsonl?status=maybe").await;
    let line: Value = serde_json::from_str(lines.trim_end()).unwrap();
    assert_eq!(
        (&line["place_id"], &line["notes"]),
        (&json!("ChIJdemo000002"), &json!(""))
    );
}

#[tokio::test]
async fn invalid_lines_are_reported_and_an_import_is_undone() {
    let app = TestApp::new().await;
    let umbra = app.agency("umbra").await;
    let good = "place_id,name,notes\nChIJdemo000001,One,before\n";
    let (status, report) = app.text(Method::Post, "/api/v1/places/import", &umbra.key, good).await;
    assert_eq!(status, 200, "{report}");
    let bad = "place_id,name,notes,rating\nChIJdemo000001,Renamed,by file,5\n,x,,\nnew one,New,,bad\n";
    let (status, report) = app.text(Method::Post, "/api/v1/places/import", &umbra.key, bad).await;
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(
        (status, &report["updated"], &report["failed"]),
        (200, &json!(1), &json!(2)),
        "{report}"
    );
    assert_eq!(
        umbra.get("/api/v1/places/ChIJdemo000001").await.body["notes"],
        "by file"
    );
    assert_eq!(umbra.post("/api/v1/places/undo", json!({})).await.body["restored"], 1);
    assert_eq!(umbra.get("/api/v1/places/ChIJdemo000001").await.body["notes"], "before");
    let (status, _) = app
        .text(Method::Post, "/api/v1/places/import", &umbra.key, "a,b\n1,2\n")
        .await;
    assert_eq!(status, 400);
}

async fn import(app: &TestApp, holder: &Holder<'_>, content_type: ContentType, file: &[u8]) -> Value {
    let path = "/api/v1/places/import";
    let answer = app
        .send_bytes(&[], Method::Post, path, Some(&holder.key), Some((content_type, file)))
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body
}

#[tokio::test]
async fn a_file_of_a_spreadsheet_is_imported_in_any_encoding() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let file = "place_id;Name;Farbe;Rating;Phone;Website\r\n\r\nzoo;Żółw & Söhne;rot;4,5;+48 22 1;/url?q=https://yelp.de/zoo\r\nx;X;;viele\r\n";
    let polish: Vec<u8> = file
        .chars()
        .map(|c| match c {
            'Ż' => 0xaf,
            'ł' => 0xb3,
            _ => u8::try_from(c).unwrap(),
        })
        .collect();
    let charset = ContentType::new("text", "csv").with_params(("charset", "windows-1250"));
    let wide: Vec<u8> = std::iter::once(0xfeff)
        .chain(file.encode_utf16())
        .flat_map(u16::to_be_bytes)
        .collect();
    for (content_type, file) in [(charset, &polish), (ContentType::CSV, &wide)] {
        let report = import(&app, &acme, content_type, file).await;
        assert_eq!(report["ignored_columns"], json!(["Farbe"]), "{report}");
        let failed = &report["lines"][1];
        assert_eq!(
            (&failed["line"], &failed["result"]),
            (&json!(4), &json!("failed")),
            "{report}"
        );
        let place = acme.get("/api/v1/places/zoo").await.body;
        assert_eq!(
            (&place["name"], &place["rating"], &place["phone"]),
            (&json!("Żółw & Söhne"), &json!(4.5), &json!("+48 22 1"))
        );
        assert_eq!(
            place["profile"],
            json!({ "kind": "directory", "site": "yelp.de", "url": "https://yelp.de/zoo" })
        );
    }
    // Plain for people: no apostrophe before a telephone number, labels as text, and no column of JSON.
    acme.post(
        "/api/v1/places/update",
        json!({ "place_ids": ["zoo"], "tags": ["warm", "soon"] }),
    )
    .await;
    let export = export(&app, &acme, "/api/v1/places/export.csv?bom=false").await;
    assert!(
        export.starts_with("place_id,name,") && !export.contains("raw_data"),
        "{export}"
    );
    assert!(
        export.contains(",+48 22 1\n") && export.contains(",warm; soon,"),
        "{export}"
    );
    for wrong in ["bom=perhaps", "raw_data=1"] {
        let path = format!("/api/v1/places/export.csv?{wrong}");
        assert_eq!(acme.get(&path).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn businesses_without_ids_are_imported_and_updated() {
    let (app, google) = (TestApp::new().await, google(1).await);
    let acme = app.agency("acme").await;
    let mut settings = config(&google, PlacesProtocol::New);
    let _work = work(&app, &settings);
    let file =
        "company,address,website\nSmile,\"Main St 1, Hof\",https://smile.test\nSmile,\"Main St 2, Hof\",\nSmile,,\n";
    let report = import(&app, &acme, ContentType::CSV, file.as_bytes()).await;
    assert_eq!(
        (&report["inserted"], &report["failed"]),
        (&json!(2), &json!(1)),
        "{report}"
    );
    let again = "Address;Firma;Tel.\nMAIN ST. 1 HOF;smile;030 12\n";
    let report = import(&app, &acme, ContentType::CSV, again.as_bytes()).await;
    assert_eq!(
        (&report["inserted"], &report["updated"]),
        (&json!(0), &json!(1)),
        "{report}"
    );
    let id = report["lines"][0]["place_id"].as_str().unwrap().to_owned();
    let place = acme.get(&format!("/api/v1/places/{id}")).await.body;
    assert_eq!(
        (&place["website"], &place["phone"]),
        (&json!("https://smile.test"), &json!("030 12"))
    );
    // Google is not asked about them, and what it demands of its own content does not hold for them.
    let queued = acme.post("/api/v1/places/details", json!({ "filter": {} })).await;
    let job = acme.ended(queued.body["status_url"].as_str().unwrap()).await;
    assert_eq!(
        (&job["status"], &job["result"]["gone"]),
        (&json!("completed"), &json!(2)),
        "{job}"
    );
    assert_eq!(google.requests().len(), 0);
    app.sql("UPDATE places_staging SET search_time = now() - interval '40 days'; UPDATE place_details SET content_at = now() - interval '40 days'")
        .await;
    settings.keep = Some(std::time::Duration::from_secs(30 * 24 * 60 * 60));
    assert_eq!(
        scans::places::retention::queue_jobs(app.pool(), &settings)
            .await
            .unwrap(),
        0
    );
}
