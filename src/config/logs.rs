//! Settings of the log.

/// How log events are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// A line of text for each event.
    #[default]
    Text,
    /// A JSON object on a line for each event.
    Json,
}

impl LogFormat {
    /// Returns the format of a word; `None` if there is no such format.
    pub(super) fn read(word: &str) -> Option<Self> {
        match word {
            "text" => Some(Self::Text),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LogFormat;
    use crate::config::reader::read_from;

    #[test]
    fn a_format_is_one_of_two_words() {
        let read = |value| {
            read_from(&[("SCRAPERSKY_LOG_FORMAT", value)], |settings| {
                settings.parsed("SCRAPERSKY_LOG_FORMAT", "`text` or `json`", LogFormat::read)
            })
        };
        assert_eq!(read("json"), Ok(Some(LogFormat::Json)));
        let error = read("xml").unwrap_err();
        assert!(error.contains("is \"xml\": it must be `text` or `json`"), "{error}");
    }
}
