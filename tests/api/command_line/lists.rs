//! Lists and exports, as tables, JSON and CSV.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};

use database::repo::tenants::DEFAULT_TENANT;
use serde_json::Value;

use super::{printed, program, said};
use crate::support::database::TestDatabase;

/// More domains than one part of a list.
const DOMAINS: usize = 1203;

async fn store_domains(database: &TestDatabase) {
    let sql = format!(
        "INSERT INTO domains (tenant_id, domain, notes)
         SELECT '{DEFAULT_TENANT}', 'd' || i || '.test', CASE i WHEN 7 THEN '=1+1' END FROM generate_series(1, {DOMAINS}) i"
    );
    database.client().await.batch_execute(&sql).await.unwrap();
}

fn rows(json_lines: &str) -> Vec<Value> {
    json_lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn domains_are_listed_shown_and_exported_however_many() {
    let ((database, _site), program) = program().await;
    store_domains(&database).await;

    let all = rows(&program.run(&["domains", "list", "--json", "--sort", "domain"]));
    assert_eq!(all.len(), DOMAINS);
    let names: Vec<&str> = all.iter().map(|row| row["domain"].as_str().unwrap()).collect();
    assert!(names.is_sorted(), "{:?}", &names[..20]);
    let table = program.run(&["domains", "list", "--sort", "domain", "--limit", "3"]);
    let first: Vec<&str> = table
        .lines()
        .map(|line| line.split_whitespace().next().unwrap())
        .collect();
    assert_eq!(first, ["domain", names[0], names[1], names[2]], "{table}");
    let some = rows(&program.run(&["domains", "list", "--json", "-q", "d120"]));
    assert_eq!(some.len(), 5, "d120 and d1200 to d1203");
    assert_eq!(program.run(&["domains", "list", "--status", "none"]).lines().count(), 1);

    let shown = program.run(&["domains", "show", "www.d7.test"]);
    assert!(shown.contains("notes") && shown.contains("=1+1"), "{shown}");
    let id = some[0]["id"].as_str().unwrap();
    let shown: Value = serde_json::from_str(&program.run(&["domains", "show", id, "--json"])).unwrap();
    assert_eq!(shown["domain"], some[0]["domain"]);
    let missing = program.output(&["domains", "show", "missing.test"]);
    assert!(!missing.status.success() && said(&missing).contains("no domain missing.test"));

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("domains.csv");
    let nothing = program.run(&["domains", "export", "--output", file.to_str().unwrap()]);
    assert_eq!(nothing, "");
    let csv = fs::read_to_string(&file).unwrap();
    assert!(csv.starts_with("\u{feff}domain,status,"), "{}", &csv[..80]);
    assert_eq!(csv.lines().count(), 1 + DOMAINS);
    assert!(csv.contains("'=1+1"), "a note that looks like a formula");
    let to_pipe = program.output(&["domains", "export", "--no-bom", "--limit", "2"]);
    assert!(printed(&to_pipe).starts_with("domain,status,") && printed(&to_pipe).lines().count() == 3);
    assert_eq!(rows(&program.run(&["domains", "export", "--json"])).len(), DOMAINS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_has_enough_ends_a_list_without_a_word() {
    let ((database, _site), program) = program().await;
    store_domains(&database).await;
    for arguments in [
        &["domains", "list"][..],
        &["domains", "list", "--json"],
        &["domains", "export"],
        &["domains", "export", "--json"],
    ] {
        let (child, out, mut errors) = program.watched(arguments);
        let mut first = String::new();
        let mut out = BufReader::new(out);
        out.read_line(&mut first).unwrap();
        assert!(first.contains("domain"), "{first}");
        // As `| head -1` does.
        drop(out);
        let mut said = String::new();
        errors.read_to_string(&mut said).unwrap();
        assert!(child.wait(), "{arguments:?}");
        assert_eq!(said, "", "{arguments:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contacts_and_costs_are_listed() {
    let (_scene, program) = program().await;
    program.run(&["emails", "shop.bench.test"]);
    let contacts = rows(&program.run(&["contacts", "list", "--json"]));
    assert_eq!(contacts.len(), 1, "{contacts:?}");
    assert_eq!(contacts[0]["email"], "hello@bayou-bikes.com");
    assert_eq!(contacts[0]["domain"], "shop.bench.test");
    let table = program.run(&["contacts", "list", "--domain", "shop.bench.test"]);
    assert!(table.contains("hello@bayou-bikes.com"), "{table}");
    for filter in [
        ["--domain", "other.test"],
        ["--first-seen-since", "2100-01-01T00:00:00Z"],
        ["--last-seen-before", "2000-01-01T00:00:00Z"],
        ["-q", "nobody"],
    ] {
        let none = program.run(&[&["contacts", "list", "--json"], &filter[..]].concat());
        assert_eq!(none, "", "{filter:?}");
    }
    let csv = program.run(&["contacts", "export", "--no-bom"]);
    assert!(csv.starts_with("email,") && csv.lines().count() == 2, "{csv}");

    let leads = rows(&program.run(&["leads", "list", "--json", "--has-email", "true"]));
    assert_eq!(leads.len(), 1, "{leads:?}");
    assert_eq!(leads[0]["contact"]["email"], "hello@bayou-bikes.com");
    assert_eq!(program.run(&["leads", "list", "--json", "--technology", "none"]), "");
    let table = program.run(&["leads", "list", "--sort", "name"]);
    assert!(table.contains("shop.bench.test"), "{table}");
    let csv = program.run(&["leads", "export", "--no-bom", "--columns", "domain,email"]);
    assert_eq!(csv, "domain,email\r\nshop.bench.test,hello@bayou-bikes.com");
    let csv = program.run(&["leads", "export", "--no-bom", "--preset", "brevo"]);
    assert!(csv.starts_with("EMAIL,"), "{csv}");

    let costs: Value = serde_json::from_str(&program.run(&["costs", "--json"])).unwrap();
    assert_eq!(
        (&costs["items"], &costs["calls_this_month"]),
        (&serde_json::json!([]), &serde_json::json!(0))
    );
    assert!(program.run(&["costs"]).contains("0 calls this month, 0.00 US dollars"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_prints_prints_json_as_well() {
    let (_scene, program) = program().await;
    for arguments in [
        &["keys", "list"][..],
        &["keys", "create", "--name", "front end", "--scope", "read"],
        &["tenants", "list"],
        &["migrate", "status"],
        &["migrate", "up"],
        &["limits", "--requests", "5"],
        &["domains", "list"],
        &["places", "list"],
        &["costs"],
        &["scan", "shop.bench.test"],
        &["emails", "shop.bench.test"],
        &["sitemap", "shop.bench.test"],
    ] {
        let output = program.output(&[arguments, &["--json"]].concat());
        let printed = printed(&output);
        let is_json = |text: &str| serde_json::from_str::<Value>(text).is_ok();
        assert!(
            is_json(&printed) || printed.lines().all(is_json),
            "{arguments:?}: {output:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_key_is_printed_with_all_that_is_known_of_it() {
    let (_scene, program) = program().await;
    let key: Value = serde_json::from_str(&program.run(&["keys", "create", "--name", "front end", "--json"])).unwrap();
    assert_eq!(
        (&key["name"], &key["state"]),
        (&Value::from("front end"), &Value::from("valid"))
    );
    let secret = key["key"].as_str().unwrap();
    assert!(secret.starts_with(key["prefix"].as_str().unwrap()), "{}", key["prefix"]);
    let listed: Value = serde_json::from_str(&program.run(&["keys", "list", "--json"])).unwrap();
    assert_eq!(listed[0]["id"], key["id"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn places_are_chosen_and_ordered_as_by_the_api() {
    let ((database, _site), program) = program().await;
    let sql = format!(
        "INSERT INTO places_staging (tenant_id, place_id, name, created_by, search_time, rating, tags, latitude, longitude, priority)
         SELECT '{DEFAULT_TENANT}', 'p' || i, 'Shop ' || i, '{DEFAULT_TENANT}', now() - make_interval(secs => i), i,
             CASE i WHEN 2 THEN '{{warm}}'::text[] END, -30 - i, 95, CASE i WHEN 3 THEN 9 END FROM generate_series(1, 4) i"
    );
    database.client().await.batch_execute(&sql).await.unwrap();
    for (filter, chosen) in [
        (&[][..], &["p1", "p2", "p3", "p4"][..]),
        (&["--sort", "-rating"], &["p4", "p3", "p2", "p1"]),
        (&["--sort", "priority", "--limit", "1"], &["p3"]),
        (&["-q", "shop 2"], &["p2"]),
        (&["--min-rating", "3"], &["p3", "p4"]),
        (&["--tag", "warm"], &["p2"]),
        (&["--near", "-31,95", "--within-km", "1"], &["p1"]),
        (&["--search-job-id", "00000000-0000-0000-0000-000000000001"], &[]),
    ] {
        for command in [&["places", "list", "--json"][..], &["places", "export", "--json"]] {
            let found = rows(&program.run(&[command, filter].concat()));
            let ids: Vec<&str> = found.iter().map(|row| row["place_id"].as_str().unwrap()).collect();
            assert_eq!(ids, chosen, "{command:?} {filter:?}");
        }
    }
    for (wrong, cause) in [
        (&["--near", "31,95"][..], "--within-km"),
        (&["--near", "north", "--within-km", "1"], "degrees north and east"),
        (
            &["--near", "31,95", "--within-km", "0"],
            "within_km must be more than 0",
        ),
    ] {
        let output = program.output(&[&["places", "list"], wrong].concat());
        assert!(!output.status.success() && said(&output).contains(cause), "{output:?}");
    }
}
