//! The tokens of a script: texts, names, numbers and signs.

pub(super) const MAX_TOKENS: usize = 20_000;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Text(String),
    Name(String),
    Number(u32),
    /// A regular expression, without its slashes.
    Pattern(String),
    Sign(char),
}

/// Splits a script into tokens.
pub(super) fn tokens(script: &str) -> Vec<Token> {
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
            // A slash at the beginning of a value begins a pattern.
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

/// Separates a variable's name from the method after it: `a.replace` becomes `a` and `.replace`.
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

/// Reads a quoted text with its escapes. Returns the text and its end.
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
    // A quote that is not closed contains no usable text.
    (String::new(), quote.len_utf8())
}
