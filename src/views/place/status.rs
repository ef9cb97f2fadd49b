//! The curation status of a place, in the words of the v1 contract.

use database::models::enums::CurationStatus;

/// The words of a place's curation status in the API.
pub const STATUS_WORDS: &str = "new, selected, maybe, not_a_fit, archived";

/// Returns v1's word for a curation status.
#[must_use]
pub const fn status_word(status: CurationStatus) -> &'static str {
    match status {
        CurationStatus::New => "new",
        CurationStatus::Selected => "selected",
        CurationStatus::Maybe => "maybe",
        CurationStatus::NotAFit => "not_a_fit",
        CurationStatus::Archived => "archived",
    }
}

/// Reads a status in v1's spelling or the database's, in any case; `None` if the word is neither.
#[must_use]
pub fn read_status(text: &str) -> Option<CurationStatus> {
    let word = text.trim().to_lowercase().replace([' ', '-'], "_");
    CurationStatus::ALL
        .iter()
        .copied()
        .find(|status| status_word(*status) == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_a_status_are_read() {
        for status in CurationStatus::ALL {
            assert_eq!(read_status(status.label()), Some(*status));
            assert_eq!(read_status(status_word(*status)), Some(*status));
            assert!(STATUS_WORDS.contains(status_word(*status)));
        }
        assert_eq!(read_status("done"), None);
    }
}
