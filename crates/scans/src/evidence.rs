//! Rows of evidence: what each value of a domain is told by, in the form in which it is stored.

use database::models::domain_evidence::{EvidenceColumn, NewDomainEvidence};
use web::extract::technology::Claim;
use web::extract::{Fact, Proofs};

/// Maximum length of a value that is repeated, in characters.
const MAX_VALUE: usize = 500;
/// Maximum length of a snippet, in characters.
const MAX_SNIPPET: usize = 200;
/// Maximum number of rows of a domain.
const MAX_ROWS: usize = 1_000;

/// How sure a value is that was measured, or read where it is defined.
pub(crate) const CERTAIN: i16 = 100;
/// How sure a value is that follows from names and headers by a table.
pub(crate) const INFERRED: i16 = 90;

/// The columns that say what is known of a domain's sitemaps. A scan writes the last one also where an analysis has
/// written the others.
pub(crate) const SITEMAP_COLUMNS: [EvidenceColumn; 5] = [
    EvidenceColumn::HasSitemap,
    EvidenceColumn::SitemapUrl,
    EvidenceColumn::TotalSitemaps,
    EvidenceColumn::SitemapUrls,
    EvidenceColumn::PageCount,
];

/// What a value is told by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told<'t> {
    /// The page or file; `None` for DNS and connections.
    pub(crate) url: Option<&'t str>,
    pub(crate) rule: &'t str,
    pub(crate) snippet: &'t str,
    pub(crate) confidence: i16,
}

impl<'t> Told<'t> {
    /// Creates what tells a value that was measured, or read where it is defined.
    pub(crate) const fn certain(url: Option<&'t str>, rule: &'t str, snippet: &'t str) -> Self {
        Self {
            url,
            rule,
            snippet,
            confidence: CERTAIN,
        }
    }
}

/// Rows of evidence.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct EvidenceRows(Vec<NewDomainEvidence>);

impl EvidenceRows {
    /// Returns the rows.
    pub(crate) fn as_slice(&self) -> &[NewDomainEvidence] {
        &self.0
    }

    /// Keeps the rows for which `keep`, which may change a row, returns true.
    pub(crate) fn retain(&mut self, keep: impl FnMut(&mut NewDomainEvidence) -> bool) {
        self.0.retain_mut(keep);
    }

    /// Adds what tells a value.
    pub(crate) fn add(&mut self, column: EvidenceColumn, value: &str, told: Told<'_>) {
        self.push(NewDomainEvidence {
            column,
            value: shortened(value, MAX_VALUE),
            url: told.url.map(str::to_owned),
            rule: Some(told.rule.to_owned()),
            snippet: Some(shortened(told.snippet, MAX_SNIPPET)),
            claim: None,
            confidence: told.confidence,
        });
    }

    /// Adds what tells a value that a page states, if something does.
    pub(crate) fn prove(&mut self, column: EvidenceColumn, proofs: &Proofs, fact: Fact, value: &str) {
        let Some(proof) = proofs.find(fact, value) else { return };
        let row = NewDomainEvidence {
            column,
            value: shortened(value, MAX_VALUE),
            url: None,
            rule: None,
            snippet: None,
            claim: proof.claim.clone(),
            confidence: proof.confidence.into(),
        };
        self.push(match &proof.claim {
            Some(_) => row,
            None => NewDomainEvidence {
                url: proof.evidence.url.clone(),
                rule: Some(proof.evidence.rule.clone()),
                snippet: Some(proof.evidence.snippet.clone()),
                ..row
            },
        });
    }

    /// Adds a value that follows from a claimed technology, which has the evidence itself.
    pub(crate) fn claim(&mut self, column: EvidenceColumn, value: &str, claim: &Claim) {
        self.push(NewDomainEvidence {
            column,
            value: shortened(value, MAX_VALUE),
            url: None,
            rule: None,
            snippet: None,
            claim: Some(claim.name.clone()),
            confidence: claim.confidence.into(),
        });
    }

    /// Adds what is known of the sitemaps of a site: the first one and how it was found, the number of files and that of the
    /// pages that they list.
    pub(crate) fn sitemaps(&mut self, (url, found): (&str, &str), files: i64, pages: i64) {
        let rule = format!("sitemap {found}");
        let named = Told {
            url: Some(url),
            rule: &rule,
            snippet: url,
            confidence: CERTAIN,
        };
        self.add(EvidenceColumn::HasSitemap, "true", named);
        self.add(EvidenceColumn::SitemapUrl, url, named);
        let read = format!("{files} files, {pages} pages");
        let counted = Told {
            rule: "count of the sitemaps",
            snippet: &read,
            ..named
        };
        for (column, count) in [
            (EvidenceColumn::TotalSitemaps, files),
            (EvidenceColumn::SitemapUrls, pages),
            (EvidenceColumn::PageCount, pages),
        ] {
            self.add(column, &count.to_string(), counted);
        }
    }

    /// Adds that an analysis found no sitemaps.
    pub(crate) fn no_sitemaps(&mut self) {
        let told = Told {
            url: None,
            rule: "not found",
            snippet: "robots.txt, links of the home page, common names",
            confidence: INFERRED,
        };
        self.add(EvidenceColumn::HasSitemap, "false", told);
    }

    fn push(&mut self, row: NewDomainEvidence) {
        if !row.value.is_empty() && self.0.len() < MAX_ROWS {
            self.0.push(row);
        }
    }
}

/// Returns the beginning of a text, without NUL, which PostgreSQL cannot store.
fn shortened(text: &str, max_chars: usize) -> String {
    text.chars().filter(|char| *char != '\0').take(max_chars).collect()
}
