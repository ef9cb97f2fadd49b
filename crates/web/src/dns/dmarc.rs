//! DMARC records (RFC 7489, 6.3).

use serde::Serialize;

/// Maximum number of tags that are read, and of addresses of reports that are kept.
const MAX_TAGS: usize = 50;
const MAX_REPORTS: usize = 20;

/// A record that says what receivers do with forged mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Dmarc {
    /// What becomes of it: `none`, `quarantine` or `reject`.
    pub policy: Option<&'static str>,
    /// What becomes of that of subdomains, if it is something else.
    pub subdomain_policy: Option<&'static str>,
    /// The part of it to which the policy applies, in per cent.
    pub percent: u8,
    /// Where summaries are sent.
    pub reports: Vec<String>,
}

impl Dmarc {
    /// Reads a record; `None` for a text that is not one.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let mut tags = text.split(';').take(MAX_TAGS).filter_map(|tag| {
            let (name, value) = tag.split_once('=')?;
            Some((name.trim().to_ascii_lowercase(), value.trim()))
        });
        let (name, version) = tags.next()?;
        if name != "v" || version != "DMARC1" {
            return None;
        }
        let mut record = Self {
            policy: None,
            subdomain_policy: None,
            percent: 100,
            reports: Vec::new(),
        };
        for (name, value) in tags {
            match name.as_str() {
                "p" => record.policy = policy(value),
                "sp" => record.subdomain_policy = policy(value),
                "pct" => record.percent = value.parse().ok().filter(|percent| *percent <= 100).unwrap_or(100),
                "rua" => {
                    let addresses = value.split(',').map(|address| address.trim().to_owned());
                    record.reports = addresses.take(MAX_REPORTS).collect();
                }
                _ => {}
            }
        }
        Some(record)
    }
}

fn policy(value: &str) -> Option<&'static str> {
    ["none", "quarantine", "reject"]
        .into_iter()
        .find(|policy| value.eq_ignore_ascii_case(policy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read() {
        let record =
            Dmarc::read("v=DMARC1; p=reject; sp=none; pct=50; rua=mailto:a@acme.test, mailto:b@acme.test").unwrap();
        assert_eq!(
            record,
            Dmarc {
                policy: Some("reject"),
                subdomain_policy: Some("none"),
                percent: 50,
                reports: vec!["mailto:a@acme.test".to_owned(), "mailto:b@acme.test".to_owned()]
            }
        );
        let bare = Dmarc::read("v = DMARC1 ;p=Quarantine;pct=300").unwrap();
        assert_eq!((bare.policy, bare.percent), (Some("quarantine"), 100));
        assert_eq!(Dmarc::read("v=DMARC1; p=whatever").unwrap().policy, None);
        for text in ["", "v=DMARC2; p=none", "p=none; v=DMARC1", "v=spf1 -all", "DMARC1"] {
            assert_eq!(Dmarc::read(text), None, "{text}");
        }
    }
}
