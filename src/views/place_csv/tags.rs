//! Labels of a place in a CSV cell.

use serde_json::Value;

use crate::views::csv::LIST_SEPARATOR;

/// Writes labels as plain text joined by `; `, or as a JSON list if that text would be read as different labels.
#[must_use]
pub fn write(tags: &[String]) -> String {
    let plain = tags.join(LIST_SEPARATOR);
    if read(&plain).as_deref() == Ok(tags) && !plain.is_empty() {
        plain
    } else {
        Value::from(tags).to_string()
    }
}

/// Reads labels: texts separated by semicolons, or a JSON list.
///
/// # Errors
///
/// Returns a description of the problem if the JSON is not a list of texts.
pub fn read(text: &str) -> Result<Vec<String>, String> {
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(text).map_err(|error| format!("tags are not a list of texts: {error}"));
    }
    Ok(text
        .split(';')
        .map(str::trim)
        .filter(|tag| !tag.is_empty())
        .map(str::to_owned)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_plain_text_and_come_back() {
        for (tags, written) in [
            (&["warm"][..], "warm"),
            (&["warm", "call, soon", "\"q\""], "warm; call, soon; \"q\""),
            (&["a;b", "c"], "[\"a;b\",\"c\"]"),
            (&[" a"], "[\" a\"]"),
            (&["[x]"], "[\"[x]\"]"),
            (&[""], "[\"\"]"),
            (&[], "[]"),
        ] {
            let tags: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
            assert_eq!(write(&tags), written);
            assert_eq!(read(written).unwrap(), tags);
        }
        assert_eq!(read(" cold ;; warm;").unwrap(), ["cold", "warm"]);
        assert!(read("[1]").unwrap_err().contains("not a list of texts"));
    }
}
