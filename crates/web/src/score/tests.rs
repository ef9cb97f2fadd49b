//! The shipped rules, and scores by them.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::file::read_versions;
use super::{Facts, Points, Score, ScoreRules, Technology};
use crate::extract::technology::{Category, Rules};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A site with as little to say against it as possible.
fn sound() -> Facts {
    Facts {
        has_site: Some(true),
        has_ssl: Some(true),
        certificate_end: Some(at("2026-03-01T12:00:00Z")),
        has_privacy_policy: Some(true),
        has_viewport: Some(true),
        copyright_year: Some(2025),
        response_ms: Some(120),
        page_bytes: Some(40_000),
        security_grade: Some("A".to_owned()),
        technologies: Some(vec![
            technology("WordPress", "cms", "6.8.3"),
            technology("Matomo", "analytics", "5"),
        ]),
        rating: Some(4.7),
        ratings: Some(120),
        ..Facts::default()
    }
}

fn technology(name: &str, category: &str, version: &str) -> Technology {
    Technology {
        name: name.to_owned(),
        category: category.to_owned(),
        version: Some(version.to_owned()).filter(|version| !version.is_empty()),
    }
}

fn score(facts: &Facts) -> Score {
    ScoreRules::with(None)
        .unwrap()
        .score(facts, &Points::new(), at("2026-01-10T00:00:00Z"))
}

/// Returns the reasons of a site that differs from a sound one.
fn reasons(change: impl FnOnce(&mut Facts)) -> Vec<(i16, String)> {
    let mut facts = sound();
    change(&mut facts);
    let found = score(&facts);
    found.reasons.into_iter().map(|one| (one.points, one.because)).collect()
}

#[test]
fn a_sound_site_scores_0_and_an_unknown_one_has_no_score() {
    let found = score(&sound());
    assert_eq!((found.score, found.reasons), (Some(0), vec![]));
    assert_eq!(score(&Facts::default()), Score::default());
}

/// What makes a fault, the points of its rule and the reason that is given.
type Fault = (fn(&mut Facts), i16, &'static str);

/// What is wrong with a site: how it differs from a sound one, the points, and the reason.
#[rustfmt::skip]
const FAULTS: &[Fault] = &[
    (|facts| facts.has_site = Some(false), 40, "the business has no website"),
    (|facts| broken(facts, "refused"), 30, "the site is not served over HTTPS"),
    (|facts| broken(facts, "expired"), 35, "the certificate has expired: browsers warn visitors"),
    (|facts| broken(facts, "wrong_name"), 30, "browsers do not accept the certificate"),
    (|facts| facts.certificate_end = Some(at("2026-01-20T00:00:00Z")), 10, "the certificate ends on 2026-01-20"),
    (|facts| facts.has_viewport = Some(false), 20, "the home page has no viewport for phones"),
    (|facts| facts.copyright_year = Some(2024), 10, "the copyright notice says 2024"),
    (|facts| facts.has_privacy_policy = Some(false), 15, "no privacy page was found"),
    (|facts| facts.response_ms = Some(1501), 10, "the home page takes 1501 ms to answer"),
    (|facts| facts.page_bytes = Some(501_000), 5, "the pages have 501 kB of HTML on average"),
    (|facts| facts.security_grade = Some("F".to_owned()), 5, "the security headers have grade F"),
    (|facts| uses(facts, "Joomla", "cms", "3.9.28"), 20, "Joomla 3.9.28 is outdated: 6.0 was current on 2025-10-31"),
    (|facts| uses(facts, "PHP", "language", "7.4"), 10, "PHP 7.4 is outdated: 8.4 was current on 2025-10-31"),
    (|facts| uses(facts, "Wix", "builder", ""), 10, "the site is made with Wix"),
    (|facts| facts.technologies = Some(Vec::new()), 5, "no analytics were found"),
    (|facts| facts.rating = Some(3.9), 5, "the place is rated 3.9"),
    (|facts| facts.ratings = Some(3), 5, "the place has few ratings: 3"),
    (|facts| facts.has_email = Some(true), 5, "an email address is known"),
];

fn broken(facts: &mut Facts, fault: &str) {
    facts.has_ssl = Some(false);
    facts.ssl_fault = Some(fault.to_owned());
}

fn uses(facts: &mut Facts, name: &str, category: &str, version: &str) {
    let used = facts.technologies.get_or_insert_default();
    used.push(technology(name, category, version));
}

#[test]
fn each_fault_is_a_reason_and_what_is_not_known_is_none() {
    for (change, points, because) in FAULTS {
        assert_eq!(reasons(change), [(*points, (*because).to_owned())]);
    }
    let unknown: [fn(&mut Facts); 4] = [
        |facts| uses(facts, "Joomla", "cms", ""),
        |facts| facts.technologies = None,
        |facts| facts.has_ssl = Some(false),
        |facts| facts.copyright_year = None,
    ];
    for change in unknown {
        assert_eq!(reasons(change), vec![]);
    }
}

#[test]
fn points_add_up_to_100_at_most_and_0_at_least_and_can_be_chosen() {
    let rules = ScoreRules::with(None).unwrap();
    let bad = Facts {
        has_site: Some(false),
        has_ssl: Some(false),
        ssl_fault: Some("expired".to_owned()),
        has_viewport: Some(false),
        has_privacy_policy: Some(false),
        ..Facts::default()
    };
    let now = at("2026-01-10T00:00:00Z");
    let by = |points: &[(&str, i16)]| {
        let points: Points = points
            .iter()
            .map(|(name, points)| ((*name).to_owned(), *points))
            .collect();
        let found = rules.score(&bad, &points, now);
        (found.score, found.reasons.len())
    };
    assert_eq!(by(&[]), (Some(100), 4));
    assert_eq!(by(&[("no_site", 0), ("certificate_expired", 1)]), (Some(36), 3));
    assert_eq!(by(&[("no_site", -100)]), (Some(0), 4));
}

#[test]
fn a_score_is_due_when_time_alone_changes_it() {
    let due = |change: fn(&mut Facts)| {
        let mut facts = sound();
        change(&mut facts);
        score(&facts).due
    };
    // 14 days before the certificate ends; the year after the next is too far.
    assert_eq!(due(|_| {}), Some(at("2026-02-15T12:00:00Z")));
    assert_eq!(
        due(|facts| facts.certificate_end = Some(at("2026-01-20T00:00:00Z"))),
        Some(at("2026-01-20T00:00:00Z"))
    );
    assert_eq!(
        due(|facts| facts.certificate_end = None),
        Some(at("2027-01-01T00:00:00Z"))
    );
    assert_eq!(
        due(|facts| {
            facts.certificate_end = None;
            facts.copyright_year = Some(2019);
        }),
        None
    );
    // At that time, the score is another one, and just before it is not.
    let rules = ScoreRules::with(None).unwrap();
    let time = score(&sound()).due.unwrap();
    let at_time = |time| rules.score(&sound(), &Points::new(), time).score;
    assert_eq!(
        (at_time(time - TimeDelta::seconds(1)), at_time(time)),
        (Some(0), Some(10))
    );
}

#[test]
fn the_shipped_rules_name_what_there_is() {
    let rules = ScoreRules::with(None).unwrap();
    assert!(rules.iter().count() > 20);
    assert_eq!(ScoreRules::standard().fingerprint(), rules.fingerprint());
    let technologies = Rules::standard().unwrap();
    let categories: BTreeSet<&str> = Category::ALL.iter().map(|category| category.label()).collect();
    for rule in rules.iter() {
        let words = rule
            .when
            .uses_category
            .iter()
            .chain(&rule.when.lacks_category)
            .flatten();
        for word in words {
            assert!(categories.contains(word.as_str()), "{}: {word}", rule.name);
        }
        if let Some(name) = &rule.when.outdated {
            assert!(
                technologies.iter().any(|technology| technology.name() == name),
                "{name}"
            );
            assert!(
                rules.versions().any(|(known, _)| known == name),
                "{name} is missing in versions.toml"
            );
        }
    }
}

#[test]
fn a_table_of_versions_with_a_mistake_is_refused_by_its_line() {
    for (text, line, what) in [
        ("as_of = \"2026-13-01\"", 1, "is not a day"),
        (
            "as_of = \"2026-01-01\"\n[version.PHP]\ncurrent = \"8\"\noutdated_below = \"eight\"",
            4,
            "is not a version",
        ),
        (
            "as_of = \"2026-01-01\"\n[version.PHP]\ncurrent = \"8\"\nbelow = \"8\"",
            4,
            "unknown field",
        ),
        ("as_of = ", 1, ""),
    ] {
        let error = read_versions("mine.toml", text).unwrap_err().to_string();
        assert!(error.starts_with(&format!("mine.toml, line {line}: ")), "{error}");
        assert!(error.contains(what), "{error}");
    }
}
