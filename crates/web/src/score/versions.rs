//! The table of current versions.

use std::collections::BTreeMap;
use std::str::FromStr;

use chrono::NaiveDate;
use serde::Deserialize;

/// Which versions were current on a day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Versions {
    pub(super) as_of: Day,
    #[serde(default)]
    pub(super) version: BTreeMap<String, Current>,
}

/// The versions of a technology.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Current {
    /// The version that was current.
    pub(super) current: Version,
    /// The first version that is not outdated.
    pub(super) outdated_below: Version,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Day(pub(super) NaiveDate);

impl TryFrom<String> for Day {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let day = NaiveDate::from_str(&text);
        day.map(Self)
            .map_err(|_| format!("{text:?} is not a day: expected one such as \"2025-10-31\""))
    }
}

/// Numbers with dots between them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Version(String);

impl TryFrom<String> for Version {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.split('.').all(|part| part.parse::<u32>().is_ok()) {
            Ok(Self(text))
        } else {
            Err(format!("{text:?} is not a version: expected numbers such as \"6.8.3\""))
        }
    }
}

impl Version {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Returns whether a stated version is below another one. One that is cut off before it tells, such as `6` next to `6.7`, is
/// not.
pub(super) fn is_below(stated: &str, other: &Version) -> bool {
    let number = |part: &str| -> Option<u32> {
        let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        part.get(..end)?.parse().ok()
    };
    for (one, wanted) in stated.split('.').map(number).zip(other.0.split('.').map(number)) {
        match one.zip(wanted) {
            Some((one, wanted)) if one != wanted => return one < wanted,
            Some(_) => {}
            None => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_below_another_by_its_first_number_that_differs() {
        for (stated, other, below) in [
            ("6.4.1", "6.7", true),
            ("6.7", "6.7", false),
            ("6.7.2", "6.7", false),
            ("6.10", "6.7", false),
            ("5", "6.7", true),
            ("6", "6.7", false),
            ("6.6-RC1", "6.7", true),
            ("6.7-RC1", "6.7", false),
            ("1.1.1w", "1.1.2", true),
            ("next", "6.7", false),
        ] {
            let other = Version::try_from(other.to_owned()).unwrap();
            assert_eq!(is_below(stated, &other), below, "{stated} {other:?}");
        }
    }
}
