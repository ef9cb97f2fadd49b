//! A rule: a technology, its signs, and samples of both.

use std::sync::OnceLock;

use regex::Regex;

use super::category::{Category, List, Shown};
use super::sign::{Sign, SignKind, Strength};

/// How a technology is told.
#[derive(Clone, Debug)]
pub struct Rule {
    pub(super) name: String,
    pub(super) category: Category,
    pub(super) list: List,
    pub(super) shows: Vec<Shown>,
    pub(super) implies: Vec<String>,
    pub(super) signs: Vec<Sign>,
    /// Where the version stands: in the text of a sign of this kind.
    pub(super) versions: Vec<VersionPattern>,
    pub(super) positive: Vec<Sample>,
    pub(super) negative: Vec<Sample>,
    pub(super) place: RulePlace,
}

/// Where the version stands in the text of a sign.
#[derive(Clone, Debug)]
pub(super) struct VersionPattern {
    pub(super) kind: SignKind,
    pattern: String,
    /// Compiled when it is first needed: few of the patterns are needed for a page, and each takes longer than a page.
    regex: OnceLock<Option<Regex>>,
}

impl VersionPattern {
    pub(super) fn new(kind: SignKind, pattern: String) -> Self {
        Self {
            kind,
            pattern,
            regex: OnceLock::new(),
        }
    }

    /// Compiles the pattern. Fails if it is invalid or does not have exactly one group.
    pub(super) fn compile(&self) -> Result<Regex, String> {
        let regex = Regex::new(&self.pattern).map_err(|error| {
            // The lines before the last one show the expression.
            let text = error.to_string();
            let line = text.lines().last().unwrap_or_default();
            format!(
                "is not a valid regular expression: {}",
                line.trim_start_matches("error: ")
            )
        })?;
        match regex.captures_len() {
            2 => Ok(regex),
            _ => Err("must have exactly one group, which is the version".to_owned()),
        }
    }

    /// Returns what the group matches in a text.
    pub(super) fn find<'t>(&self, text: &'t str) -> Option<&'t str> {
        let regex = self.regex.get_or_init(|| self.compile().ok()).as_ref()?;
        Some(regex.captures(text)?.get(1)?.as_str())
    }
}

/// Where a rule is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulePlace {
    /// The file; those that ship with the program are named as in its repository.
    pub file: String,
    /// The line on which the rule begins.
    pub line: usize,
}

/// What a site may show: an example of a technology, or of what only resembles it.
#[derive(Clone, Debug, Default)]
pub(super) struct Sample {
    pub(super) html: Option<String>,
    /// Headers, one on a line.
    pub(super) header: Option<String>,
    pub(super) url: Option<String>,
    pub(super) cookie: Option<String>,
    pub(super) mx: Option<String>,
    pub(super) txt: Option<String>,
    pub(super) ns: Option<String>,
    pub(super) cname: Option<String>,
    /// The version that has to be found.
    pub(super) version: Option<String>,
    pub(super) line: usize,
}

impl Rule {
    /// Returns the name of the technology.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the category of the technology.
    #[must_use]
    pub const fn category(&self) -> Category {
        self.category
    }

    /// Returns the list of the technology stack that the technology belongs to.
    #[must_use]
    pub const fn list(&self) -> List {
        self.list
    }

    /// Returns the names of the technologies that this one needs.
    #[must_use]
    pub fn implies(&self) -> &[String] {
        &self.implies
    }

    /// Returns the number of signs that are proof by themselves.
    #[must_use]
    pub fn strong_signs(&self) -> usize {
        self.count(Strength::Strong)
    }

    /// Returns the number of signs that are proof together with one of another kind.
    #[must_use]
    pub fn weak_signs(&self) -> usize {
        self.count(Strength::Weak)
    }

    /// Returns whether the rule can tell the version.
    #[must_use]
    pub fn has_version(&self) -> bool {
        !self.versions.is_empty()
    }

    /// Returns the number of samples.
    #[must_use]
    pub fn samples(&self) -> usize {
        self.positive.len() + self.negative.len()
    }

    /// Returns where the rule is written.
    #[must_use]
    pub const fn place(&self) -> &RulePlace {
        &self.place
    }

    fn count(&self, strength: Strength) -> usize {
        self.signs.iter().filter(|sign| sign.strength == strength).count()
    }

    /// Returns whether the rule reads a version from texts of this kind.
    pub(super) fn reads_version(&self, kind: SignKind) -> bool {
        self.versions.iter().any(|version| version.kind == kind)
    }
}
