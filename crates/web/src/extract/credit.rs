//! Credits in a footer: links and addresses after such a note belong to the maker of the site, not to its owner.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::text::{BREAK, SEAM};
use crate::finder;

/// Maximum distance between the words of a note and what belongs to it, in bytes.
const NOTE_BYTES: usize = 120;

/// Phrases in front of the name of a site's maker.
const NOTES: [&str; 68] = [
    "website by",
    "web site by",
    "webseite von",
    "website von",
    "website door",
    "site by",
    "site web par",
    "sito web by",
    "sito realizzato",
    "page by",
    "pages by",
    "web design by",
    "webdesign",
    "web design:",
    "web-design",
    "design by",
    "design:",
    "design &",
    "design und umsetzung",
    "designed by",
    "designed and",
    "designed &",
    "designed with",
    "developed by",
    "development by",
    "built by",
    "built with",
    "created by",
    "crafted by",
    "made by",
    "made with",
    "powered by",
    "theme by",
    "template by",
    "theme:",
    "hosted by",
    "hosting by",
    "hosting:",
    "umsetzung",
    "realisierung",
    "realisiert",
    "realisation",
    "réalisation",
    "réalisé par",
    "réalisé avec",
    "création :",
    "création site",
    "créé par",
    "conception :",
    "conception et",
    "gestaltung",
    "programmierung",
    "erstellt von",
    "erstellt mit",
    "gestaltet von",
    "entwickelt von",
    "diseño web",
    "diseñado por",
    "desarrollado por",
    "realizzato da",
    "sviluppato da",
    "creato da",
    "gemaakt door",
    "ontwikkeld door",
    "ontwerp",
    "desenvolvido por",
    "criado por",
    "realizacja",
];
static NOTE: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| finder::ignoring_case(NOTES));

/// Returns whether a text ends, within its block, with a note about the maker of the site.
pub(super) fn announces(before: &str) -> bool {
    let start = before.ceil_char_boundary(before.len().saturating_sub(NOTE_BYTES));
    let near = before.get(start..).unwrap_or_default();
    let near = near
        .rsplit(BREAK)
        .find(|block| !block.trim_matches([' ', SEAM, '\n']).is_empty());
    // A preceding block counts only if it contains nothing but the note.
    let is_own = !before.trim_end_matches([' ', SEAM, '\n']).ends_with(BREAK);
    let near = near.unwrap_or_default().trim_end_matches([' ', SEAM, '\n']);
    let Some(notes) = NOTE.as_ref() else { return false };
    match notes.find_iter(near).last() {
        Some(note) if is_own => !near.get(note.end()..).unwrap_or_default().contains(['©', '!', '?']),
        Some(note) => near
            .get(note.end()..)
            .unwrap_or_default()
            .trim_matches([' ', ':', SEAM])
            .is_empty(),
        None => false,
    }
}

/// Returns whether the text of a link says that it leads to the maker of the site.
pub(super) fn names_maker(text: &str) -> bool {
    text.len() <= NOTE_BYTES && NOTE.as_ref().is_some_and(|notes| notes.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credits_are_recognised() {
        for text in [
            "Website by ",
            "© 2026 Acme | Webdesign: ",
            "Réalisation : \u{1f}Studio\u{1f} ",
            "Design & Umsetzung\u{1e}",
            "Powered by \u{1f}",
        ] {
            assert!(announces(text), "{text:?}");
        }
        for text in [
            "Contact: ",
            "Website by Studio\u{1e}Follow us ",
            "We are on ",
            "Built in 1990. Visit us ",
        ] {
            assert!(!announces(text), "{text:?}");
        }
    }
}
