//! Decoding of files that spreadsheets save.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// The number of bytes used for guessing.
const GUESSED_FROM: usize = 64 * 1024;

/// Decodes a file. This never fails.
///
/// The encoding is that of the byte order mark; or UTF-16 if every second byte is zero; or UTF-8 if the bytes are
/// valid; or the declared one. Otherwise it is windows-1252, which western spreadsheets use, unless most letters are
/// beyond ASCII, which is the case in no western language: then the encoding is guessed. A single line in UTF-8 was
/// probably pasted in, and is decoded as UTF-8.
pub(super) fn decode<'a>(file: &'a [u8], charset: Option<&str>) -> Cow<'a, str> {
    if let Some((encoding, length)) = Encoding::for_bom(file) {
        let body = file.get(length..).unwrap_or_default();
        return without_bom_handling(encoding, body);
    }
    if let Some(encoding) = utf16(file) {
        return without_bom_handling(encoding, file);
    }
    if let Ok(text) = std::str::from_utf8(file) {
        return Cow::Borrowed(text);
    }
    let declared = charset.and_then(|label| Encoding::for_label(label.trim().as_bytes()));
    let encoding = match declared {
        // The bytes are not UTF-8, whatever is declared.
        Some(encoding) if encoding != UTF_8 && encoding != UTF_16LE && encoding != UTF_16BE => encoding,
        _ => guess(file),
    };
    if encoding == WINDOWS_1252 {
        return Cow::Owned(western(file));
    }
    without_bom_handling(encoding, file)
}

fn western(file: &[u8]) -> String {
    let lines = file.split_inclusive(|byte| *byte == b'\n');
    lines
        .map(|line| match std::str::from_utf8(line) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => without_bom_handling(WINDOWS_1252, line),
        })
        .collect()
}

fn without_bom_handling<'a>(encoding: &'static Encoding, body: &'a [u8]) -> Cow<'a, str> {
    encoding.decode_without_bom_handling(body).0
}

/// Returns the byte order of UTF-16 without a mark, in which nearly every second byte is zero.
fn utf16(file: &[u8]) -> Option<&'static Encoding> {
    let start = file.get(..GUESSED_FROM).unwrap_or(file);
    let pairs = start.chunks_exact(2);
    let (mut high, mut low, mut all) = (0, 0, 0);
    for pair in pairs {
        all += 1;
        high += usize::from(pair.first() == Some(&0));
        low += usize::from(pair.last() == Some(&0));
    }
    let is_most = |count: usize| all >= 4 && count * 10 >= all * 7;
    match (is_most(high), is_most(low)) {
        (true, false) => Some(UTF_16BE),
        (false, true) => Some(UTF_16LE),
        _ => None,
    }
}

fn guess(file: &[u8]) -> &'static Encoding {
    let start = file.get(..GUESSED_FROM).unwrap_or(file);
    let foreign = start.iter().filter(|byte| !byte.is_ascii()).count();
    let ascii = start.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    if foreign <= ascii {
        return WINDOWS_1252;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(start, start.len() == file.len());
    detector.guess(None, Utf8Detection::Deny)
}
