//! Texts that scripts assemble: `'mailto:' + 'info' + '@' + 'example.com'`. Nothing is run. Only texts, their
//! concatenations, variables that contain them, and the usual encodings are read.

mod token;

use std::collections::HashMap;

use percent_encoding::percent_decode_str;
use token::{MAX_TOKENS, Token, tokens};

use super::decode::{base64, rot13};

/// Maximum size of a script that is read, in bytes; larger ones are libraries.
const MAX_SCRIPT_BYTES: usize = 64 << 10;
/// Maximum length of an assembled text, maximum number of texts, and maximum depth of brackets.
const MAX_TEXT_BYTES: usize = 8 << 10;
const MAX_TEXTS: usize = 200;
const MAX_DEPTH: usize = 8;
const MAX_EVALUATED: usize = 20;

/// Something that a script writes into the page or the address bar.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// A text: markup or a link.
    Text(String),
    /// The arguments of a function for mail.
    Parts(Vec<String>),
}

/// Returns the texts that a script writes, as far as it assembles them from literal texts.
pub(super) fn written(script: &str) -> Vec<Written> {
    if script.len() > MAX_SCRIPT_BYTES {
        return Vec::new();
    }
    let mut reader = Reader {
        tokens: tokens(script),
        ..Reader::default()
    };
    reader.read();
    reader.read_lookup(script);
    reader.written
}

#[derive(Default)]
struct Reader {
    tokens: Vec<Token>,
    variables: HashMap<String, String>,
    lists: HashMap<String, Vec<String>>,
    written: Vec<Written>,
    /// The number of texts that were themselves read as scripts.
    evaluated: usize,
}

impl Reader {
    fn sign(&self, at: usize) -> Option<char> {
        match self.tokens.get(at) {
            Some(Token::Sign(sign)) => Some(*sign),
            _ => None,
        }
    }

    fn name(&self, at: usize) -> Option<&str> {
        match self.tokens.get(at) {
            Some(Token::Name(name)) => Some(name),
            _ => None,
        }
    }

    /// Reads all statements.
    fn read(&mut self) {
        let mut at = 0;
        while at < self.tokens.len() && self.written.len() < MAX_TEXTS {
            at = self.statement(at).max(at + 1);
        }
    }

    /// Reads an assignment, a call or a text. Returns where the next statement begins.
    fn statement(&mut self, at: usize) -> usize {
        if let Some(name) = self.name(at).map(str::to_owned) {
            let (equals, appends) = match (self.sign(at + 1), self.sign(at + 2)) {
                (Some('='), Some('=')) => return at + 1,
                (Some('='), _) => (at + 2, false),
                (Some('+'), Some('=')) => (at + 3, true),
                (Some('('), _) => return self.call(&name, at),
                _ => return at + 1,
            };
            if let Some((list, next)) = self.list(equals) {
                self.lists.insert(name, list);
                return next;
            }
            let Some((value, next, _)) = self.sum(equals, 0) else {
                return at + 1;
            };
            let is_shown = ["innerhtml", "outerhtml", "href", "location"]
                .iter()
                .any(|end| name.to_ascii_lowercase().ends_with(end));
            let slot = self.variables.entry(name).or_default();
            if !appends {
                slot.clear();
            }
            if slot.len() + value.len() <= MAX_TEXT_BYTES {
                slot.push_str(&value);
            }
            let whole = slot.clone();
            self.write(whole, is_shown);
            return next;
        }
        if let Some(Token::Text(_)) = self.tokens.get(at)
            && let Some((value, next, terms)) = self.sum(at, 0)
        {
            if terms > 1 {
                self.write(value, false);
            }
            return next;
        }
        at + 1
    }

    /// Reads `['info', 'example.com']` or `new Array('info', 'example.com')`, unless a method follows.
    fn list(&self, at: usize) -> Option<(Vec<String>, usize)> {
        let (start, end_sign) = if self.sign(at) == Some('[') {
            (at + 1, ']')
        } else if self.name(at) == Some("new") && self.name(at + 1) == Some("Array") {
            (at + 3, ')')
        } else {
            return None;
        };
        let (mut list, mut next) = (Vec::new(), start);
        while self.sign(next) != Some(end_sign) {
            let (value, end, _) = self.sum(next, 0)?;
            list.push(value);
            next = if self.sign(end) == Some(',') { end + 1 } else { end };
        }
        let is_alone = !self.name(next + 1).is_some_and(|name| name.starts_with('.'));
        (is_alone && !list.is_empty()).then_some((list, next + 1))
    }

    /// Reads `parts.join('@')` and `parts[0]` for a list in a variable.
    fn part(&self, name: &str, at: usize) -> Option<(String, usize)> {
        let list = self.lists.get(name)?;
        match (self.tokens.get(at), self.tokens.get(at + 1), self.tokens.get(at + 2)) {
            (Some(Token::Name(method)), Some(Token::Sign('(')), Some(Token::Text(between))) if method == ".join" => {
                Some((list.join(between), at + 4))
            }
            (Some(Token::Sign('[')), Some(Token::Number(index)), Some(Token::Sign(']'))) => {
                Some((list.get(*index as usize)?.clone(), at + 3))
            }
            _ => None,
        }
    }

    /// Reads a call: of a function that writes, that evaluates a script, or that is for mail.
    fn call(&mut self, name: &str, at: usize) -> usize {
        let lower = name.to_ascii_lowercase();
        if lower.ends_with("document.write") || lower.ends_with("document.writeln") {
            if let Some((value, next, _)) = self.sum(at + 2, 0) {
                self.write(value, true);
                return next;
            }
        } else if lower == "eval" {
            if let Some((value, next, _)) = self.sum(at + 2, 0) {
                let inner = tokens(&value);
                self.evaluated += 1;
                if self.evaluated <= MAX_EVALUATED && inner.len() + self.tokens.len() < MAX_TOKENS {
                    self.tokens.splice(next..next, inner);
                }
                return next;
            }
        } else if lower.contains("mail") && !lower.ends_with(".test") {
            let mut parts = Vec::new();
            let mut next = at + 2;
            while let Some((value, end, _)) = self.sum(next, 0) {
                parts.push(value);
                next = end + 1;
                if self.sign(end) != Some(',') || parts.len() == 4 {
                    break;
                }
            }
            if parts.len() > 1 {
                self.written.push(Written::Parts(parts));
                return next;
            }
        }
        at + 1
    }

    /// Records a text that is written, or that is a `mailto:` link, wherever it goes.
    fn write(&mut self, text: String, is_shown: bool) {
        if is_shown || text.contains("mailto:") {
            self.written.push(Written::Text(text));
        }
    }

    /// Reads concatenated texts. Returns the result, its end, and the number of texts.
    fn sum(&self, at: usize, depth: usize) -> Option<(String, usize, usize)> {
        let (mut value, mut next) = self.term(at, depth)?;
        let mut terms = 1;
        while self.sign(next) == Some('+') && self.sign(next + 1) != Some('=') {
            let Some((more, end)) = self.term(next + 1, depth) else {
                break;
            };
            if value.len() + more.len() > MAX_TEXT_BYTES {
                break;
            }
            value.push_str(&more);
            next = end;
            terms += 1;
        }
        Some((value, next, terms))
    }

    fn term(&self, at: usize, depth: usize) -> Option<(String, usize)> {
        if depth > MAX_DEPTH {
            return None;
        }
        let (mut value, mut next) = match self.tokens.get(at)? {
            Token::Text(text) => (text.clone(), at + 1),
            Token::Sign('(') => {
                let (value, end, _) = self.sum(at + 1, depth + 1)?;
                (self.sign(end) == Some(')')).then_some((value, end + 1))?
            }
            Token::Sign('[') => self.joined(at, depth)?,
            Token::Name(name) if self.sign(at + 1) == Some('(') => self.decoded(name, at + 2, depth)?,
            Token::Name(name) => match self.part(name, at + 1) {
                Some(part) => part,
                None => (self.variables.get(name)?.clone(), at + 1),
            },
            _ => return None,
        };
        while let Some((changed, end)) = self.changed(&value, next) {
            (value, next) = (changed, end);
        }
        Some((value, next))
    }

    /// Reads `['info', 'example.com'].join('@')`.
    fn joined(&self, at: usize, depth: usize) -> Option<(String, usize)> {
        let (mut parts, mut next) = (Vec::new(), at + 1);
        while self.sign(next) != Some(']') {
            let (value, end, _) = self.sum(next, depth + 1)?;
            parts.push(value);
            next = if self.sign(end) == Some(',') { end + 1 } else { end };
        }
        match (self.name(next + 1), self.tokens.get(next + 3)) {
            (Some(".join"), Some(Token::Text(between))) => Some((parts.join(between), next + 5)),
            (Some(".reverse"), _) if self.name(next + 4) == Some(".join") => match self.tokens.get(next + 6) {
                Some(Token::Text(between)) => {
                    parts.reverse();
                    Some((parts.join(between), next + 8))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Reads `unescape('%40')`, `String.fromCharCode(64)`, `atob('QA==')`.
    fn decoded(&self, name: &str, at: usize, depth: usize) -> Option<(String, usize)> {
        if name == "String.fromCharCode" {
            let (mut text, mut next) = (String::new(), at);
            while let Some(Token::Number(number)) = self.tokens.get(next) {
                text.push(char::from_u32(*number)?);
                next = if self.sign(next + 1) == Some(',') {
                    next + 2
                } else {
                    next + 1
                };
            }
            return (self.sign(next) == Some(')')).then_some((text, next + 1));
        }
        let (value, end, _) = self.sum(at, depth + 1)?;
        let text = match name.trim_start_matches("window.") {
            "unescape" | "decodeURIComponent" | "decodeURI" => {
                percent_decode_str(&value).decode_utf8_lossy().into_owned()
            }
            "atob" => base64(&value)?,
            "String" => value,
            _ => return None,
        };
        (self.sign(end) == Some(')')).then_some((text, end + 1))
    }

    /// Reads a method that changes a text: a replacement, a rotation of letters by 13, a reversal.
    fn changed(&self, value: &str, at: usize) -> Option<(String, usize)> {
        match self.name(at)? {
            ".replace" => {
                let end = self.closing(at + 1)?;
                let changed = match (self.tokens.get(at + 2)?, self.tokens.get(at + 4)?) {
                    (Token::Text(old), Token::Text(new)) => value.replacen(old.as_str(), new, 1),
                    (Token::Pattern(pattern), Token::Text(new)) => {
                        let old = pattern.replace('\\', "");
                        // A pattern without special characters is a plain text.
                        (!pattern.contains(['*', '+', '|', '^', '$'])).then(|| value.replace(&old, new))?
                    }
                    (Token::Pattern(pattern), _) if pattern.to_ascii_lowercase().contains("a-z") => rot13(value),
                    _ => return None,
                };
                Some((changed, end + 1))
            }
            ".split" if self.name(at + 4) == Some(".reverse") && self.name(at + 7) == Some(".join") => {
                Some((value.chars().rev().collect(), self.closing(at + 8)? + 1))
            }
            _ => None,
        }
    }

    /// Returns the position of the bracket that closes the one at a position.
    fn closing(&self, at: usize) -> Option<usize> {
        let mut open = 0_usize;
        for (index, token) in self.tokens.iter().enumerate().skip(at).take(200) {
            match token {
                Token::Sign('(') => open += 1,
                Token::Sign(')') => {
                    open = open.checked_sub(1)?;
                    if open == 0 {
                        return Some(index);
                    }
                }
                _ => {}
            }
        }
        None
    }

    /// Decodes a text by a table of letters, as in the plugin Email Encoder: `ml.charAt(mi.charCodeAt(j)-48)`.
    fn read_lookup(&mut self, script: &str) {
        let (Some(letters), Some(indices)) = (self.variables.get("ml"), self.variables.get("mi")) else {
            return;
        };
        if !script.contains("charCodeAt(j)-48") {
            return;
        }
        let letters: Vec<char> = letters.chars().collect();
        let decoded: String = indices
            .chars()
            .filter_map(|c| letters.get(u32::from(c).checked_sub(48)? as usize).copied())
            .collect();
        let decoded = percent_decode_str(&decoded).decode_utf8_lossy().into_owned();
        self.write(decoded, true);
    }
}

#[cfg(test)]
mod tests;
