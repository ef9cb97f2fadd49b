//! `docs/settings.md` lists every setting that the program reads exactly once, with its key and default.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;
use rocket::figment::Figment;
use scrapersky::config::Config;

/// A string literal that is exactly a setting's name.
static SETTING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#""((?:SCRAPERSKY|DATABASE|SUPABASE|GOOGLE|ROCKET)_[A-Z0-9_]*[A-Z0-9]|RUST_LOG|PGSSLROOTCERT)""#)
        .unwrap()
});

/// The format of names in the first column.
static NAME: LazyLock<Regex> = LazyLock::new(|| Regex::new("^[A-Z][A-Z0-9_]+$").unwrap());

/// The key column of settings that only exist as variables.
const NO_KEY: &str = "-";

/// A row of the tables.
#[derive(Debug)]
struct Row {
    variable: String,
    key: String,
    /// The default, if it is a value.
    default: Option<String>,
}

#[test]
fn every_setting_is_documented_once() {
    let documented = documented();
    let mut lines = BTreeMap::new();
    for row in &documented {
        *lines.entry(row.variable.as_str()).or_insert(0) += 1;
    }
    let twice: Vec<_> = lines.iter().filter(|(_, count)| **count > 1).collect();
    assert!(
        twice.is_empty(),
        "docs/settings.md lists these more than once: {twice:?}"
    );

    let read = settings_read();
    let named: BTreeSet<&str> = lines.keys().copied().collect();
    let missing: Vec<_> = read.iter().filter(|(name, _)| !named.contains(name.as_str())).collect();
    assert!(
        missing.is_empty(),
        "these settings are read, but docs/settings.md does not list them: {missing:#?}"
    );
    let gone: Vec<_> = named.iter().filter(|name| !read.contains_key(**name)).collect();
    assert!(
        gone.is_empty(),
        "docs/settings.md lists these settings, but nothing reads them: {gone:?}"
    );
    assert!(read.len() > 50, "only {} settings were found in the code", read.len());
}

#[test]
fn documented_keys_and_defaults_are_correct() {
    let unset = config(&[], &[]).unwrap();
    let mut wrong = Vec::new();
    for Row { variable, key, default } in documented() {
        let expected = variable.strip_prefix("SCRAPERSKY_").unwrap_or(&variable).to_lowercase();
        if key == NO_KEY {
            continue;
        }
        if key != expected {
            wrong.push(format!("{variable}: its key is {expected}, not {key}"));
        }
        let Some(default) = default else { continue };
        match config(&[(&variable, &default)], &[]) {
            Ok(same) if same == unset => {}
            Ok(_) => wrong.push(format!("{variable}: {default} is not its default")),
            Err(error) => wrong.push(format!("{variable}: its default is refused: {error}")),
        }
        // The variable and the key take effect: another value changes the configuration or is refused.
        let Ok(number) = default.parse::<f64>() else { continue };
        let other = (number + 1.0).to_string();
        if config(&[(&variable, &other)], &[]) == Ok(unset.clone()) {
            wrong.push(format!("{variable} has no effect"));
        }
        if config(&[], &[(&key, &other)]) == Ok(unset.clone()) {
            wrong.push(format!("{key} in Rocket.toml has no effect"));
        }
    }
    assert!(wrong.is_empty(), "docs/settings.md: {wrong:#?}");
}

#[test]
fn every_documented_key_is_known() {
    for Row { variable, key, .. } in documented() {
        if key == NO_KEY {
            continue;
        }
        // Values that are refused say nothing of names.
        let figment = Figment::new().merge((format!("scrapersky.{key}"), ""));
        let config = Config::read(&figment, &|_| None, true).unwrap();
        assert_eq!(config.unknown, [""; 0], "{variable}");
    }
}

#[test]
fn rocket_toml_names_documented_keys_only() {
    let keys: BTreeSet<String> = documented().into_iter().map(|row| row.key).collect();
    let file = fs::read_to_string(root().join("Rocket.toml")).unwrap();
    let ours = file.split("[default.scrapersky]").nth(1).unwrap();
    let ours = ours.split("\n[").next().unwrap();
    let named: Vec<&str> = ours
        .lines()
        .filter_map(|line| line.trim_start_matches(['#', ' ']).split_once(" = "))
        .map(|(key, _)| key)
        .filter(|key| key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
        .collect();
    assert!(named.len() > 20, "only {} keys were found in Rocket.toml", named.len());
    let unknown: Vec<_> = named.iter().filter(|key| !keys.contains(**key)).collect();
    assert!(
        unknown.is_empty(),
        "Rocket.toml names keys that docs/settings.md does not list: {unknown:?}"
    );
}

#[test]
fn the_scan_ignores_tests() {
    let text = "// \"SCRAPERSKY_COMMENT\"\n\
                let a = env(\"SCRAPERSKY_READ\");\n\
                let b = \"SCRAPERSKY_SENTENCE is 1: it must be 2\";\n\
                #[cfg(test)]\n\
                fn helper() {\n    env(\"SCRAPERSKY_HELPER\");\n}\n\
                let c = env(\"DATABASE_URL\");\n\
                #[cfg(test)]\n\
                mod tests;\n\
                let d = [\"PG_VERSION\", \"SCRAPERSKY_\"];\n\
                #[cfg(test)]\n\
                mod tests {\n    const X: &str = \"SCRAPERSKY_TEST\";\n}\n";
    let found: Vec<_> = settings_in(text).collect();
    assert_eq!(found, ["SCRAPERSKY_READ", "DATABASE_URL"]);
}

/// Returns the configuration for these variables and `scrapersky` keys, as printed.
fn config(variables: &[(&str, &str)], keys: &[(&str, &str)]) -> Result<String, String> {
    let mut figment = Figment::new();
    for (key, value) in keys {
        figment = figment.merge((format!("scrapersky.{key}"), *value));
    }
    let env = |name: &str| {
        let found = variables.iter().find(|(variable, _)| *variable == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    Config::read(&figment, &env, true)
        .map(|mut config| {
            assert!(config.unknown.is_empty(), "{:?}", config.unknown);
            // It contains every key as written, whether or not it is read.
            config.rocket = Figment::new();
            format!("{config:?}")
        })
        .map_err(|error| error.to_string())
}

/// Returns the table rows that name a setting.
fn documented() -> Vec<Row> {
    let text = fs::read_to_string(root().join("docs/settings.md")).unwrap();
    let rows: Vec<Row> = text
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.strip_prefix("| ")?.split(" | ").collect();
            let variable = in_code(cells.first()?).filter(|name| NAME.is_match(name))?;
            let [_, key, _, _, default] = cells[..] else {
                panic!("this line does not have five columns: {line}");
            };
            Some(Row {
                variable: variable.to_owned(),
                key: in_code(key).unwrap_or(key).to_owned(),
                default: in_code(default.trim_end_matches(" |")).map(str::to_owned),
            })
        })
        // Placeholders such as `<version>` describe a default.
        .map(|row| Row {
            default: row.default.filter(|value| !value.contains('<')),
            ..row
        })
        .collect();
    assert!(
        rows.len() > 50,
        "only {} settings were found in docs/settings.md",
        rows.len()
    );
    rows
}

/// Returns a cell's content if it is a single piece of code.
fn in_code(cell: &str) -> Option<&str> {
    cell.strip_prefix('`')?
        .strip_suffix('`')
        .filter(|code| !code.contains('`'))
}

/// Returns the names of all settings in the code, with the files that name them.
fn settings_read() -> BTreeMap<String, BTreeSet<PathBuf>> {
    let mut read: BTreeMap<String, BTreeSet<PathBuf>> = BTreeMap::new();
    for path in sources() {
        let text = fs::read_to_string(&path).unwrap();
        let file = path.strip_prefix(root()).unwrap().to_owned();
        for name in settings_in(&text) {
            read.entry(name).or_default().insert(file.clone());
        }
    }
    read
}

/// Returns the names of settings in a file's code, ignoring comments and tests.
fn settings_in(text: &str) -> impl Iterator<Item = String> {
    let mut names = Vec::new();
    let mut in_tests = false;
    for line in text.lines() {
        if line == "#[cfg(test)]" {
            in_tests = true;
            continue;
        }
        if in_tests {
            // An item ends with its closing brace in the first column, or on the same line.
            let is_end = line == "}" || (line.ends_with(';') && !line.starts_with(' '));
            in_tests = !is_end;
            continue;
        }
        if !line.trim_start().starts_with("//") {
            names.extend(SETTING.captures_iter(line).map(|found| found[1].to_owned()));
        }
    }
    names.into_iter()
}

/// Returns every source file of the program and its crates, except test files.
fn sources() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = ["src", "crates"].map(|name| root().join(name)).into();
    folders.retain(|folder| folder.is_dir());
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if !["target", "tests", "fixtures", "benches"].contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if name.ends_with(".rs") && name != "tests.rs" && !name.ends_with("_tests.rs") {
                found.push(path);
            }
        }
    }
    assert!(found.len() > 20, "the sources are not where they are looked for");
    found
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
