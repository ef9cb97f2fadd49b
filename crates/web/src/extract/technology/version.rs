//! What counts as a version.

/// Maximum length of a version, in characters.
const MAX_VERSION_CHARS: usize = 32;
/// Maximum number of digits of a number in a version, and of a version that is one number. Longer ones are dates, times
/// of a build, or parts of a hash.
const MAX_DIGITS: usize = 5;
const MAX_SINGLE_DIGITS: usize = 3;

/// Returns whether a text is a version, such as `6.4.2` or `6.4-RC1`, and not a hash or a time.
pub(super) fn is_version(text: &str) -> bool {
    let end = text.find(['-', '+']).unwrap_or(text.len());
    let (numbers, suffix) = text.split_at(end);
    let mut parts = numbers.split('.').peekable();
    let mut count = 0;
    let fits = loop {
        let Some(part) = parts.next() else { break true };
        count += 1;
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        // The last number may have a letter or a word: `1.1.1w`, `2.0b3`, `3.0rc1`.
        let rest = part.get(digits..).unwrap_or_default();
        let is_last = parts.peek().is_none();
        if digits == 0 || digits > MAX_DIGITS || !(rest.is_empty() || (is_last && count > 1 && is_stage(rest))) {
            break false;
        }
    };
    fits && text.len() <= MAX_VERSION_CHARS
        && (count > 1 || numbers.len() <= MAX_SINGLE_DIGITS)
        && suffix
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+'))
}

/// Returns whether a text behind a number names a stage of development: a letter, or a word and a number.
fn is_stage(text: &str) -> bool {
    let word = text.trim_end_matches(|c: char| c.is_ascii_digit());
    matches!(
        word.to_ascii_lowercase().as_str(),
        "rc" | "alpha" | "beta" | "dev" | "pre" | "post" | "pl" | "sp"
    ) || (word.len() == 1 && word.bytes().all(|byte| byte.is_ascii_alphabetic()))
}

/// Returns whether a version is another one with further numbers: `10.2.4` continues `10`.
pub(super) fn continues(version: &str, beginning: &str) -> bool {
    version
        .strip_prefix(beginning)
        .is_some_and(|rest| rest.starts_with(['.', '-', '+']))
}

/// Returns the version that all of these are, or are the beginning of; `None` if they contradict each other.
pub(super) fn agreed<'v>(versions: impl Iterator<Item = &'v str> + Clone) -> Option<&'v str> {
    let longest = versions.clone().max_by_key(|version| version.len())?;
    let mut versions = versions;
    versions
        .all(|version| longest == version || continues(longest, version))
        .then_some(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_and_times_are_not_versions() {
        for text in [
            "6.4.2",
            "6.4-RC1",
            "10",
            "3.0.0-beta.2+build5",
            "1.1.1w",
            "2.0b3",
            "2024.11.1",
            "0.120.4",
            "3.0rc1",
        ] {
            assert!(is_version(text), "{text}");
        }
        for text in [
            "",
            "6a8b1c2d",
            "1700000000",
            "20240101",
            "1.1700000000",
            "9c2f.1",
            "v1",
            "1..2",
            "1.",
            "6.4.2 ",
            "a.b",
            "8f3e2d1c9b7a6f5e4d3c",
            "1.2f3a4b5c",
            "2024",
        ] {
            assert!(!is_version(text), "{text}");
        }
    }

    #[test]
    fn versions_agree_if_one_is_the_beginning_of_the_other() {
        for (versions, expected) in [
            (vec!["6.4", "6.4.2"], Some("6.4.2")),
            (vec!["6.4", "6.4"], Some("6.4")),
            (vec!["6.4", "6.5"], None),
            (vec!["1.1", "1.12"], None),
            (vec![], None),
        ] {
            assert_eq!(agreed(versions.iter().copied()), expected, "{versions:?}");
        }
    }
}
