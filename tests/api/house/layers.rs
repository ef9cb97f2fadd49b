//! The allowed imports between crates, and between the layers of the application.

use std::process::Command;

use super::sources::{CRATES, below, code, paths};

/// The layers of `src`: each may import those to its left.
const LAYERS: [&str; 12] = [
    "config", "logging", "views", "error", "guards", "headers", "routes", "console", "lib", "demo", "cli", "main",
];

/// Crates with restricted users, and the layers of `src` or crate folders that may use them.
const PLACES: &[(&str, &[&str])] = &[
    ("diesel", &["crates/database", "crates/schema", "error"]),
    ("diesel_async", &["crates/database"]),
    ("schema", &["crates/database"]),
    ("html5ever", &["crates/web"]),
    ("scraper", &["crates/web"]),
    ("reqwest", &["crates/web", "guards", "cli"]),
    (
        "rocket",
        &[
            "config", "views", "error", "guards", "headers", "routes", "console", "lib", "demo",
        ],
    ),
];

/// Crates of this workspace, and packages they must not depend on.
const WALLS: &[(&str, &[&str])] = &[
    (
        "scrapersky-web",
        &["diesel", "diesel-async", "rocket", "figment", "scrapersky-database"],
    ),
    (
        "scrapersky-postgres",
        &["diesel", "diesel-async", "rocket", "figment", "scrapersky-database"],
    ),
    (
        "scrapersky-database",
        &["rocket", "figment", "reqwest", "scrapersky-web"],
    ),
    (
        "scrapersky-jobs",
        &["rocket", "figment", "reqwest", "scrapersky-web", "scrapersky-scans"],
    ),
    ("scrapersky-scans", &["rocket", "figment", "scrapersky-postgres"]),
];

#[test]
fn layers_import_only_what_is_left_of_them() {
    let mut broken = Vec::new();
    for source in below("src") {
        let layer = place_of(&source.path);
        let own = LAYERS
            .iter()
            .position(|known| *known == layer)
            .unwrap_or_else(|| panic!("{layer} is a new layer: add it to LAYERS"));
        for path in paths(&code(&source.text)) {
            let mut segments = path.split("::");
            if !matches!(segments.next(), Some("crate" | "scrapersky")) {
                continue;
            }
            let named = segments.next().unwrap_or_default();
            if LAYERS
                .iter()
                .position(|known| *known == named)
                .is_some_and(|other| other > own)
            {
                broken.push(format!("{}: {layer} names {path}", source.path));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn each_crate_is_used_only_where_it_belongs() {
    let mut broken = Vec::new();
    for source in CRATES.into_iter().flat_map(below) {
        let place = place_of(&source.path);
        for path in paths(&code(&source.text)) {
            let first = path.split("::").next().unwrap();
            for (package, places) in PLACES {
                if first == *package && !places.contains(&place.as_str()) {
                    broken.push(format!("{}: {place} uses {path}", source.path));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn only_models_and_repositories_see_the_schema() {
    let strangers: Vec<String> = below("crates/database/src")
        .into_iter()
        .filter(|source| !source.path.contains("/models/") && !source.path.contains("/repo/"))
        .filter(|source| {
            paths(&code(&source.text))
                .iter()
                .any(|path| path.starts_with("schema::"))
        })
        .map(|source| source.path)
        .collect();
    assert!(strangers.is_empty(), "{strangers:?}");
}

#[test]
fn crates_do_not_depend_on_forbidden_packages() {
    for (package, forbidden) in WALLS {
        let tree = Command::new(env!("CARGO"))
            .args([
                "tree",
                "--offline",
                "--edges",
                "normal",
                "--prefix",
                "none",
                "--format",
                "{p}",
            ])
            .args(["--package", package])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
        let tree = String::from_utf8(tree.stdout).unwrap();
        let built_from: Vec<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
        assert!(built_from.contains(package) && built_from.len() > 5, "{tree}");
        let doors: Vec<_> = forbidden.iter().filter(|name| built_from.contains(name)).collect();
        assert!(doors.is_empty(), "{package} is built from {doors:?}");
    }
}

/// Returns a file's layer in `src`, or its crate's folder.
fn place_of(path: &str) -> String {
    match path.strip_prefix("src/") {
        Some(inside) => inside.split('/').next().unwrap().trim_end_matches(".rs").to_owned(),
        None => path.split("/src/").next().unwrap().to_owned(),
    }
}

#[test]
fn the_layer_of_a_file_comes_from_its_path() {
    assert_eq!(place_of("src/routes/mod.rs"), "routes");
    assert_eq!(place_of("src/lib.rs"), "lib");
    assert_eq!(place_of("crates/web/src/fetch/mod.rs"), "crates/web");
}
