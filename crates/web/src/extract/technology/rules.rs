//! A set of rules, prepared for searching: those that ship with the program, and an operator's own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::file::{RulesError, read};
use super::matcher::{Matcher, Place};
use super::rule::Rule;
use super::sign::{Sign, SignKind};
use crate::nearest::nearest;

/// Names the files that ship with the program.
macro_rules! shipped {
    ($($name:literal,)*) => {
        &[$((
            concat!("rules/technologies/", $name, ".toml"),
            include_str!(concat!("../../../../../rules/technologies/", $name, ".toml")),
        ),)*]
    };
}

/// The files of rules that ship with the program, in the order in which technologies are listed.
const SHIPPED: &[(&str, &str)] = shipped![
    "cms",
    "builders",
    "shops",
    "generators",
    "page_builders",
    "themes",
    "plugins",
    "seo",
    "caches",
    "frameworks",
    "analytics",
    "advertising",
    "chat",
    "booking",
    "forms",
    "newsletters",
    "captcha",
    "widgets",
    "reviews",
    "payment",
    "consent",
    "languages",
    "servers",
    "cdn",
    "hosting",
    "mail",
    "marks",
];

/// Rules by which technologies are told. Cloning is cheap, and clones are the same rules.
#[derive(Clone, Debug, Default)]
pub struct Rules(Arc<Prepared>);

/// The rules, and what is needed to search for all of them at once.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    rules: Vec<Rule>,
    /// Each sign, and the rule it belongs to.
    signs: Vec<(usize, Sign)>,
    pub(super) urls: Matcher,
    pub(super) scripts: Matcher,
    pub(super) names: Matcher,
    pub(super) attributes: Matcher,
    pub(super) comments: Matcher,
    /// The signs of each other kind.
    others: BTreeMap<SignKind, Vec<usize>>,
    /// The rules that each rule implies.
    implied: Vec<Vec<usize>>,
}

impl Rules {
    /// Returns the rules that ship with the program.
    ///
    /// # Errors
    ///
    /// Returns an error if one of them is invalid, which a test rules out.
    pub fn standard() -> Result<Self, RulesError> {
        Self::with::<&Path>(&[])
    }

    /// Returns the rules that ship with the program and those of further files and folders, of which all files `*.toml` are
    /// read. A rule replaces a shipped one of the same name.
    ///
    /// # Errors
    ///
    /// Returns an error for the first file that cannot be read, has a mistake, or names a technology that another one of
    /// these files names.
    pub fn with<P: AsRef<Path>>(paths: &[P]) -> Result<Self, RulesError> {
        let mut shipped = Vec::new();
        for (name, text) in SHIPPED {
            // A test checks their patterns.
            shipped.extend(read(name, text, false)?);
        }
        unique(&shipped)?;
        let mut own = Vec::new();
        for file in files(paths)? {
            let text = std::fs::read_to_string(&file).map_err(|error| unreadable(&file, &error))?;
            own.extend(read(&file.display().to_string(), &text, true)?);
        }
        unique(&own)?;
        for rule in own {
            match shipped.iter_mut().find(|known| known.name == rule.name) {
                Some(known) => *known = rule,
                None => shipped.push(rule),
            }
        }
        Ok(Self(Arc::new(Prepared::new(shipped)?)))
    }

    /// Iterates over the rules, in the order in which technologies are listed.
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.0.rules.iter()
    }

    /// Returns the number of rules.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.rules.len()
    }

    /// Returns whether there are no rules.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.rules.is_empty()
    }

    pub(super) fn prepared(&self) -> &Prepared {
        &self.0
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Prepared {
    fn new(rules: Vec<Rule>) -> Result<Self, RulesError> {
        let implied = rules
            .iter()
            .map(|rule| implied(rule, &rules))
            .collect::<Result<_, _>>()?;
        let signs: Vec<(usize, Sign)> = rules
            .iter()
            .enumerate()
            .flat_map(|(rule, of)| of.signs.iter().map(move |sign| (rule, sign.clone())))
            .collect();
        let matcher = |place, kinds: &[SignKind]| {
            let of_kind = signs
                .iter()
                .enumerate()
                .filter(|(_, (_, sign))| kinds.contains(&sign.kind));
            Matcher::new(place, of_kind.map(|(index, (_, sign))| (index, sign.pattern.as_str())))
        };
        let mut others: BTreeMap<SignKind, Vec<usize>> = BTreeMap::new();
        for (index, (_, sign)) in signs.iter().enumerate() {
            others.entry(sign.kind).or_default().push(index);
        }
        Ok(Self {
            urls: matcher(Place::Anywhere, &[SignKind::Url, SignKind::OwnUrl]),
            scripts: matcher(Place::Anywhere, &[SignKind::Script]),
            names: matcher(Place::Word, &[SignKind::ClassOrId]),
            attributes: matcher(Place::Start, &[SignKind::Attribute]),
            comments: matcher(Place::Anywhere, &[SignKind::Comment]),
            others,
            implied,
            signs,
            rules,
        })
    }

    pub(super) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    pub(super) fn sign_count(&self) -> usize {
        self.signs.len()
    }

    /// Returns a sign and the index of its rule.
    pub(super) fn sign(&self, index: usize) -> Option<(usize, &Sign)> {
        self.signs.get(index).map(|(rule, sign)| (*rule, sign))
    }

    /// Returns the signs of a kind, each with its index.
    pub(super) fn signs_of(&self, kind: SignKind) -> impl Iterator<Item = (usize, &Sign)> {
        let indexes = self.others.get(&kind).into_iter().flatten();
        indexes.filter_map(|index| Some((*index, &self.signs.get(*index)?.1)))
    }

    /// Returns the rules that a rule implies.
    pub(super) fn implied(&self, rule: usize) -> &[usize] {
        self.implied.get(rule).map_or(&[], Vec::as_slice)
    }
}

/// Returns the files that `paths` name: files, and all files `*.toml` in folders.
fn files<P: AsRef<Path>>(paths: &[P]) -> Result<Vec<PathBuf>, RulesError> {
    let mut files: Vec<PathBuf> = Vec::new();
    for path in paths.iter().map(AsRef::as_ref) {
        let metadata = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?;
        if !metadata.is_dir() {
            files.push(path.to_owned());
            continue;
        }
        let mut inside = Vec::new();
        for entry in std::fs::read_dir(path).map_err(|error| unreadable(path, &error))? {
            let file = entry.map_err(|error| unreadable(path, &error))?.path();
            if file.extension().is_some_and(|extension| extension == "toml") {
                inside.push(file);
            }
        }
        inside.sort();
        files.append(&mut inside);
    }
    // A file and its folder may both be named.
    let mut seen = BTreeSet::new();
    files.retain(|file| file.canonicalize().map_or(true, |path| seen.insert(path)));
    Ok(files)
}

fn unreadable(path: &Path, error: &std::io::Error) -> RulesError {
    RulesError::Unreadable {
        path: path.display().to_string(),
        reason: error.to_string(),
    }
}

fn invalid(rule: &Rule, reason: String) -> RulesError {
    RulesError::Invalid {
        file: rule.place.file.clone(),
        line: rule.place.line,
        reason,
    }
}

/// Refuses two rules for one technology.
fn unique(rules: &[Rule]) -> Result<(), RulesError> {
    let mut seen: BTreeMap<&str, &Rule> = BTreeMap::new();
    for rule in rules {
        if let Some(first) = seen.insert(&rule.name, rule) {
            let at = &first.place;
            let reason = format!(
                "`{}` is already the name of a rule in {}, line {}",
                rule.name, at.file, at.line
            );
            return Err(invalid(rule, reason));
        }
    }
    Ok(())
}

/// Returns the indexes of the rules that a rule implies.
fn implied(rule: &Rule, rules: &[Rule]) -> Result<Vec<usize>, RulesError> {
    let found = rule.implies.iter().map(|name| {
        let known = rules.iter().position(|other| other.name == *name);
        known.ok_or_else(|| {
            let names: Vec<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
            let right = match nearest(name, &names) {
                Some(near) => format!("the nearest known one is `{near}`"),
                None => "it must be the name of a rule".to_owned(),
            };
            invalid(
                rule,
                format!("`{}` implies `{name}`, which is not known: {right}", rule.name),
            )
        })
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_in_the_folder_ships() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules/technologies");
        let present: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| format!("rules/technologies/{}", entry.unwrap().file_name().display()))
            .collect();
        let shipped: BTreeSet<String> = SHIPPED.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(shipped, present);
    }

    #[test]
    fn all_shipped_rules_are_valid_and_there_are_many() {
        for (name, text) in SHIPPED {
            read(name, text, true).unwrap_or_else(|error| panic!("{error}"));
        }
        let rules = Rules::standard().unwrap_or_else(|error| panic!("{error}"));
        assert!(rules.len() >= 150, "{}", rules.len());
    }
}
