//! The rule of who may import whom, which the folders of `src` stand for.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Each layer, and the layers whose modules it may name.
const LAYERS: &[(&str, &[&str])] = &[
    ("config", &[]),
    ("logging", &[]),
    ("names", &[]),
    ("schema", &[]),
    ("models", &["schema"]),
    ("db", &["config", "models"]),
    ("repo", &["schema", "models", "db"]),
    ("data", &["config", "models", "db", "repo", "schema"]),
    ("jobs", &["config", "models", "db", "repo"]),
    ("scrapers", &["names", "config", "models", "db", "repo", "jobs"]),
    ("views", &["models"]),
    ("error", &["db", "models", "views"]),
    ("guards", &["config", "models", "db", "repo", "error", "views"]),
    ("headers", &["error", "guards"]),
    (
        "routes",
        &[
            "config", "models", "db", "repo", "jobs", "names", "scrapers", "views", "error", "guards",
        ],
    ),
    (
        "lib",
        &[
            "config", "models", "db", "repo", "jobs", "scrapers", "views", "error", "guards", "headers", "routes",
            "logging",
        ],
    ),
    ("demo", &["config"]),
    (
        "cli",
        &[
            "demo", "config", "names", "models", "db", "repo", "jobs", "scrapers", "views", "routes", "lib", "logging",
        ],
    ),
    ("main", &["config", "cli", "logging"]),
];

/// Each package that is for some layers only, and those.
const PACKAGES: &[(&str, &[&str])] = &[
    ("diesel::", &["schema", "models", "repo", "db", "error"]),
    ("diesel_async::", &["repo", "db", "error"]),
    (
        "rocket::",
        &["routes", "guards", "headers", "views", "error", "config", "lib", "demo"],
    ),
    ("reqwest::", &["scrapers", "cli", "guards"]),
    ("scraper::", &["scrapers"]),
];

#[test]
fn layers_import_only_what_is_left_of_them() {
    let allowed: BTreeMap<_, _> = LAYERS.iter().copied().collect();
    let mut broken = Vec::new();
    for (path, text) in sources() {
        let layer = layer_of(&path);
        let may = allowed
            .get(layer.as_str())
            .unwrap_or_else(|| panic!("{layer} is a new layer: say what it may import"));
        for (number, line) in code_lines(&text) {
            for name in modules_named(line) {
                if name != layer && allowed.contains_key(name) && !may.contains(&name) {
                    broken.push(format!(
                        "{}:{number}: {layer} names {name}: {}",
                        path.display(),
                        line.trim()
                    ));
                }
            }
            for (package, layers) in PACKAGES {
                if names_package(line, package) && !layers.contains(&layer.as_str()) {
                    broken.push(format!(
                        "{}:{number}: {layer} uses {package}: {}",
                        path.display(),
                        line.trim()
                    ));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

fn source_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every source file, by its path below `src`.
fn sources() -> Vec<(PathBuf, String)> {
    let root = source_folder();
    let mut folders = vec![root.clone()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path.strip_prefix(&root).unwrap().to_owned(), text));
            }
        }
    }
    assert!(found.len() > 20, "the sources are not where they are looked for");
    found
}

fn layer_of(path: &Path) -> String {
    let first = path.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// The lines that are no comment, with their numbers.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// The modules of this crate that a line names, `crate::a` and `crate::{a, b}` alike.
fn modules_named(line: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for prefix in ["crate::", "scrapersky::"] {
        for (at, _) in line.match_indices(prefix) {
            let rest = &line[at + prefix.len()..];
            match rest.strip_prefix('{') {
                Some(list) => names.extend(list.split(['}', ',']).map(first_word)),
                None => names.push(first_word(rest)),
            }
        }
    }
    names
}

fn first_word(text: &str) -> &str {
    let text = text.trim_start();
    text.split(|character: char| !character.is_alphanumeric() && character != '_')
        .next()
        .unwrap()
}

fn names_package(line: &str, package: &str) -> bool {
    line.match_indices(package).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|character| !character.is_alphanumeric() && character != '_' && character != ':')
    })
}

#[test]
fn the_rule_sees_what_it_is_to_see() {
    assert_eq!(modules_named("use crate::{db, repo::jobs};"), ["db", "repo", ""]);
    assert_eq!(modules_named("    crate::routes::all()"), ["routes"]);
    assert!(names_package("use diesel::prelude::*;", "diesel::"));
    assert!(!names_package("use my_diesel::prelude::*;", "diesel::"));
}
