//! The samples of rules: what a rule recognises and what it must not.

use std::fmt;

use url::Url;

use super::claim::Claim;
use super::rule::{Rule, RulePlace, Sample};
use super::rules::Rules;
use super::sightings::Sightings;
use super::sign::DnsRecord;
use crate::extract::page::Page;
use crate::extract::site::Site;
use crate::html::{self, Limits};

/// The page on which samples are shown.
const PAGE: &str = "https://www.site.test/";

/// A sample that its rule does not judge as it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleFailure {
    /// The name of the technology.
    pub name: String,
    /// Where the sample is written.
    pub place: RulePlace,
    /// What is wrong.
    pub problem: SampleProblem,
}

/// What is wrong with a sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SampleProblem {
    /// A positive sample is not recognised.
    NotRecognised,
    /// A negative sample is recognised.
    Recognised,
    /// Another version is found than the sample says.
    Version {
        /// The version that the sample says.
        expected: String,
        /// The version that was found.
        found: Option<String>,
    },
    /// The HTML of the sample cannot be parsed.
    Html(String),
}

impl fmt::Display for SampleFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RulePlace { file, line } = &self.place;
        write!(f, "{file}, line {line}: {}: ", self.name)?;
        match &self.problem {
            SampleProblem::NotRecognised => f.write_str("the positive sample is not recognised"),
            SampleProblem::Recognised => f.write_str("the negative sample is recognised"),
            SampleProblem::Version {
                expected,
                found: Some(found),
            } => write!(f, "the sample has version {expected}, and {found} is found"),
            SampleProblem::Version { expected, found: None } => {
                write!(f, "the sample has version {expected}, and none is found")
            }
            SampleProblem::Html(error) => write!(f, "the HTML of the sample cannot be read: {error}"),
        }
    }
}

/// Tries every sample of every rule. Returns those that are not judged as they should be, in the order of the rules.
#[must_use]
pub fn check_samples(rules: &Rules) -> Vec<SampleFailure> {
    let failures = rules.iter().flat_map(|rule| {
        let positive = rule
            .positive
            .iter()
            .filter_map(|sample| try_positive(rules, rule, sample));
        let negative = rule
            .negative
            .iter()
            .filter_map(|sample| try_negative(rules, rule, sample));
        positive.chain(negative)
    });
    failures.collect()
}

fn try_positive(rules: &Rules, rule: &Rule, sample: &Sample) -> Option<SampleFailure> {
    let failure = |problem| Some(failure(rule, sample, problem));
    let seen = match see(rules, sample) {
        Ok(seen) => seen,
        Err(error) => return failure(SampleProblem::Html(error)),
    };
    if !seen.proves(&rule.name) {
        return failure(SampleProblem::NotRecognised);
    }
    let expected = sample.version.as_ref()?;
    let found = seen.claims().into_iter().find(|claim: &Claim| claim.name == rule.name);
    let found = found.and_then(|claim| claim.version);
    if found.as_ref() == Some(expected) {
        return None;
    }
    failure(SampleProblem::Version {
        expected: expected.clone(),
        found,
    })
}

fn try_negative(rules: &Rules, rule: &Rule, sample: &Sample) -> Option<SampleFailure> {
    match see(rules, sample) {
        Ok(seen) if seen.proves(&rule.name) => Some(failure(rule, sample, SampleProblem::Recognised)),
        Ok(_) => None,
        Err(error) => Some(failure(rule, sample, SampleProblem::Html(error))),
    }
}

fn failure(rule: &Rule, sample: &Sample, problem: SampleProblem) -> SampleFailure {
    SampleFailure {
        name: rule.name.clone(),
        place: RulePlace {
            line: sample.line,
            ..rule.place.clone()
        },
        problem,
    }
}

/// Reads a sample as a page of a site.
fn see(rules: &Rules, sample: &Sample) -> Result<Sightings, String> {
    let url = Url::parse(PAGE).map_err(|error| error.to_string())?;
    let mut page = Page::new(Site::new(&url), Sightings::new(rules, Some(&url)));
    if let Some(markup) = &sample.html {
        let document = html::parse(markup, &Limits::default()).map_err(|error| error.to_string())?;
        page.walk(document.html().tree.root());
    }
    let mut seen = page.technologies;
    for line in sample.header.iter().flat_map(|headers| headers.lines()) {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        seen.see_header(name.trim(), value.trim(), &url);
    }
    if let Some(script) = &sample.url {
        seen.see_url(script, false, &Site::new(&url));
    }
    if let Some(cookie) = &sample.cookie {
        seen.see_cookie(cookie);
    }
    for (record, value) in [
        (DnsRecord::Mx, &sample.mx),
        (DnsRecord::Txt, &sample.txt),
        (DnsRecord::Ns, &sample.ns),
        (DnsRecord::Cname, &sample.cname),
    ] {
        if let Some(value) = value {
            seen.see_dns(record, value);
        }
    }
    Ok(seen)
}
