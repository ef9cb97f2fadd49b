//! `scrapersky rules`, and rules of the operator's own.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{printed, program, said};
use crate::support::program::Program;

const RULE: &str = r#"[[technology]]
name = "Bayou CMS"
category = "cms"
strong.meta = ["bayou-cms"]
positive = [{ html = '<meta name="bayou-cms" content="1">' }]
negative = [{ html = '<p>Bayou CMS</p>' }]
"#;

/// A folder with one file of rules.
fn folder(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("own.toml");
    fs::write(&file, text).unwrap();
    (folder, file)
}

#[test]
fn rules_are_listed_with_those_of_the_operator() {
    let (folder, file) = folder(RULE);
    let mut program = Program::bare();
    program.set("SCRAPERSKY_RULES_DIR", folder.path().to_str().unwrap());
    let rules: Value = serde_json::from_str(&program.run(&["rules", "list", "--json"])).unwrap();
    let rules = rules.as_array().unwrap();
    let find = |name: &str| rules.iter().find(|rule| rule["name"] == name).unwrap();
    assert_eq!(
        *find("Bayou CMS"),
        json!({
            "name": "Bayou CMS", "category": "cms", "list": "cms", "strong_signs": 1, "weak_signs": 0,
            "has_version": false, "implies": [], "samples": 2, "file": file, "line": 1,
        })
    );
    assert_eq!(find("Elementor")["implies"], json!(["WordPress"]));
    assert!(rules.len() > 150, "{}", rules.len());
    let table = program.run(&["rules", "list"]);
    assert!(table.contains("Bayou CMS") && table.contains("WordPress"), "{table}");
}

#[test]
fn samples_are_tried_and_the_failed_one_is_named() {
    let program = Program::bare();
    let (_folder, file) = folder(RULE);
    let file = file.to_str().unwrap();
    let output = program.output(&["rules", "test", file]);
    assert!(output.status.success(), "{output:?}");
    assert!(
        printed(&output).ends_with(" samples: all are judged as they say\n"),
        "{output:?}"
    );

    fs::write(file, RULE.replace("'<p>Bayou CMS</p>'", "'<meta name=Bayou-CMS>'")).unwrap();
    let output = program.output(&["rules", "test", file]);
    assert_eq!(output.status.code(), Some(1));
    let printed = printed(&output);
    let mut lines = printed.lines();
    let expected = format!("{file}, line 6: Bayou CMS: the negative sample is recognised");
    assert_eq!(lines.next(), Some(expected.as_str()));
    assert!(lines.next().unwrap().ends_with(" samples: 1 failed"), "{printed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_file_of_the_operator_ends_the_program_at_its_start() {
    let (_scene, mut program) = program().await;
    let (folder, file) = folder(&RULE.replace("strong", "storng"));
    program.set("SCRAPERSKY_RULES_DIR", folder.path().to_str().unwrap());
    for arguments in [
        &["serve", "--workers", "0"][..],
        &["worker"],
        &["scan", "bayou-bikes.bench.test"],
        &["rules", "test"],
    ] {
        let output = program.output(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert_eq!(
            said(&output),
            format!(
                "scrapersky: {}, line 4: unknown field `storng`: the nearest known one is `strong`\n",
                file.display()
            )
        );
    }
    program.set("SCRAPERSKY_RULES_DIR", "");
    let jobs = program.run(&["jobs", "list", "--json"]);
    assert_eq!(jobs, "", "nothing was queued");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_tells_technologies_by_the_operators_rules() {
    let (_scene, mut program) = program().await;
    let (folder, _) = folder(&RULE.replace("meta = [\"bayou-cms\"]", "header = [\"content-type: text/html\"]"));
    program.set("SCRAPERSKY_RULES_DIR", folder.path().to_str().unwrap());
    let scanned: Value = serde_json::from_str(&program.run(&["scan", "bayou-bikes.bench.test", "--json"])).unwrap();
    assert_eq!(
        scanned[0]["metadata"]["tech_stack"]["cms"],
        json!(["Bayou CMS"]),
        "{scanned}"
    );
}
