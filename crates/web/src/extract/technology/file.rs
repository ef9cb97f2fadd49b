//! Reading of a file of rules, with the line of whatever is wrong.

use std::ops::Range;

use toml_edit::{ImDocument, Item, TableLike, Value};

use super::category::{Category, List, Shown};
use super::rule::{Rule, RulePlace, Sample, VersionPattern};
use super::sign::{Sign, SignKind, Strength};
use crate::nearest::nearest;

/// The fields of a rule.
const FIELDS: [&str; 10] = [
    "name", "category", "list", "shows", "implies", "strong", "weak", "version", "positive", "negative",
];
/// The fields of a sample.
const SAMPLE_FIELDS: [&str; 9] = ["html", "header", "url", "cookie", "mx", "txt", "ns", "cname", "version"];
/// Minimum length of a pattern: shorter ones occur in unrelated texts.
const MIN_PATTERN: usize = 3;
/// Records of a domain that do not say who serves its site, and what they say.
const OF_OTHERS: [(SignKind, &str); 3] = [
    (SignKind::Ns, "name servers tell who runs the DNS"),
    (SignKind::Mx, "mail servers tell who takes the mail"),
    (
        SignKind::Txt,
        "texts in DNS tell who sends mail and who checked the domain",
    ),
];

/// A file of rules that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// The file or folder cannot be read.
    #[error("{path}: cannot be read: {reason}")]
    Unreadable {
        /// The file or folder.
        path: String,
        /// What the system says.
        reason: String,
    },
    /// The file has a mistake.
    #[error("{file}, line {line}: {reason}")]
    Invalid {
        /// The file.
        file: String,
        /// The line.
        line: usize,
        /// What is wrong, and what would be right.
        reason: String,
    },
}

/// Reads the rules of a file. `checks_patterns` compiles the expressions for versions, which takes long.
pub(super) fn read(file: &str, text: &str, checks_patterns: bool) -> Result<Vec<Rule>, RulesError> {
    let reader = Reader {
        file,
        text,
        checks_patterns,
    };
    let document = ImDocument::parse(text).map_err(|error| {
        let what = error.message().lines().collect::<Vec<_>>().join(", ");
        reader.error(error.span(), format!("not valid TOML: {what}"))
    })?;
    let top = document.as_table();
    reader.known_fields(top, "field", &["technology"])?;
    let Some(item) = top.get("technology") else {
        return Ok(Vec::new());
    };
    let Item::ArrayOfTables(rules) = item else {
        return Err(reader.error(
            item.span(),
            "`technology` must be written as `[[technology]]`".to_owned(),
        ));
    };
    rules.iter().map(|rule| reader.rule(rule, rule.span())).collect()
}

/// Returns the words of an enumeration, in code style.
fn listed(words: &[&str]) -> String {
    format!("`{}`", words.join("`, `"))
}

/// Where something stands in the text.
type Span = Option<Range<usize>>;

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    checks_patterns: bool,
}

impl Reader<'_> {
    fn line(&self, span: Span) -> usize {
        let start = span.map_or(0, |span| span.start).min(self.text.len());
        let before = self.text.as_bytes().get(..start).unwrap_or_default();
        before.iter().filter(|byte| **byte == b'\n').count() + 1
    }

    fn error(&self, span: Span, reason: String) -> RulesError {
        RulesError::Invalid {
            file: self.file.to_owned(),
            line: self.line(span),
            reason,
        }
    }

    fn rule(&self, table: &dyn TableLike, span: Span) -> Result<Rule, RulesError> {
        self.known_fields(table, "field", &FIELDS)?;
        let name = self
            .text_of(table, "name")?
            .ok_or_else(|| self.error(span.clone(), "`name` is missing: every technology has one".to_owned()))?;
        let missing = |field: &str, why: &str| self.error(span.clone(), format!("`{name}` has no `{field}`: {why}"));
        let category = self
            .word_of(table, "category", Category::ALL, Category::label)?
            .ok_or_else(|| {
                let expected = self::listed(&labels(Category::ALL, Category::label));
                missing("category", &format!("expected one of {expected}"))
            })?;
        let list = self.word_of(table, "list", List::ALL, List::label)?;
        let mut signs = self.signs(table, "strong", Strength::Strong)?;
        signs.extend(self.signs(table, "weak", Strength::Weak)?);
        if signs.is_empty() {
            return Err(missing(
                "strong",
                "a technology needs at least one sign in `strong`, or two kinds in `weak`",
            ));
        }
        self.serving_signs(table, category)?;
        let versions = self.versions(table, &signs)?;
        let (positive, negative) = (self.samples(table, "positive")?, self.samples(table, "negative")?);
        for (field, samples) in [("positive", &positive), ("negative", &negative)] {
            if samples.is_empty() {
                return Err(missing(
                    field,
                    "at least one sample is needed, such as `{ html = \"...\" }`",
                ));
            }
        }
        if !versions.is_empty() && positive.iter().all(|sample| sample.version.is_none()) {
            return Err(missing(
                "version` in `positive",
                "a rule that reads a version needs a sample with the version that has to be found",
            ));
        }
        Ok(Rule {
            list: list.unwrap_or_else(|| category.list()),
            shows: self.words_of(table, "shows", Shown::ALL, Shown::label)?,
            implies: self
                .texts_of(table, "implies")?
                .into_iter()
                .map(|(text, _)| text)
                .collect(),
            place: RulePlace {
                file: self.file.to_owned(),
                line: self.line(span.clone()),
            },
            name,
            category,
            signs,
            versions,
            positive,
            negative,
        })
    }

    /// Refuses fields that are not known.
    fn known_fields(&self, table: &dyn TableLike, what: &str, known: &[&str]) -> Result<(), RulesError> {
        let unknown = table.iter().find(|(name, _)| !known.contains(name));
        unknown.map_or(Ok(()), |(name, item)| {
            let span = table.key(name).and_then(toml_edit::Key::span).or_else(|| item.span());
            let right = match nearest(name, known) {
                Some(near) => format!("the nearest known one is `{near}`"),
                None => format!("expected one of {}", listed(known)),
            };
            Err(self.error(span, format!("unknown {what} `{name}`: {right}")))
        })
    }

    fn text_of(&self, table: &dyn TableLike, field: &str) -> Result<Option<String>, RulesError> {
        let Some(item) = table.get(field) else { return Ok(None) };
        match item.as_str().map(str::trim) {
            Some(text) if !text.is_empty() => Ok(Some(text.to_owned())),
            _ => Err(self.error(item.span(), format!("`{field}` must be a text that is not empty"))),
        }
    }

    /// Returns the texts of a list, each with its place.
    fn texts_of(&self, table: &dyn TableLike, field: &str) -> Result<Vec<(String, Span)>, RulesError> {
        let Some(item) = table.get(field) else {
            return Ok(Vec::new());
        };
        let wrong = |span: Span| self.error(span, format!("`{field}` must be a list of texts that are not empty"));
        let list = item.as_array().ok_or_else(|| wrong(item.span()))?;
        let texts = list.iter().map(|value| match value.as_str() {
            Some(text) if !text.trim().is_empty() => Ok((text.to_owned(), value.span())),
            _ => Err(wrong(value.span())),
        });
        texts.collect()
    }

    fn word_of<T: Copy>(
        &self,
        table: &dyn TableLike,
        field: &str,
        all: &[T],
        label: fn(T) -> &'static str,
    ) -> Result<Option<T>, RulesError> {
        let Some(text) = self.text_of(table, field)? else {
            return Ok(None);
        };
        let span = table.get(field).and_then(Item::span);
        self.word(field, &text, span, all, label).map(Some)
    }

    fn words_of<T: Copy>(
        &self,
        table: &dyn TableLike,
        field: &str,
        all: &[T],
        label: fn(T) -> &'static str,
    ) -> Result<Vec<T>, RulesError> {
        let texts = self.texts_of(table, field)?.into_iter();
        texts
            .map(|(text, span)| self.word(field, &text, span, all, label))
            .collect()
    }

    fn word<T: Copy>(
        &self,
        field: &str,
        text: &str,
        span: Span,
        all: &[T],
        label: fn(T) -> &'static str,
    ) -> Result<T, RulesError> {
        let known = all.iter().copied().find(|value| label(*value) == text);
        known.ok_or_else(|| {
            let words = labels(all, label);
            let right = match nearest(text, &words) {
                Some(near) => format!("the nearest known one is `{near}`"),
                None => format!("expected one of {}", listed(&words)),
            };
            self.error(span, format!("`{field}` is `{text}`, which is not known: {right}"))
        })
    }

    fn signs(&self, table: &dyn TableLike, field: &str, strength: Strength) -> Result<Vec<Sign>, RulesError> {
        let Some(kinds) = self.kinds(table, field)? else {
            return Ok(Vec::new());
        };
        let mut signs = Vec::new();
        for kind in SignKind::ALL {
            for (pattern, span) in self.texts_of(kinds, kind.label())? {
                if pattern.trim().len() < MIN_PATTERN {
                    let reason = format!(
                        "`{field}.{}` has the pattern `{pattern}`: it must have at least {MIN_PATTERN} bytes",
                        kind.label()
                    );
                    return Err(self.error(span, reason));
                }
                signs.push(Sign {
                    kind: *kind,
                    strength,
                    pattern: match kind {
                        SignKind::Header => pattern.to_ascii_lowercase(),
                        _ => pattern,
                    },
                });
            }
        }
        Ok(signs)
    }

    /// Refuses records of others as signs of who serves a site: a domain whose DNS or mail a company runs is often served
    /// by somebody else.
    fn serving_signs(&self, table: &dyn TableLike, category: Category) -> Result<(), RulesError> {
        if !matches!(category, Category::Cdn | Category::Hosting) {
            return Ok(());
        }
        for field in ["strong", "weak"] {
            let Some(kinds) = self.kinds(table, field)? else {
                continue;
            };
            let found = OF_OTHERS.iter().find(|(kind, _)| kinds.contains_key(kind.label()));
            if let Some((kind, what)) = found {
                let (kind, category) = (kind.label(), category.label());
                let reason = format!(
                    "`{field}.{kind}` is not a sign of a `{category}`: {what}, not who serves the site; use `cname` or `header`"
                );
                return Err(self.error(kinds.get(kind).and_then(Item::span), reason));
            }
        }
        Ok(())
    }

    /// Returns a table whose fields are kinds of signs.
    fn kinds<'t>(&self, table: &'t dyn TableLike, field: &str) -> Result<Option<&'t dyn TableLike>, RulesError> {
        let Some(item) = table.get(field) else { return Ok(None) };
        let kinds = item.as_table_like().ok_or_else(|| {
            let reason = format!("`{field}` must name a kind of sign, such as `{field}.url = [\"...\"]`");
            self.error(item.span(), reason)
        })?;
        self.known_fields(kinds, "kind of sign", &labels(SignKind::ALL, SignKind::label))?;
        Ok(Some(kinds))
    }

    fn versions(&self, table: &dyn TableLike, signs: &[Sign]) -> Result<Vec<VersionPattern>, RulesError> {
        let Some(kinds) = self.kinds(table, "version")? else {
            return Ok(Vec::new());
        };
        let mut versions = Vec::new();
        for kind in SignKind::ALL {
            for (pattern, span) in self.texts_of(kinds, kind.label())? {
                let version = VersionPattern::new(*kind, pattern);
                let checked = if signs.iter().all(|sign| sign.kind != *kind) {
                    Err(format!(
                        "reads the text of a sign of the same kind: add one as `strong.{}`",
                        kind.label()
                    ))
                } else if self.checks_patterns {
                    version.compile().map(drop)
                } else {
                    Ok(())
                };
                checked.map_err(|what| self.error(span, format!("`version.{}` {what}", kind.label())))?;
                versions.push(version);
            }
        }
        Ok(versions)
    }

    fn samples(&self, table: &dyn TableLike, field: &str) -> Result<Vec<Sample>, RulesError> {
        let Some(item) = table.get(field) else {
            return Ok(Vec::new());
        };
        let wrong = |span: Span| {
            let reason = format!("`{field}` must be a list of samples, such as `[{{ html = \"...\" }}]`");
            self.error(span, reason)
        };
        let list = item.as_array().ok_or_else(|| wrong(item.span()))?;
        let samples = list.iter().map(|value| match value {
            Value::InlineTable(sample) => self.sample(sample, value.span()),
            _ => Err(wrong(value.span())),
        });
        samples.collect()
    }

    fn sample(&self, table: &dyn TableLike, span: Span) -> Result<Sample, RulesError> {
        self.known_fields(table, "field of a sample", &SAMPLE_FIELDS)?;
        if table.iter().all(|(field, _)| field == "version") {
            let right = listed(SAMPLE_FIELDS.split_last().map_or(&[], |(_, fields)| fields));
            return Err(self.error(span, format!("a sample needs one of {right}")));
        }
        Ok(Sample {
            html: self.text_of(table, "html")?,
            header: self.text_of(table, "header")?,
            url: self.text_of(table, "url")?,
            cookie: self.text_of(table, "cookie")?,
            mx: self.text_of(table, "mx")?,
            txt: self.text_of(table, "txt")?,
            ns: self.text_of(table, "ns")?,
            cname: self.text_of(table, "cname")?,
            version: self.text_of(table, "version")?,
            line: self.line(span),
        })
    }
}

fn labels<T: Copy>(all: &[T], label: fn(T) -> &'static str) -> Vec<&'static str> {
    all.iter().map(|value| label(*value)).collect()
}
