//! Files, links and headings named in `docs/` and the root's pages exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use regex::Regex;

/// A path of this repository in code style.
static PATH: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"`((?:src|crates|tests|benches|migrations|deploy|docs|\.ci)/[A-Za-z0-9_./-]*)`").unwrap()
});

/// A link to something in this repository.
static LINK: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\]\(([^)\s]+)\)").unwrap());

#[test]
fn pages_name_files_links_and_headings_that_exist() {
    let mut broken = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let folder = page.parent().unwrap();
        for found in PATH.captures_iter(&text) {
            if !root().join(&found[1]).exists() {
                broken.push(format!("{}: there is no {}", page.display(), &found[1]));
            }
        }
        for found in LINK.captures_iter(&text).filter(|found| !found[1].contains("://")) {
            let (file, heading) = found[1].split_once('#').unwrap_or((&found[1], ""));
            let target = if file.is_empty() {
                page.clone()
            } else {
                folder.join(file)
            };
            match fs::read_to_string(&target) {
                Ok(text) if heading.is_empty() || headings(&text).contains(heading) => {}
                _ if heading.is_empty() && target.exists() => {}
                _ => broken.push(format!("{}: {} leads nowhere", page.display(), &found[1])),
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// The files and folders at the root. Adding one is a decision.
const ROOT: &[&str] = &[
    ".cargo",
    ".ci",
    ".editorconfig",
    ".github",
    ".gitignore",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "Dockerfile",
    "LICENSE",
    "README.md",
    "Rocket.toml",
    "SECURITY.md",
    "benches",
    "clippy.toml",
    "compose.yaml",
    "crates",
    "deny.toml",
    "deploy",
    "diesel.toml",
    "docs",
    "migrations",
    "rules",
    "rust-toolchain.toml",
    "rustfmt.toml",
    "src",
    "tests",
];

#[test]
fn the_root_has_only_listed_entries() {
    // Files in git, ignoring a developer's own.
    let listed = Command::new("git").arg("ls-files").current_dir(root()).output();
    let Ok(listed) = listed.map(|output| String::from_utf8(output.stdout).unwrap()) else {
        return;
    };
    let found: BTreeSet<&str> = listed.lines().filter_map(|path| path.split('/').next()).collect();
    if !found.is_empty() {
        assert_eq!(found, ROOT.iter().copied().collect());
    }
}

#[test]
fn the_readme_fits_on_150_lines() {
    let lines = fs::read_to_string(root().join("README.md")).unwrap().lines().count();
    assert!(lines <= 150, "README.md has {lines} lines: details belong into docs/");
}

/// Returns the documentation pages.
fn pages() -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> = [root().to_owned(), root().join("docs")]
        .iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    pages.sort();
    assert!(pages.len() >= 8, "only {} pages were found", pages.len());
    pages
}

/// Returns the anchors of a page's headings.
fn headings(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| line.trim_start_matches('#').trim())
        .map(|heading| {
            heading
                .to_lowercase()
                .chars()
                .filter(|character| character.is_alphanumeric() || " -_".contains(*character))
                .map(|character| if character == ' ' { '-' } else { character })
                .collect()
        })
        .collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
