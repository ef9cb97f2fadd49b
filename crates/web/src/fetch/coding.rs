//! Content codings (RFC 9110, 8.4), undone piece by piece as a body comes.

use std::io::{self, Write};

use brotli::DecompressorWriter;
use flate2::write::GzDecoder;
use flate2::{Decompress, FlushDecompress, Status};
use reqwest::header::{CONTENT_ENCODING, HeaderMap};

/// The codings that requests offer: not `deflate`, under which servers send two formats.
pub(super) const ACCEPTED: &str = "gzip, br";

/// A coding that can be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    Deflate,
    Brotli,
}

/// The names that are registered for codings which are not read. Browsers pass a body through whose coding has any other
/// name: `utf-8`, `binary` and `none` are what servers write.
const UNREAD: [&str; 8] = [
    "aes128gcm",
    "compress",
    "dcb",
    "dcz",
    "exi",
    "pack200-gzip",
    "x-compress",
    "zstd",
];

/// Codings of one body that are undone; more are an attack.
const MAX_CODINGS: usize = 4;

/// The size of the decoders' steps.
const STEP: usize = 16 * 1024;

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
                name if codings.len() >= MAX_CODINGS && !name.is_empty() => return Err("of many layers".to_owned()),
                "gzip" | "x-gzip" => codings.push(Coding::Gzip),
                "deflate" => codings.push(Coding::Deflate),
                "br" => codings.push(Coding::Brotli),
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

/// Undoes the codings of one body.
pub(super) struct Decoder {
    /// In the order in which they are undone.
    stages: Vec<Stage>,
    room: usize,
    is_empty: bool,
}

impl Decoder {
    /// Creates a decoder for a body with these codings that passes at most `max` bytes on.
    pub(super) fn new(codings: &[Coding], max: usize) -> Self {
        let stage = |coding: &Coding| match coding {
            Coding::Gzip => Stage::Gzip(GzDecoder::new(Room::default())),
            Coding::Deflate => Stage::Deflate(Deflate::default()),
            Coding::Brotli => Stage::Brotli(Box::new(DecompressorWriter::new(Room::default(), STEP))),
        };
        Self {
            stages: codings.iter().rev().map(stage).collect(),
            room: max,
            is_empty: true,
        }
    }

    /// Appends what the next piece of the body says to `out`.
    ///
    /// # Errors
    ///
    /// [`Undecoded`]; what came before it, and as much as is allowed, is appended.
    pub(super) fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<(), Undecoded> {
        self.is_empty &= piece.is_empty();
        self.pass(0, piece, out)
    }

    /// Appends what is left at the end of the body.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push): also if the body ends too early.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Undecoded> {
        // Servers name a coding for a body that is not there.
        if self.is_empty {
            return Ok(());
        }
        for index in 0..self.stages.len() {
            let Some(stage) = self.stages.get_mut(index) else { break };
            let (piece, ended) = stage.finish(self.room);
            self.pass(index + 1, &piece, out)?;
            ended?;
        }
        Ok(())
    }

    /// Passes a piece on to the stage of this index, and from it to the next ones.
    fn pass(&mut self, index: usize, piece: &[u8], out: &mut Vec<u8>) -> Result<(), Undecoded> {
        let Some(stage) = self.stages.get_mut(index) else {
            let taken = piece.get(..self.room).unwrap_or(piece);
            out.extend_from_slice(taken);
            self.room -= taken.len();
            return if taken.len() < piece.len() {
                Err(Undecoded::TooLarge)
            } else {
                Ok(())
            };
        };
        let (decoded, result) = stage.push(piece, self.room);
        self.pass(index + 1, &decoded, out)?;
        result
    }
}

/// One coding under way.
enum Stage {
    Gzip(GzDecoder<Room>),
    Deflate(Deflate),
    Brotli(Box<DecompressorWriter<Room>>),
}

impl Stage {
    /// Decodes a piece, into at most `room` bytes and one more.
    fn push(&mut self, piece: &[u8], room: usize) -> (Vec<u8>, Result<(), Undecoded>) {
        match self {
            Self::Gzip(decoder) => {
                decoder.get_mut().set(room);
                let written = write(decoder, piece);
                decoder.get_mut().take(written)
            }
            Self::Deflate(decoder) => decoder.push(piece, room),
            Self::Brotli(decoder) => {
                decoder.get_mut().set(room);
                let written = write(decoder, piece);
                decoder.get_mut().take(written)
            }
        }
    }

    /// Ends the body, and returns what was still on its way.
    fn finish(&mut self, room: usize) -> (Vec<u8>, Result<(), Undecoded>) {
        match self {
            Self::Gzip(decoder) => {
                decoder.get_mut().set(room);
                let ended = decoder.try_finish();
                decoder.get_mut().take(ended)
            }
            Self::Deflate(decoder) => (Vec::new(), decoder.finish()),
            Self::Brotli(decoder) => {
                decoder.get_mut().set(room);
                let ended = decoder.close();
                decoder.get_mut().take(ended)
            }
        }
    }
}

/// Writes a piece to a decoder. One that has met its end takes no more: what follows is no part of the body.
fn write(decoder: &mut impl Write, mut piece: &[u8]) -> io::Result<()> {
    while !piece.is_empty() {
        match decoder.write(piece)? {
            0 => break,
            taken => piece = piece.get(taken..).unwrap_or_default(),
        }
    }
    Ok(())
}

/// What a decoder writes into: as much as is allowed.
#[derive(Default)]
struct Room {
    out: Vec<u8>,
    left: usize,
    is_exceeded: bool,
}

impl Room {
    fn set(&mut self, room: usize) {
        // One more, by which the next stage finds that it is too much.
        self.left = room.saturating_add(1);
    }

    fn take(&mut self, written: io::Result<()>) -> (Vec<u8>, Result<(), Undecoded>) {
        let result = match written {
            _ if self.is_exceeded => Err(Undecoded::TooLarge),
            Err(_) => Err(Undecoded::Damaged),
            Ok(()) => Ok(()),
        };
        (std::mem::take(&mut self.out), result)
    }
}

impl Write for Room {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let taken = piece.get(..self.left).unwrap_or(piece);
        self.out.extend_from_slice(taken);
        self.left -= taken.len();
        if taken.len() < piece.len() {
            self.is_exceeded = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The coding `deflate`: zlib's format, whose frame some servers leave off.
#[derive(Default)]
struct Deflate {
    /// The first bytes, as long as they do not tell which it is.
    start: Vec<u8>,
    decoder: Option<Decompress>,
    is_ended: bool,
}

impl Deflate {
    fn push(&mut self, piece: &[u8], room: usize) -> (Vec<u8>, Result<(), Undecoded>) {
        let Some(decoder) = &mut self.decoder else {
            self.start.extend_from_slice(piece);
            let [method, flags, ..] = *self.start.as_slice() else {
                return (Vec::new(), Ok(()));
            };
            let has_frame = method & 0x0f == 8 && u16::from_be_bytes([method, flags]).is_multiple_of(31);
            self.decoder = Some(Decompress::new(has_frame));
            let start = std::mem::take(&mut self.start);
            return self.push(&start, room);
        };
        let mut out = Vec::new();
        let mut rest = piece;
        while !self.is_ended {
            let (taken, had) = (decoder.total_in(), out.len());
            out.reserve(STEP);
            let Ok(status) = decoder.decompress_vec(rest, &mut out, FlushDecompress::None) else {
                return (out, Err(Undecoded::Damaged));
            };
            if out.len() > room {
                return (out, Err(Undecoded::TooLarge));
            }
            let taken = usize::try_from(decoder.total_in() - taken).unwrap_or(usize::MAX);
            rest = rest.get(taken..).unwrap_or_default();
            self.is_ended = status == Status::StreamEnd;
            if taken == 0 && out.len() == had {
                break;
            }
        }
        (out, Ok(()))
    }

    fn finish(&self) -> Result<(), Undecoded> {
        if self.is_ended { Ok(()) } else { Err(Undecoded::Damaged) }
    }
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
        assert_eq!(named("gzip, BR"), Ok(vec![Coding::Gzip, Coding::Brotli]));
        for name in ["compress", "Zstd", "gzip,gzip,gzip,gzip,gzip"] {
            assert!(named(name).is_err(), "{name}");
        }
    }

    /// Undoes codings of a body that comes in pieces of this size.
    fn undo_in(size: usize, body: &[u8], codings: &[Coding], max: usize) -> Result<Vec<u8>, Undecoded> {
        let mut decoder = Decoder::new(codings, max);
        let mut out = Vec::new();
        for piece in body.chunks(size) {
            decoder.push(piece, &mut out)?;
        }
        decoder.finish(&mut out)?;
        Ok(out)
    }

    fn undo(body: &[u8], codings: &[Coding], max: usize) -> Result<Vec<u8>, Undecoded> {
        let whole = undo_in(body.len().max(1), body, codings, max);
        assert_eq!(undo_in(1, body, codings, max), whole);
        whole
    }

    #[test]
    fn a_bomb_is_not_unpacked() {
        let zeros = vec![0; 64 * 1024 * 1024];
        let mut bomb = Vec::new();
        let mut writer = brotli::CompressorWriter::new(&mut bomb, 4096, 5, 22);
        writer.write_all(&zeros).unwrap();
        drop(writer);
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(&zeros).unwrap();
        for (body, coding) in [(bomb, Coding::Brotli), (gzip.finish().unwrap(), Coding::Gzip)] {
            let mut decoder = Decoder::new(&[coding], 1000);
            let mut out = Vec::new();
            assert_eq!(decoder.push(&body, &mut out), Err(Undecoded::TooLarge));
            assert_eq!((out.len(), out.capacity() < 100_000), (1000, true), "{coding:?}");
        }
    }

    #[test]
    fn codings_are_undone_in_turn_and_within_the_limit() {
        let text = b"hello hello hello";
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(text).unwrap();
        let gzip = gzip.finish().unwrap();
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::best());
        zlib.write_all(&gzip).unwrap();
        let zlib = zlib.finish().unwrap();
        let mut bare = DeflateEncoder::new(Vec::new(), Compression::best());
        bare.write_all(text).unwrap();
        let bare = bare.finish().unwrap();
        let undone = |body: &[u8], codings: &[Coding]| undo(body, codings, 17);
        assert_eq!(undone(&gzip, &[Coding::Gzip]).unwrap(), text[..]);
        assert_eq!(undone(&bare, &[Coding::Deflate]).unwrap(), text[..]);
        assert_eq!(undo(&zlib, &[Coding::Gzip, Coding::Deflate], 99).unwrap(), text[..]);
        assert_eq!(undo(&gzip, &[Coding::Gzip], 16), Err(Undecoded::TooLarge));
        assert_eq!(undone(&gzip[..12], &[Coding::Gzip]), Err(Undecoded::Damaged));
        assert_eq!(undone(&bare[..5], &[Coding::Deflate]), Err(Undecoded::Damaged));
        assert_eq!(undone(b"", &[Coding::Brotli, Coding::Gzip]).unwrap(), b"");
        assert_eq!(undone(text, &[Coding::Gzip]), Err(Undecoded::Damaged));
        assert_eq!(
            undone(&[&gzip[..], &[0; 40]].concat(), &[Coding::Gzip]).unwrap(),
            text[..]
        );
    }
}
