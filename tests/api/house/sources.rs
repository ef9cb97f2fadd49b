//! Reads the sources of all crates and the paths they name.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

/// The source folders of the crates.
pub const CRATES: [&str; 7] = [
    "src",
    "crates/database/src",
    "crates/jobs/src",
    "crates/postgres/src",
    "crates/scans/src",
    "crates/schema/src",
    "crates/web/src",
];

/// A source file.
pub struct Source {
    /// Its path relative to the repository's root.
    pub path: String,
    /// Its content.
    pub text: String,
}

/// Returns the `.rs` files below `folder`, sorted.
pub fn below(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "{folder} has no sources");
    let source = |path: PathBuf| Source {
        text: fs::read_to_string(&path).unwrap(),
        path: path.strip_prefix(root).unwrap().to_str().unwrap().to_owned(),
    };
    found.into_iter().map(source).collect()
}

/// The modules of a crate by path: `["fetch", "robots"]`, and `[]` for the root.
pub type Modules = BTreeMap<Vec<String>, Source>;

/// Returns the modules of the crate in `folder` that are part of the program.
pub fn modules(folder: &str) -> Modules {
    let mut modules = Modules::new();
    for source in below(folder) {
        let inside = source.path.strip_prefix(folder).unwrap().trim_start_matches('/');
        let mut path: Vec<String> = inside.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        match path.last().map(String::as_str) {
            Some("mod") => drop(path.pop()),
            Some("lib") if path.len() == 1 => path.clear(),
            // The program imports its own library by name, and tests may import anything.
            Some("main") if path.len() == 1 => continue,
            Some("tests") => continue,
            _ => {}
        }
        modules.insert(path, source);
    }
    modules
}

// Compiled once: that takes longer than searching a file.
static NOISE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"(?s)//[^\n]*|r#".*?"\#|"(?:\\.|[^"\\])*""#).unwrap());
static VISIBILITY: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\bpub\(in [^)]*\)").unwrap());
static IMPORT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\buse ([^;]+);").unwrap());
static PATH: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b[a-z_][a-z_0-9]*(?:::[A-Za-z_][A-Za-z_0-9]*)+").unwrap());
static REEXPORT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\bpub(?:\([a-z]+\))? use ([^;]+);").unwrap());

/// Returns `text` without comments, literals and the `tests` module.
pub fn code(text: &str) -> String {
    let code = NOISE.replace_all(text, " ");
    let code = VISIBILITY.replace_all(&code, "pub");
    let program = code.split("#[cfg(test)]\nmod tests").next().unwrap();
    program.to_owned()
}

/// Returns the paths in code: `a::b` and `a::c::d` for `use a::{b, c::d}`, and paths in expressions.
pub fn paths(code: &str) -> Vec<String> {
    let mut found: Vec<String> = IMPORT.captures_iter(code).flat_map(|used| expand(&used[1])).collect();
    let rest = IMPORT.replace_all(code, " ");
    found.extend(PATH.find_iter(&rest).map(|path| path.as_str().to_owned()));
    found
}

/// Returns the re-exports of a module, by source path: `pub use self::a::B`.
pub fn exports(code: &str) -> Vec<String> {
    let used = REEXPORT.captures_iter(code);
    used.flat_map(|used| expand(&used[1])).collect()
}

/// Expands the braces of a `use`.
fn expand(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((before, inside)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap();
        return vec![path.split_whitespace().collect()];
    };
    let inside = inside.strip_suffix('}').unwrap();
    let (mut depth, mut part, mut parts) = (0, String::new(), Vec::new());
    for character in inside.chars() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if character == ',' && depth == 0 {
            parts.push(std::mem::take(&mut part));
        } else {
            part.push(character);
        }
    }
    parts.push(part);
    let parts = parts.iter().filter(|part| !part.trim().is_empty());
    parts
        .flat_map(|part| expand(part))
        .map(|part| {
            let whole = format!("{}{part}", before.trim());
            whole.strip_suffix("::self").map_or(whole.clone(), str::to_owned)
        })
        .collect()
}

#[test]
fn nested_imports_are_expanded() {
    let code = code(
        "use crate::{a, b::{self, C}};\n// use crate::no;\nfn f() { self::d::e(\"crate::no\") }\n#[cfg(test)]\nmod tests { use crate::no; }",
    );
    assert_eq!(paths(&code), ["crate::a", "crate::b", "crate::b::C", "self::d::e"]);
    assert_eq!(
        exports("pub use self::a::{B, C};\nuse self::d::E;"),
        ["self::a::B", "self::a::C"]
    );
}
