//! What the values of a domain are told by.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use database::models::domain_evidence::DomainEvidence;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::views::words::EvidenceColumnWord;

/// What a value of a domain is told by.
#[derive(Debug, Serialize, ToSchema)]
pub struct DomainEvidenceView {
    /// Id of the evidence.
    pub id: i64,
    /// The column with the value.
    #[schema(value_type = EvidenceColumnWord)]
    pub column: &'static str,
    /// The value, or one of several, as text of at most 500 characters. Of the column `claims`, the technology.
    pub value: String,
    /// The page or file that tells it; null for DNS and for connections that failed.
    pub url: Option<String>,
    /// The rule by which it is told; of a technology, its first sign.
    pub rule: String,
    /// What was read, in at most 200 characters.
    pub snippet: String,
    /// The technology that the value follows from; all its signs are in `claims` of the domain.
    pub technology: Option<String>,
    /// How sure the value is, from 0 to 100.
    pub confidence: i16,
    /// When a scan found the value first.
    pub first_seen: DateTime<Utc>,
    /// When a scan found it last.
    pub last_seen: DateTime<Utc>,
}

/// A sign of a technology.
#[derive(Clone, Debug, Default, Deserialize)]
struct Sign {
    rule: String,
    snippet: String,
    url: Option<String>,
}

#[derive(Deserialize)]
struct Claimed {
    name: String,
    #[serde(default)]
    evidence: Vec<Sign>,
}

/// The signs of the technologies of a domain, by name.
#[derive(Debug, Default)]
pub struct ClaimedEvidence(HashMap<String, Vec<Sign>>);

impl ClaimedEvidence {
    /// Reads the claims of a domain.
    #[must_use]
    pub fn of(claims: Option<&RawValue>) -> Self {
        let claims = claims.and_then(|claims| serde_json::from_str::<Vec<Claimed>>(claims.get()).ok());
        let signs = claims.into_iter().flatten().map(|claim| (claim.name, claim.evidence));
        Self(signs.collect())
    }

    /// Returns the sign of a technology that shows a value, such as its version, or else its first.
    fn sign(&self, technology: &str, value: &str) -> Sign {
        let signs = self.0.get(technology).map(Vec::as_slice).unwrap_or_default();
        let showing = signs.iter().find(|sign| sign.snippet.contains(value));
        showing.or(signs.first()).cloned().unwrap_or_default()
    }

    /// Creates the view of a row.
    #[must_use]
    pub fn view(&self, row: DomainEvidence) -> DomainEvidenceView {
        let DomainEvidence {
            id,
            tenant_id: _,
            domain_id: _,
            column_name,
            value,
            url,
            rule,
            snippet,
            claim,
            confidence,
            first_seen,
            last_seen,
        } = row;
        let sign = match &claim {
            Some(technology) => self.sign(technology, &value),
            None => Sign {
                rule: rule.unwrap_or_default(),
                snippet: snippet.unwrap_or_default(),
                url,
            },
        };
        DomainEvidenceView {
            id: id.get(),
            column: column_name.label(),
            value,
            url: sign.url,
            rule: sign.rule,
            snippet: sign.snippet,
            technology: claim,
            confidence,
            first_seen,
            last_seen,
        }
    }
}
