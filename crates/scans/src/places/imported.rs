//! Ids of imported places without Google's place id.

use std::fmt::Write as _;

use database::repo::places::IMPORTED_PREFIX;
use sha2::{Digest, Sha256};

/// Returns the id of a place identified by its name and by a distinguishing feature, such as its address.
///
/// Differences in case, punctuation and blanks do not matter, and neither do abbreviated street names.
#[must_use]
pub fn imported_id(name: &str, distinction: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(plain(name));
    hash.update("\n");
    hash.update(plain(distinction));
    let mut id = IMPORTED_PREFIX.to_owned();
    for byte in hash.finalize().iter().take(16) {
        // Writing to a string cannot fail.
        let _ = write!(id, "{byte:02x}");
    }
    id
}

/// Returns whether an id belongs to an imported place: Google does not know it, and its content does not come from
/// Google.
#[must_use]
pub fn is_imported(place_id: &str) -> bool {
    place_id.starts_with(IMPORTED_PREFIX)
}

/// Returns the words of a text in lower case, without punctuation.
fn plain(text: &str) -> String {
    let lower = text.to_lowercase().replace('ß', "ss");
    let words = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    let words = words.map(|word| match word.strip_suffix("strasse") {
        Some(stem) => format!("{stem}str"),
        None => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_and_address_matter_and_their_spelling_does_not() {
        let id = imported_id("Café Lindner", "Lange Straße 5, 12345 Hof");
        assert!(is_imported(&id) && id.len() == IMPORTED_PREFIX.len() + 32, "{id}");
        for (name, address) in [
            ("CAFÉ  LINDNER", "Lange Str. 5 12345 Hof "),
            ("Café-Lindner", "lange strasse 5; 12345 HOF"),
        ] {
            assert_eq!(imported_id(name, address), id, "{name}");
        }
        for (name, address) in [
            ("Café Lindner", "Lange Straße 6, 12345 Hof"),
            ("Café Linde", "Lange Straße 5, 12345 Hof"),
            ("Café Lindner Lange Straße 5", "12345 Hof"),
        ] {
            assert_ne!(imported_id(name, address), id, "{name}");
        }
        assert!(!is_imported("ChIJdemo000001"));
    }
}
