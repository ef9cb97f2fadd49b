//! Telephone numbers of all countries, in international format, with their kinds.
//!
//! Numbers are validated against the numbering plans of the `phonenumber` crate. In running text, a number must also
//! look like one: by an international prefix, a label such as `Tel.`, or the grouping that is usual in its country. The
//! nearest word before it decides: dates, prices, tax numbers and order numbers are skipped, and fax numbers are kept
//! apart. If the site's country is unknown, a number that the page declares is kept as written.

mod candidate;
mod find;
mod label;
mod link;
mod run;
mod token;
mod words;

pub(super) use candidate::Candidate;
use candidate::Evidence;
pub use candidate::PhoneKind;
pub(super) use find::{find, read_labels};
pub(super) use link::{PhoneField, is_fax_label, read_link, whatsapp};
use phonenumber::metadata::DATABASE;
use phonenumber::{Mode, PhoneNumber, Type, country};

use super::country::Regions;

/// Maximum number of numbers kept per page.
pub(super) const MAX_PHONES: usize = 50;
/// Sequences of digits that no real number contains.
const SEQUENCES: [&str; 2] = ["123456789", "987654321"];

/// A number found in a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Phone {
    /// The form for comparison: digits with country code and `+`, or the digits as written.
    pub(super) digits: String,
    /// The form that is shown, in groups.
    pub(super) shown: String,
    pub(super) kind: PhoneKind,
    /// Where the page states it first.
    pub(super) place: Place,
}

/// Where a page states a number, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The position in the text.
    pub(super) position: usize,
    /// The number as it is written.
    pub(super) written: String,
    /// What it is told by.
    pub(super) rule: &'static str,
    /// Whether the text at the position shows it.
    pub(super) is_in_text: bool,
}

/// A number with everything that the page states about it.
struct Entry {
    digits: String,
    shown: String,
    said: Vec<PhoneKind>,
    is_mobile: bool,
    place: Place,
}

impl Entry {
    /// Returns the number with its kind. It is a fax number if a label says so and no label says that it is a
    /// telephone.
    fn finish(self) -> Phone {
        let says = |kind| self.said.contains(&kind);
        let is_voice = says(PhoneKind::Voice);
        let kind = if says(PhoneKind::Mobile) || (self.is_mobile && !says(PhoneKind::Fax) && !says(PhoneKind::WhatsApp))
        {
            PhoneKind::Mobile
        } else if is_voice {
            PhoneKind::Voice
        } else if says(PhoneKind::WhatsApp) {
            PhoneKind::WhatsApp
        } else if says(PhoneKind::Fax) {
            PhoneKind::Fax
        } else {
            PhoneKind::Voice
        };
        Phone {
            digits: self.digits,
            shown: self.shown,
            kind,
            place: self.place,
        }
    }
}

impl Candidate {
    fn place(&self) -> Place {
        let rule = match self.evidence {
            Evidence::Declared if self.is_in_text => "telephone link or field",
            Evidence::Declared => "structured data telephone",
            Evidence::Labelled { .. } => "text behind a label",
            Evidence::Grouped => "text grouped as a number",
            Evidence::International => "text with an international prefix",
        };
        Place {
            position: self.position,
            written: self.written.clone(),
            rule,
            is_in_text: self.evidence != Evidence::Declared,
        }
    }

    /// Validates the number against the numbering plans of the regions, in order.
    fn validate(&self, regions: &Regions) -> Option<PhoneNumber> {
        if self.digits.starts_with('+') {
            return valid(None, &self.digits);
        }
        // 00 is the international prefix in most countries; elsewhere, the result is not valid.
        if let Some(rest) = self.digits.strip_prefix("00")
            && let Some(number) = valid(None, &format!("+{rest}"))
        {
            return Some(number);
        }
        let of = |regions: &[country::Id]| regions.iter().find_map(|region| valid(Some(*region), &self.digits));
        let north_american = || {
            let is_there = |number: &PhoneNumber| number.country().code() == 1;
            let regions = regions
                .sure
                .iter()
                .copied()
                .chain((!regions.is_placed).then_some(country::US));
            let mut numbers = regions.filter_map(|region| valid(Some(region), &self.digits));
            self.is_north_american.then(|| numbers.find(is_there))?
        };
        match self.evidence {
            Evidence::International => None,
            Evidence::Declared | Evidence::Labelled { .. } => of(&regions.sure)
                .or_else(|| of(&regions.likely))
                .or_else(north_american),
            Evidence::Grouped if self.is_north_american => north_american(),
            Evidence::Grouped => of(regions.sure.get(..1).unwrap_or_default()),
        }
    }

    /// Returns whether the number is kept as written if the country is unknown.
    fn is_kept_as_written(&self, regions: &Regions) -> bool {
        let is_declared = matches!(self.evidence, Evidence::Declared | Evidence::Labelled { is_near: true });
        // The number after a label may also be in a table, or a version.
        let is_plain = self.evidence == Evidence::Declared
            || !self.is_broken
                && self
                    .written
                    .split(|c: char| !c.is_ascii_digit())
                    .any(|group| group.len() >= 3);
        let length = self.digits.len();
        is_declared && is_plain && !regions.is_placed && !self.digits.starts_with('+') && (7..=15).contains(&length)
    }
}

fn valid(region: Option<country::Id>, digits: &str) -> Option<PhoneNumber> {
    let number = phonenumber::parse(region, digits).ok()?;
    number.is_valid().then_some(number)
}

/// Returns whether digits are an example in a form: a single digit repeated, or an ascending or descending sequence.
fn is_example(digits: &str) -> bool {
    let mut plain = digits.trim_start_matches(['+', '0']).bytes();
    let first = plain.next();
    plain.all(|digit| Some(digit) == first) || SEQUENCES.iter().any(|sequence| digits.contains(sequence))
}

/// Validates the candidates of a page, in page order.
pub(super) fn validate(mut candidates: Vec<Candidate>, regions: &mut Regions) -> Vec<Phone> {
    candidates.sort_by_key(|candidate| candidate.position);
    candidates.truncate(find::MAX_CANDIDATES);
    // Sites write numbers of their country both with and without the prefix.
    let international = candidates.iter().filter(|candidate| candidate.digits.starts_with('+'));
    let country = international
        .filter_map(|candidate| candidate.validate(&Regions::default())?.country().id())
        .next();
    regions.add_number(country);
    let mut entries: Vec<Entry> = Vec::new();
    for candidate in candidates {
        if is_example(&candidate.digits) {
            continue;
        }
        let (digits, shown, is_mobile) = if let Some(number) = candidate.validate(regions) {
            let digits = number.format().mode(Mode::E164).to_string();
            let shown = number.format().mode(Mode::International).to_string();
            (digits, shown, number.number_type(&DATABASE) == Type::Mobile)
        } else if candidate.is_kept_as_written(regions) {
            (candidate.digits.clone(), candidate.written.clone(), false)
        } else {
            continue;
        };
        if let Some(entry) = entries.iter_mut().find(|entry| entry.digits == digits) {
            entry.said.extend(candidate.kind);
        } else if entries.len() < MAX_PHONES {
            let said = candidate.kind.into_iter().collect();
            entries.push(Entry {
                digits,
                shown,
                said,
                is_mobile,
                place: candidate.place(),
            });
        }
    }
    entries.into_iter().map(Entry::finish).collect()
}

#[cfg(test)]
mod tests;
