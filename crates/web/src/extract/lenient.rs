//! Lenient parsing of JSON as sites write it: wrapped, with comments or superfluous commas.

use serde_json::Value;

/// Maximum number of values per script.
const MAX_VALUES: usize = 100;

/// Parses the values of a script. Wrappers of old XHTML, comments, byte order marks, superfluous commas and semicolons,
/// and raw line ends within texts are accepted; several values may follow each other. Parsing ends at any other damage.
pub(super) fn read(script: &str) -> Vec<Value> {
    if let Ok(value) = serde_json::from_str(script.trim()) {
        return vec![value];
    }
    let values = values(&strict(script));
    if values.is_empty() && script.contains("&quot;") {
        // A template may have escaped the script.
        let unescaped = script.replace("&quot;", "\"").replace("&amp;", "&");
        return self::values(&strict(&unescaped));
    }
    values
}

fn values(text: &str) -> Vec<Value> {
    let values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    values.map_while(Result::ok).take(MAX_VALUES).collect()
}

/// Texts around data that are not part of it.
const WRAPPERS: [&str; 6] = ["<![CDATA[", "]]>", "<!--", "-->", "\u{feff}", "\u{a0}"];

/// Rewrites a script as strict JSON, as far as its meaning is clear.
fn strict(script: &str) -> String {
    let mut out = String::with_capacity(script.len());
    let mut rest = script;
    let mut depth = 0_usize;
    // A comma that is written only if another value follows.
    let mut has_comma = false;
    while let Some(char) = rest.chars().next() {
        if let Some(behind) = WRAPPERS.iter().find_map(|wrapper| rest.strip_prefix(wrapper)) {
            rest = behind;
            continue;
        }
        if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, behind)| behind);
            continue;
        }
        if let Some(comment) = rest.strip_prefix("//") {
            rest = comment
                .find(['\n', '\r'])
                .and_then(|end| comment.get(end..))
                .unwrap_or_default();
            continue;
        }
        let behind = rest.get(char.len_utf8()..).unwrap_or_default();
        match char {
            ',' => has_comma = depth > 0 && !out.ends_with(['[', '{']),
            ';' => {}
            char if char.is_whitespace() || char.is_control() => out.push(' '),
            '}' | ']' => {
                has_comma = false;
                depth = depth.saturating_sub(1);
                out.push(char);
            }
            char => {
                if std::mem::take(&mut has_comma) {
                    out.push(',');
                }
                depth += usize::from(matches!(char, '{' | '['));
                if char == '"' {
                    rest = text(behind, &mut out);
                    continue;
                }
                out.push(char);
            }
        }
        rest = behind;
    }
    out
}

/// Writes a text whose opening quote was consumed, and returns the rest of the script.
fn text<'t>(mut rest: &'t str, out: &mut String) -> &'t str {
    out.push('"');
    loop {
        let Some(at) = rest.find(|char: char| matches!(char, '"' | '\\') || char.is_control()) else {
            out.push_str(rest);
            return "";
        };
        out.push_str(rest.get(..at).unwrap_or_default());
        let mut chars = rest.get(at..).unwrap_or_default().chars();
        match chars.next() {
            Some('"') => {
                out.push('"');
                return chars.as_str();
            }
            Some('\\') => match chars.next() {
                Some(escaped @ ('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't' | 'u')) => out.extend(['\\', escaped]),
                // JavaScript has escapes that JSON does not.
                Some(other) if !other.is_control() => out.push(other),
                _ => out.push(' '),
            },
            _ => out.push(' '),
        }
        rest = chars.as_str();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn declared_data_is_read_whatever_surrounds_it() {
        let whole = json!({"a": "b", "c": [1, 2]});
        for script in [
            r#"{"a": "b", "c": [1, 2]}"#,
            "\u{feff}{\"a\": \"b\", \"c\": [1, 2]}",
            "// <![CDATA[\n{\"a\": \"b\", \"c\": [1, 2]}\n// ]]>",
            "/*<![CDATA[*/{\"a\": \"b\", \"c\": [1, 2]}/*]]>*/",
            "<![CDATA[{\"a\": \"b\", \"c\": [1, 2]}]]>",
            "<!--\n{\"a\": \"b\", \"c\": [1, 2]}\n//-->",
            "/* by \"a plugin\" */ {\"a\": \"b\", // one\n \"c\": [1, 2]} /* end */",
            r#"{"a": "b", "c": [1, 2,],}"#,
            r#"{"a": "b",, "c": [1,,2]};"#,
            "{&quot;a&quot;: &quot;b&quot;, &quot;c&quot;: [1, 2]}",
        ] {
            assert_eq!(read(script), std::slice::from_ref(&whole), "{script}");
        }
    }

    #[test]
    fn texts_are_not_changed() {
        for (script, expected) in [
            (r#"{"a": "http://b.test/c,]",}"#, "http://b.test/c,]"),
            (r#"{"a": "/* b */ // c",}"#, "/* b */ // c"),
            (r#"{"a": "b\"c\\",}"#, "b\"c\\"),
            (r#"{"a": "b\'c",}"#, "b'c"),
            ("{\"a\": \"b\nc\"}", "b c"),
            (r#"{"a": "<!-- b -->",}"#, "<!-- b -->"),
        ] {
            assert_eq!(read(script), [json!({"a": expected})], "{script}");
        }
    }

    #[test]
    fn several_values_follow_each_other() {
        for script in [
            r#"{"a": 1}{"b": 2}"#,
            r#"{"a": 1},{"b": 2},"#,
            "{\"a\": 1};\n{\"b\": 2};",
            r#"{"a": 1}{"b": 2}}"#,
        ] {
            assert_eq!(read(script), [json!({"a": 1}), json!({"b": 2})], "{script}");
        }
    }

    #[test]
    fn damaged_data_is_not_guessed() {
        for script in [
            "",
            "{",
            "{\"a\": ",
            "{a: 1}",
            "{'a': 1}",
            "{\"a\" \"b\"}",
            "/*",
            "//",
            "\"",
            "{\"a\": \"b",
            &"[".repeat(100_000),
        ] {
            assert!(read(script).is_empty(), "{script:.40}");
        }
    }
}
