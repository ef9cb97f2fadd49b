//! Sender Policy Framework records (RFC 7208).

use serde::Serialize;

/// Maximum number of terms that are read.
const MAX_TERMS: usize = 200;

/// What becomes of mail from everybody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SpfEnd {
    /// It is authorised, so that the record has no effect.
    Pass,
    /// It is not authorised.
    Fail,
    /// It is probably not authorised.
    SoftFail,
    /// Nothing is said.
    Neutral,
}

/// A record that says who may send mail for a domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Spf {
    /// What becomes of mail from everybody else; `None` if another record decides or nothing says so.
    pub all: Option<SpfEnd>,
    /// The domains whose records are included, in order.
    pub includes: Vec<String>,
    /// The domain whose record decides instead.
    pub redirect: Option<String>,
    /// How many terms need DNS look-ups; more than 10 are an error.
    pub lookups: usize,
}

impl Spf {
    /// Reads a record; `None` for a text that is not one.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let mut terms = text.split_ascii_whitespace();
        if !terms.next()?.eq_ignore_ascii_case("v=spf1") {
            return None;
        }
        let mut record = Self {
            all: None,
            includes: Vec::new(),
            redirect: None,
            lookups: 0,
        };
        for term in terms.take(MAX_TERMS) {
            record.take(&term.to_ascii_lowercase());
        }
        Some(record)
    }

    fn take(&mut self, term: &str) {
        let (end, mechanism) = match term.split_at_checked(1) {
            Some(("-", rest)) => (SpfEnd::Fail, rest),
            Some(("~", rest)) => (SpfEnd::SoftFail, rest),
            Some(("?", rest)) => (SpfEnd::Neutral, rest),
            Some(("+", rest)) => (SpfEnd::Pass, rest),
            _ => (SpfEnd::Pass, term),
        };
        let name = mechanism.split([':', '/', '=']).next().unwrap_or_default();
        match name {
            // Mechanisms behind it are never tested.
            "all" => self.all = self.all.or(Some(end)),
            "include" => {
                self.lookups += 1;
                self.includes
                    .extend(mechanism.split_once(':').map(|(_, domain)| domain.to_owned()));
            }
            "a" | "mx" | "ptr" | "exists" => self.lookups += 1,
            "redirect" => {
                self.lookups += 1;
                self.redirect = mechanism.split_once('=').map(|(_, domain)| domain.to_owned());
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read() {
        let read = |text| Spf::read(text).unwrap();
        let google = read("v=spf1 include:_spf.google.com ~all");
        assert_eq!(
            google,
            Spf {
                all: Some(SpfEnd::SoftFail),
                includes: vec!["_spf.google.com".to_owned()],
                redirect: None,
                lookups: 1
            }
        );
        for (text, all) in [
            ("V=SPF1 -ALL", Some(SpfEnd::Fail)),
            ("v=spf1 all", Some(SpfEnd::Pass)),
            ("v=spf1 +all", Some(SpfEnd::Pass)),
            ("v=spf1 ?all -all", Some(SpfEnd::Neutral)),
            ("v=spf1 ip4:192.0.2.1/24", None),
            ("v=spf1", None),
        ] {
            assert_eq!(read(text).all, all, "{text}");
        }
        let many = read("v=spf1 a mx/24 ptr exists:%{i}.x.test a:b.test include:c.test redirect=_spf.d.test");
        assert_eq!((many.lookups, many.redirect.as_deref()), (7, Some("_spf.d.test")));
        for text in [
            "",
            "v=spf10 -all",
            "v=DMARC1",
            "spf1 -all",
            "google-site-verification=v=spf1",
        ] {
            assert_eq!(Spf::read(text), None, "{text}");
        }
    }
}
