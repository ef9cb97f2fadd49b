//! Leads as files.

use std::collections::BTreeMap;
use std::io::Read;

use rocket::http::{Header, Method};
use serde_json::{Value, json};

use super::filled;
use crate::support::app::{Holder, TestApp};

/// Returns the records of a CSV file.
async fn records(holder: &Holder<'_>, path: &str) -> Vec<Vec<String>> {
    let answer = holder.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(answer.text.as_bytes())
        .records()
        .map(|record| record.unwrap().iter().map(str::to_owned).collect())
        .collect()
}

#[tokio::test]
async fn a_csv_has_the_chosen_columns_and_no_formulas() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    filled(&app, &acme).await;
    app.sql("UPDATE places_staging SET name = '=1+1', notes = '@sum', tags = '{a,b}' WHERE place_id = 'p2'")
        .await;
    let all = records(&acme, "/api/v1/leads/export.csv?sort=name&bom=false").await;
    assert_eq!(all.len(), 4, "{all:?}");
    assert_eq!(all[0].len(), 36, "{all:?}");
    assert_eq!(&all[0][..5], ["name", "domain", "website", "email", "contact_name"]);
    assert_eq!((all[1][0].as_str(), all[2][0].as_str()), ("'=1+1", "Acme Dental"));
    let some = records(
        &acme,
        "/api/v1/leads/export.csv?bom=false&sort=name&columns=phone,name,tags,notes,technologies",
    )
    .await;
    assert_eq!(
        some,
        [
            vec!["phone", "name", "tags", "notes", "technologies"],
            vec!["", "'=1+1", "a; b", "'@sum", ""],
            vec!["+1 713 555 0100", "Acme Dental", "", "", ""],
            vec!["+49 30 1", "solo.test", "", "", "WordPress; Tawk.to"],
        ]
    );
    for wrong in [
        "columns=mail",
        "preset=x",
        "columns=name&preset=brevo",
        "status=x",
        "bom=x",
    ] {
        let answer = acme.get(&format!("/api/v1/leads/export.csv?{wrong}")).await;
        assert_eq!(answer.status, 400, "{wrong}: {answer:?}");
    }
}

#[tokio::test]
async fn a_preset_has_the_columns_that_its_program_imports() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    filled(&app, &acme).await;
    let hubspot = records(&acme, "/api/v1/leads/export.csv?bom=false&preset=hubspot&q=dental").await;
    assert_eq!(
        hubspot,
        [
            vec![
                "Name",
                "Company Domain Name",
                "Website URL",
                "Phone Number",
                "Street Address",
                "Description",
                "Email",
                "Job Title"
            ],
            vec![
                "Acme Dental",
                "acme.test",
                "https://acme.test/",
                "+1 713 555 0100",
                "1 Main St, Houston",
                "",
                "info@mail.acme.test",
                ""
            ],
        ]
    );
    let pipedrive = records(&acme, "/api/v1/leads/export.csv?bom=false&preset=pipedrive&q=dental").await;
    assert_eq!(
        pipedrive[1][3..6],
        ["Acme Dental", "info@mail.acme.test", "+1 713 555 0100"]
    );
    let brevo = records(&acme, "/api/v1/leads/export.csv?bom=false&preset=brevo&q=dental").await;
    assert_eq!(brevo[0][..3], ["EMAIL", "LANDLINE_NUMBER", "EXT_ID"]);
    assert_eq!(brevo[1][..2], ["info@mail.acme.test", "+17135550100"]);
}

#[tokio::test]
async fn files_of_many_leads_have_each_once_and_no_suppressed_address() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    filled(&app, &acme).await;
    let tenant = acme.agency.id;
    app.sql(&format!(
        "INSERT INTO domains (tenant_id, domain) SELECT '{tenant}', 'many' || n || '.test' FROM generate_series(1, 1200) n"
    ))
    .await;
    acme.post("/api/v1/suppressions", json!({ "email": "info@mail.acme.test" }))
        .await;
    for sort in ["-created_at", "name", "-priority", "-last_scan_at"] {
        let answer = acme.get(&format!("/api/v1/leads/export.jsonl?sort={sort}")).await;
        let lines: Vec<Value> = answer
            .text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let ids: std::collections::BTreeSet<&str> = lines.iter().map(|lead| lead["id"].as_str().unwrap()).collect();
        assert_eq!((lines.len(), ids.len()), (1203, 1203), "{sort}");
        assert!(!answer.text.contains("info@mail.acme.test"));
        let dental = lines.iter().find(|lead| lead["name"] == "Acme Dental").unwrap();
        assert_eq!(
            dental,
            &acme.get("/api/v1/leads?q=dental").await.body["items"][0],
            "{sort}"
        );
    }
    let csv = records(&acme, "/api/v1/leads/export.csv?columns=domain,id,email").await;
    assert_eq!(csv.len(), 1204);
}

#[tokio::test]
async fn a_workbook_holds_texts_numbers_and_times() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    filled(&app, &acme).await;
    let long = "é".repeat(40_000);
    app.sql(&format!(
        "UPDATE places_staging SET name = '=1+1', notes = '{long}' WHERE place_id = 'p2'"
    ))
    .await;
    let path = "/api/v1/leads/export.xlsx?sort=name&columns=name,rating,has_ssl,created_at,notes";
    let request = app.client().req(Method::Get, path);
    let response = request
        .header(Header::new("Authorization", format!("Bearer {}", acme.key)))
        .dispatch()
        .await;
    assert_eq!(response.status().code, 200);
    let entries = unzip(&response.into_bytes().await.unwrap());
    let sheet = &entries["xl/worksheets/sheet1.xml"];
    assert_eq!(sheet.matches("<row ").count(), 4, "{sheet}");
    assert!(!sheet.contains("<f>"), "a formula: {sheet}");
    let texts = entries.get("xl/sharedStrings.xml").cloned().unwrap_or_default() + sheet;
    assert!(texts.contains(">=1+1<") && texts.contains("Acme Dental"), "{texts}");
    assert!(sheet.contains("<v>4.5</v>") && sheet.contains("t=\"b\""), "{sheet}");
    assert!(!texts.contains(&"é".repeat(32_768)) && texts.contains(&"é".repeat(32_767)));
}

/// Returns the files of an archive, by its directory.
fn unzip(archive: &[u8]) -> BTreeMap<String, String> {
    let short = |at: usize| usize::from(u16::from_le_bytes([archive[at], archive[at + 1]]));
    let long = |at: usize| short(at) + (short(at + 2) << 16);
    let end = (0..archive.len() - 3)
        .rev()
        .find(|at| archive[*at..].starts_with(b"PK\x05\x06"))
        .unwrap();
    let (count, mut at) = (short(end + 10), long(end + 16));
    let mut entries = BTreeMap::new();
    for _ in 0..count {
        let (size, name, extra, comment, local) = (
            long(at + 20),
            short(at + 28),
            short(at + 30),
            short(at + 32),
            long(at + 42),
        );
        let path = String::from_utf8(archive[at + 46..at + 46 + name].to_vec()).unwrap();
        let start = local + 30 + short(local + 26) + short(local + 28);
        let mut content = String::new();
        flate2::read::DeflateDecoder::new(&archive[start..start + size])
            .read_to_string(&mut content)
            .unwrap();
        entries.insert(path, content);
        at += 46 + name + extra + comment;
    }
    entries
}
