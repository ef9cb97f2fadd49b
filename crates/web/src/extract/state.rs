//! The initial state of scripts: JSON within the page (`__NEXT_DATA__`, `window.__STATE__ = {...}`). In a page that is
//! only a shell, it has the content that will be shown.

use serde_json::Value;

/// Maximum size of a script that is kept, and maximum number of scripts.
const MAX_SCRIPT_BYTES: usize = 512 << 10;
const MAX_SCRIPTS: usize = 10;
/// Maximum number of values that are visited.
const MAX_VALUES: usize = 20_000;
/// Maximum number of texts that are taken.
const MAX_FOUND: usize = 20;

/// Properties of parties other than the site, or of its technology.
const FOREIGN: [&str; 16] = [
    "author",
    "authors",
    "user",
    "users",
    "customer",
    "review",
    "reviews",
    "comment",
    "comments",
    "creator",
    "runtimeconfig",
    "publicruntimeconfig",
    "env",
    "config",
    "build",
    "session",
];

/// The scripts of a page that may contain an initial state.
#[derive(Default)]
pub(super) struct State {
    scripts: Vec<String>,
}

/// The contacts found in them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Declared {
    pub(super) emails: Vec<String>,
    pub(super) telephones: Vec<String>,
}

impl State {
    /// Keeps a script of this media type if it is JSON or may contain it.
    pub(super) fn see_script(&mut self, essence: &str, script: &str) {
        let is_json = essence.eq_ignore_ascii_case("application/json") || essence.ends_with("+json");
        let start = script.get(..script.floor_char_boundary(200)).unwrap_or_default();
        let may_assign = || essence.is_empty() || essence.to_ascii_lowercase().ends_with("javascript");
        let assigns =
            !is_json && may_assign() && (start.contains("window.") || start.contains("__")) && start.contains('=');
        if (is_json || assigns) && script.len() <= MAX_SCRIPT_BYTES && self.scripts.len() < MAX_SCRIPTS {
            self.scripts.push(script.to_owned());
        }
    }

    /// Returns the contacts that the scripts declare.
    pub(super) fn read(&self) -> Declared {
        let mut declared = Declared::default();
        let mut left = MAX_VALUES;
        for script in &self.scripts {
            if let Some(value) = json(script) {
                visit(&value, &mut declared, &mut left);
            }
        }
        declared
    }
}

/// Reads the JSON that a script consists of, or that it assigns first.
fn json(script: &str) -> Option<Value> {
    let script = script.trim();
    if let Ok(value) = serde_json::from_str(script) {
        return Some(value);
    }
    let (_, assigned) = script.split_once('=')?;
    let assigned = assigned.trim_start();
    if let Some(text) = assigned.strip_prefix("JSON.parse(") {
        let text: String = serde_json::Deserializer::from_str(text).into_iter().next()?.ok()?;
        return serde_json::from_str(&text).ok();
    }
    serde_json::Deserializer::from_str(assigned).into_iter().next()?.ok()
}

fn visit(value: &Value, declared: &mut Declared, left: &mut usize) {
    match value {
        _ if *left == 0 => {}
        Value::Array(values) => values.iter().for_each(|value| visit(value, declared, left)),
        Value::Object(object) => {
            for (key, value) in object {
                *left = left.saturating_sub(1);
                let key = key.to_ascii_lowercase();
                if FOREIGN.contains(&key.as_str()) {
                    continue;
                }
                match value {
                    Value::String(text) => take(&key, text, declared),
                    value => visit(value, declared, left),
                }
            }
        }
        _ => {}
    }
}

fn take(key: &str, text: &str, declared: &mut Declared) {
    let list = if matches!(
        key,
        "email" | "e-mail" | "mail" | "emailaddress" | "email_address" | "contactemail" | "contact_email"
    ) {
        &mut declared.emails
    } else if matches!(
        key,
        "telephone" | "phone" | "phonenumber" | "phone_number" | "tel" | "contactphone" | "contact_phone"
    ) {
        &mut declared.telephones
    } else {
        return;
    };
    if list.len() < MAX_FOUND && !list.iter().any(|known| known == text) {
        list.push(text.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_initial_state_of_scripts_is_read() {
        for (essence, script) in [
            (
                "application/json",
                r#"{"props": {"shop": {"email": "a@shop.test", "phone": "+49 30 1"}}}"#,
            ),
            (
                "",
                r#"window.__STATE__ = {"email": "a@shop.test", "x": [{"telephone": "+49 30 1"}]}; start();"#,
            ),
            (
                "text/javascript",
                r#"window.__DATA__=JSON.parse("{\"email\": \"a@shop.test\", \"tel\": \"+49 30 1\"}")"#,
            ),
        ] {
            let mut state = State::default();
            state.see_script(essence, script);
            let declared = state.read();
            assert_eq!(declared.emails, ["a@shop.test"], "{script}");
            assert_eq!(declared.telephones, ["+49 30 1"], "{script}");
        }
        for script in [
            r#"{"author": {"email": "a@shop.test"}}"#,
            r#"{"email": 1}"#,
            "var email = 'a@shop.test'",
            "{",
            &"[".repeat(100_000),
        ] {
            let mut state = State::default();
            state.see_script("application/json", script);
            assert_eq!(state.read(), Declared::default());
        }
    }
}
