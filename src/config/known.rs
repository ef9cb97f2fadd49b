//! Settings that are set and that nothing reads: mistyped names.

use std::collections::BTreeSet;

use rocket::figment::Figment;

use super::nearest::nearest;
use super::reader::{PREFIX, key};

/// Beginnings of names, behind the prefix, that tests, benchmarks and deployments read.
const OTHERS: &[&str] = &[
    "BENCH_",
    "CHAOS_",
    "DB_PASSWORD",
    "KEEP_TEST_",
    "SOAK",
    "TEST_",
    "WILD_",
];

/// Returns a sentence for each variable with the program's prefix, and each key of the table `scrapersky` of any
/// profile, that is not one of the names `known`.
pub(super) fn unknown(figment: &Figment, variables: &[String], known: &BTreeSet<String>) -> Vec<String> {
    let of_variables = variables
        .iter()
        .filter(|name| !known.contains(*name))
        .filter_map(|name| Some((name, name.strip_prefix(PREFIX)?)))
        .filter(|(_, rest)| !OTHERS.iter().any(|other| rest.starts_with(other)))
        .map(|(name, _)| sentence(&format!("setting `{name}`"), name, known, str::to_owned));
    let keys: BTreeSet<String> = known.iter().map(|name| key(name)).collect();
    let written: BTreeSet<String> = figment
        .profiles()
        .filter_map(|profile| {
            let table = figment.clone().select(profile.clone()).find_value("scrapersky").ok()?;
            Some(table.as_dict()?.keys().cloned().collect::<Vec<_>>())
        })
        .flatten()
        .collect();
    let of_keys = written.iter().filter(|name| !keys.contains(*name)).map(|name| {
        let what = format!("key `{name}` of the table `scrapersky` in the configuration file");
        sentence(&what, name, known, key)
    });
    of_variables.chain(of_keys).collect()
}

/// Says what is not known, and the nearest known name as `write` spells it.
fn sentence(what: &str, name: &str, known: &BTreeSet<String>, write: impl Fn(&str) -> String) -> String {
    // Without the prefix, which would make all names alike.
    let keys: Vec<(String, &str)> = known.iter().map(|name| (key(name), name.as_str())).collect();
    let candidates: Vec<&str> = keys.iter().map(|(key, _)| key.as_str()).collect();
    let near = nearest(&key(name), &candidates);
    let near = near.and_then(|near| keys.iter().find(|(key, _)| key == near));
    match near {
        Some((_, variable)) => format!("unknown {what}: did you mean `{}`?", write(variable)),
        None => format!("unknown {what}: remove it, or use a name that docs/settings.md lists"),
    }
}

#[cfg(test)]
mod tests {
    use rocket::figment::providers::{Format, Toml};

    use super::*;

    fn unknown_of(toml: &str, variables: &[&str]) -> Vec<String> {
        let figment = Figment::from(Toml::string(toml).nested()).select("debug");
        let known = ["SCRAPERSKY_POOL_SIZE", "SCRAPERSKY_LOG", "DATABASE_URL"];
        let variables: Vec<String> = variables.iter().map(|name| (*name).to_owned()).collect();
        unknown(&figment, &variables, &known.map(str::to_owned).into())
    }

    #[test]
    fn a_mistyped_variable_names_the_nearest_one() {
        for (name, near) in [
            ("SCRAPERSKY_POOLSIZE", "SCRAPERSKY_POOL_SIZE"),
            ("SCRAPERSKY_POOL_SIZ", "SCRAPERSKY_POOL_SIZE"),
            ("SCRAPERSKY_DATABASE_URL", "DATABASE_URL"),
        ] {
            let said = unknown_of("", &[name]);
            assert_eq!(said, [format!("unknown setting `{name}`: did you mean `{near}`?")]);
        }
        let said = unknown_of("", &["SCRAPERSKY_ELSEWHERE"]);
        assert!(said.concat().contains("docs/settings.md"), "{said:?}");
    }

    #[test]
    fn known_names_and_those_of_others_are_accepted() {
        let names = [
            "PATH",
            "DATABASE_URL",
            "SCRAPERSKY_POOL_SIZE",
            "SCRAPERSKY_TEST_FULL",
            "SCRAPERSKY_KEEP_TEST_DATABASES",
            "SCRAPERSKY_BENCH_HTML",
            "SCRAPERSKY_CHAOS_SCANS",
            "SCRAPERSKY_WILD_REQUESTS",
            "SCRAPERSKY_SOAK",
            "SCRAPERSKY_SOAK_UNITS",
        ];
        assert_eq!(unknown_of("[default.scrapersky]\npool_size = 1\n", &names), [""; 0]);
    }

    #[test]
    fn a_mistyped_key_is_found_in_every_profile() {
        let said = unknown_of(
            "[release.scrapersky]\npool_siez = 1\n[default.scrapersky]\nlog = 'info'\n",
            &[],
        );
        let [said] = said.as_slice() else { panic!("{said:?}") };
        assert!(
            said.contains("`pool_siez`") && said.ends_with("did you mean `pool_size`?"),
            "{said}"
        );
    }
}
