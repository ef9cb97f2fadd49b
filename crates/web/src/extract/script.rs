//! What scripts put together from texts: `'mailto:' + 'info' + '@' + 'example.com'`. Nothing is run; only texts, their
//! sums, variables that hold them, and the usual ways to write one in code are read.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;

use super::decode::{base64, rot13};

/// The longest script that is read: longer ones are libraries.
const MAX_SCRIPT_BYTES: usize = 64 << 10;
const MAX_TOKENS: usize = 20_000;
/// The longest text that is put together, how many of them, and how deep brackets go.
const MAX_TEXT_BYTES: usize = 8 << 10;
const MAX_TEXTS: usize = 200;
const MAX_DEPTH: usize = 8;

/// Something that a script writes into the page or the address bar.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// A text: markup or a link.
    Text(String),
    /// The parts that a function for mail is called with.
    Parts(Vec<String>),
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Text(String),
    Name(String),
    Number(u32),
    /// A regular expression, without its slashes.
    Pattern(String),
    Sign(char),
}

/// Returns what a script writes, as far as it is put together from texts.
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
    written: Vec<Written>,
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

    /// Reads an assignment, a call or a text; returns where the next begins.
    fn statement(&mut self, at: usize) -> usize {
        if let Some(name) = self.name(at).map(str::to_owned) {
            let (equals, appends) = match (self.sign(at + 1), self.sign(at + 2)) {
                (Some('='), Some('=')) => return at + 1,
                (Some('='), _) => (at + 2, false),
                (Some('+'), Some('=')) => (at + 3, true),
                (Some('('), _) => return self.call(&name, at),
                _ => return at + 1,
            };
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

    /// Reads a call: what is written, what is run again, and what goes to a function for mail.
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
                if inner.len() + self.tokens.len() < MAX_TOKENS {
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

    /// Notes a text that is written, or that is a link for mail wherever it goes.
    fn write(&mut self, text: String, is_shown: bool) {
        if is_shown || text.contains("mailto:") {
            self.written.push(Written::Text(text));
        }
    }

    /// Reads texts that are added; returns their sum, where it ends, and how many they are.
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
            Token::Name(name) => (self.variable(name)?, at + 1),
            _ => return None,
        };
        while let Some((changed, end)) = self.changed(&value, next) {
            (value, next) = (changed, end);
        }
        Some((value, next))
    }

    /// Returns what a variable holds; behind the name of one may stand a method.
    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
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

    /// Reads a method that changes a text: a replacement, the turning around of all Latin letters by 13, the reverse.
    fn changed(&self, value: &str, at: usize) -> Option<(String, usize)> {
        match self.name(at)? {
            ".replace" => {
                let end = self.closing(at + 1)?;
                let changed = match (self.tokens.get(at + 2)?, self.tokens.get(at + 4)?) {
                    (Token::Text(old), Token::Text(new)) => value.replacen(old.as_str(), new, 1),
                    (Token::Pattern(pattern), Token::Text(new)) => {
                        let old = pattern.replace('\\', "");
                        // A plain text as a pattern.
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

    /// Returns where the bracket closes that opens at a position.
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

    /// Decodes a text by a table of letters, as the plugin Email Encoder does: `ml.charAt(mi.charCodeAt(j)-48)`.
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

/// Splits a script into texts, names, numbers and signs.
fn tokens(script: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = script;
    while let Some(first) = rest.chars().next()
        && tokens.len() < MAX_TOKENS
    {
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '.');
        let mut length = first.len_utf8();
        match first {
            '\'' | '"' | '`' => {
                let (text, end) = quoted(rest, first);
                tokens.push(Token::Text(text));
                length = end;
            }
            '/' if rest.starts_with("//") => length = rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => length = rest.find("*/").map_or(rest.len(), |end| end + 2),
            // Where a value begins, a slash begins a pattern.
            '/' if matches!(tokens.last(), Some(Token::Sign('(' | ',' | '='))) => {
                let (pattern, end) = quoted(rest, '/');
                let flags = rest.get(end..).unwrap_or_default();
                length = end + flags.bytes().take_while(u8::is_ascii_alphabetic).count();
                tokens.push(Token::Pattern(pattern));
            }
            c if c.is_ascii_digit() => {
                length = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
                let number = rest.get(..length).unwrap_or_default();
                let value = match number.strip_prefix("0x") {
                    Some(hex) => u32::from_str_radix(hex, 16),
                    None => number.parse(),
                };
                tokens.push(value.map_or(Token::Sign('0'), Token::Number));
            }
            c if is_name(c) => {
                length = rest.find(|c: char| !is_name(c)).unwrap_or(rest.len());
                tokens.push(Token::Name(rest.get(..length).unwrap_or_default().to_owned()));
            }
            c if c.is_whitespace() => {}
            sign => tokens.push(Token::Sign(sign)),
        }
        rest = rest.get(length.max(1)..).unwrap_or_default();
    }
    split_methods(tokens)
}

/// Parts a variable's name from the method behind it: `a.replace` is `a` and `.replace`.
fn split_methods(tokens: Vec<Token>) -> Vec<Token> {
    const METHODS: [&str; 4] = [".replace", ".split", ".reverse", ".join"];
    let mut parted = Vec::with_capacity(tokens.len());
    for token in tokens {
        match token {
            Token::Name(name) => match METHODS
                .iter()
                .find_map(|method| Some((name.strip_suffix(method)?, *method)))
            {
                Some((variable, method)) if !variable.is_empty() => {
                    parted.push(Token::Name(variable.to_owned()));
                    parted.push(Token::Name(method.to_owned()));
                }
                _ => parted.push(Token::Name(name)),
            },
            other => parted.push(other),
        }
    }
    parted
}

/// Reads a quoted text with its escapes; returns it and where it ends.
fn quoted(script: &str, quote: char) -> (String, usize) {
    let mut text = String::new();
    let mut chars = script.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            c if c == quote => return (text, at + c.len_utf8()),
            '\\' if quote == '/' => text.push(c),
            '\\' => match chars.next() {
                Some((_, 'n' | 'r' | 't')) => text.push(' '),
                Some((at, kind @ ('x' | 'u'))) => {
                    let count = if kind == 'x' { 2 } else { 4 };
                    let code = script
                        .get(at + 1..at + 1 + count)
                        .and_then(|hex| u32::from_str_radix(hex, 16).ok());
                    if let Some(letter) = code.and_then(char::from_u32) {
                        text.push(letter);
                        chars.nth(count - 1);
                    }
                }
                Some((_, other)) => text.push(other),
                None => break,
            },
            '\n' if quote != '`' => break,
            c => text.push(c),
        }
    }
    // A quote that is not closed: nothing of it is believed.
    (String::new(), quote.len_utf8())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(script: &str) -> Vec<String> {
        let texts = written(script).into_iter().filter_map(|written| match written {
            Written::Text(text) => Some(text),
            Written::Parts(_) => None,
        });
        texts.collect()
    }

    #[test]
    fn texts_that_are_put_together_are_read() {
        for (script, expected) in [
            ("document.write('a' + \"b\" + 'c')", "abc"),
            ("location.href='mailto:'+'x'+'@'+'y.de'", "mailto:x@y.de"),
            ("var a = 'x'; a = a + '@'; a += 'y.de'; document.write(a);", "x@y.de"),
            ("document.getElementById('c').innerHTML += 'x' + a", "x"),
            ("document.write(unescape('%78%40y.de'))", "x@y.de"),
            ("document.write(String.fromCharCode(120, 64, 0x79))", "x@y"),
            ("document.write(atob('eEB5LmRl'))", "x@y.de"),
            (
                "document.write('k@l.qr'.replace(/[a-zA-Z]/g, function(c){return f((c<=\"Z\"?90:122))}))",
                "x@y.de",
            ),
            ("document.write(['x','y.de'].join('@'))", "x@y.de"),
            ("document.write('ed.y@x'.split('').reverse().join(''))", "x@y.de"),
            ("document.write('x#y.de'.replace('#', '@'))", "x@y.de"),
            ("eval(unescape('document.write(%27x@y.de%27)'))", "x@y.de"),
            ("document.write('\\x78\\u0040y.de')", "x@y.de"),
            ("// 'it is\ndocument.write('x')", "x"),
        ] {
            assert!(
                texts(script).iter().any(|text| text == expected),
                "{script}: {:?}",
                texts(script)
            );
        }
        assert_eq!(
            written("mailTo('x', 'y.de')"),
            [Written::Parts(vec!["x".to_owned(), "y.de".to_owned()])]
        );
    }

    #[test]
    fn a_text_alone_is_not_written() {
        for script in [
            "var a = 'x@y.de'",
            "f('x@y.de')",
            "{\"mail\": \"x@y.de\"}",
            "if (a == 'x@y.de') b()",
            "'",
        ] {
            assert_eq!(written(script), [], "{script}");
        }
    }

    #[test]
    fn any_script_ends_in_time() {
        for unit in [
            "(",
            "'a'+",
            "a='a'+a;",
            "[",
            "eval('",
            "/",
            "\\",
            "a.replace(",
            "'a'.replace('a','aa')+",
            "mail('a',",
        ] {
            let _ = written(&unit.repeat(MAX_SCRIPT_BYTES / unit.len()));
        }
    }
}
