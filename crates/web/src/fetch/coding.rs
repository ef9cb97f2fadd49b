//! Content codings that the HTTP client underneath has left (RFC 9110, 8.4): it undoes one alone, in lower case.

use std::io::Read;

use bytes::Bytes;
use flate2::bufread::{DeflateDecoder, GzDecoder, ZlibDecoder};
use reqwest::header::{CONTENT_ENCODING, HeaderMap};

/// A coding that can be undone here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    Deflate,
}

/// The names that are registered for codings which are not read. Browsers pass a body through whose coding has any other
/// name: `utf-8`, `binary` and `none` are what servers write.
const UNREAD: [&str; 9] = [
    "aes128gcm",
    "br",
    "compress",
    "dcb",
    "dcz",
    "exi",
    "pack200-gzip",
    "x-compress",
    "zstd",
];

/// Returns the codings of a body, in the order in which they were applied.
///
/// # Errors
///
/// The name of one that cannot be undone.
pub(super) fn codings(headers: &HeaderMap) -> Result<Vec<Coding>, String> {
    let mut codings = Vec::new();
    for value in headers.get_all(CONTENT_ENCODING) {
        for name in String::from_utf8_lossy(value.as_bytes()).split(',') {
            match name.trim().to_ascii_lowercase().as_str() {
                "gzip" | "x-gzip" => codings.push(Coding::Gzip),
                "deflate" => codings.push(Coding::Deflate),
                name if UNREAD.contains(&name) => return Err(name.to_owned()),
                _ => {}
            }
        }
    }
    Ok(codings)
}

/// Why a body was not decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Undecoded {
    Damaged,
    TooLarge,
}

/// Undoes the codings of a body, up to `max` bytes.
pub(super) fn undo(mut body: Bytes, codings: &[Coding], max: usize) -> Result<Bytes, Undecoded> {
    for coding in codings.iter().rev() {
        body = match coding {
            Coding::Gzip => read(GzDecoder::new(&*body), max)?,
            // The coding is zlib's format; some servers leave its frame off, and browsers read that too.
            Coding::Deflate if body.first().is_some_and(|byte| byte & 0x0f == 8) => {
                read(ZlibDecoder::new(&*body), max).or_else(|_| read(DeflateDecoder::new(&*body), max))?
            }
            Coding::Deflate => read(DeflateDecoder::new(&*body), max)?,
        };
    }
    Ok(body)
}

fn read(decoder: impl Read, max: usize) -> Result<Bytes, Undecoded> {
    let mut body = Vec::new();
    let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    let read = decoder.take(limit).read_to_end(&mut body);
    if body.len() > max {
        return Err(Undecoded::TooLarge);
    }
    read.map_err(|_| Undecoded::Damaged)?;
    Ok(body.into())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use reqwest::header::HeaderValue;

    use super::*;

    fn named(name: &str) -> Result<Vec<Coding>, String> {
        let mut headers = HeaderMap::new();
        headers.append(CONTENT_ENCODING, HeaderValue::from_str(name).unwrap());
        codings(&headers)
    }

    #[test]
    fn codings_are_named_in_any_case_and_unregistered_ones_are_none() {
        for name in ["x-gzip", "GZIP", "X-Gzip", "identity, gzip", "gzip,", "utf-8, gzip"] {
            assert_eq!(named(name), Ok(vec![Coding::Gzip]), "{name}");
        }
        for name in ["", "identity", "utf-8", "UTF8", "binary", "none", "8bit", "text/html"] {
            assert_eq!(named(name), Ok(Vec::new()), "{name}");
        }
        assert_eq!(named("deflate, gzip"), Ok(vec![Coding::Deflate, Coding::Gzip]));
        for name in ["compress", "Zstd", "gzip, BR"] {
            assert!(named(name).is_err(), "{name}");
        }
    }

    #[test]
    fn codings_are_undone_in_turn_and_within_the_limit() {
        let text = b"hello hello hello";
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(text).unwrap();
        let gzip = gzip.finish().unwrap();
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(&gzip).unwrap();
        let zlib = zlib.finish().unwrap();
        let mut bare = DeflateEncoder::new(Vec::new(), Compression::fast());
        bare.write_all(text).unwrap();
        let bare = bare.finish().unwrap();
        let undone = |body: &[u8], codings: &[Coding]| undo(Bytes::copy_from_slice(body), codings, 17);
        assert_eq!(undone(&gzip, &[Coding::Gzip]).unwrap(), text[..]);
        assert_eq!(undone(&bare, &[Coding::Deflate]).unwrap(), text[..]);
        assert_eq!(
            undo(zlib.into(), &[Coding::Gzip, Coding::Deflate], 99).unwrap(),
            text[..]
        );
        assert_eq!(undo(gzip.clone().into(), &[Coding::Gzip], 16), Err(Undecoded::TooLarge));
        assert_eq!(undone(&gzip[..12], &[Coding::Gzip]), Err(Undecoded::Damaged));
        assert_eq!(undone(text, &[Coding::Gzip]), Err(Undecoded::Damaged));
        assert_eq!(
            undone(&[&gzip[..], &[0; 40]].concat(), &[Coding::Gzip]).unwrap(),
            text[..]
        );
    }
}
