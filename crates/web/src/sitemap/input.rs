//! The bytes of a sitemap file as UTF-8 text: decompressed, decoded and limited in size.

use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8};
use flate2::bufread::GzDecoder;

/// The number of bytes read and decoded at a time.
const CHUNK: usize = 32 * 1024;

/// The number of bytes in which an XML declaration is looked for.
const DECLARATION: usize = 256;

/// The beginning of every gzip file (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Why the text ends before the file does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The file exceeds the maximum size.
    TooLarge,
    /// A tag or text exceeds the maximum length.
    LongPiece,
    /// The compression is damaged or cut off.
    Damaged,
    /// The file cannot be read from its storage.
    Unreadable,
}

/// A file's text. An error ends the text, and [`stop`](Self::stop) returns the reason.
pub struct Input<R: Read> {
    raw: Raw<R>,
    decoder: Decoder,
    chunk: Box<[u8]>,
    /// The number of bytes of `chunk` that were read but not decoded yet: the beginning, which is examined first.
    pending: usize,
    text: Box<[u8]>,
    at: usize,
    end: usize,
    bytes: u64,
    max_bytes: u64,
    max_piece: usize,
    piece: usize,
    stop: Option<Stop>,
    is_over: bool,
}

enum Raw<R: Read> {
    Plain(Source<R>),
    Gzip(Box<Members<R>>),
}

/// The members of a gzip file, one after the other. Data after the last member is ignored, as in gzip(1).
struct Members<R: Read> {
    member: Option<GzDecoder<Source<R>>>,
    is_first: bool,
}

impl<R: Read> Read for Members<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            match member.read(into) {
                Ok(0) if into.is_empty() => return Ok(0),
                Ok(0) => {
                    let mut source = self.member.take().map(GzDecoder::into_inner);
                    let next = source.as_mut().map(BufRead::fill_buf).transpose()?;
                    let follows = next.and_then(<[u8]>::first) == GZIP.first();
                    self.member = source.filter(|_| follows).map(GzDecoder::new);
                    self.is_first = false;
                }
                // The data only looked like another member.
                Err(_) if !self.is_first && member.header().is_none() => self.member = None,
                read => return read,
            }
        }
        Ok(0)
    }
}

/// The file, with the examined bytes put back in front.
type Source<R> = BufReader<Chain<Cursor<Vec<u8>>, R>>;

impl<R: Read> Read for Raw<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(raw) => raw.read(into),
            Self::Gzip(raw) => raw.read(into),
        }
    }
}

impl<R: Read> Input<R> {
    /// Examines the beginning: whether it is gzip, whatever the file's name, and which charset it is in.
    ///
    /// A byte order mark decides, then the XML declaration, then `charset`, which the server declares.
    pub fn new(mut source: R, charset: Option<&str>, max_bytes: u64, max_piece: usize) -> Self {
        let mut start = Vec::with_capacity(GZIP.len());
        // A read error occurs again below, where it is recorded.
        let _ = source.by_ref().take(GZIP.len() as u64).read_to_end(&mut start);
        let is_gzip = start == GZIP;
        let source = BufReader::with_capacity(CHUNK, Cursor::new(start).chain(source));
        let raw = if is_gzip {
            Raw::Gzip(Box::new(Members {
                member: Some(GzDecoder::new(source)),
                is_first: true,
            }))
        } else {
            Raw::Plain(source)
        };
        let mut input = Self {
            raw,
            decoder: UTF_8.new_decoder(),
            chunk: vec![0; CHUNK].into_boxed_slice(),
            pending: 0,
            // A character takes at most three bytes in UTF-8 per byte of another charset.
            text: vec![0; 3 * CHUNK + 16].into_boxed_slice(),
            at: 0,
            end: 0,
            bytes: 0,
            max_bytes,
            max_piece,
            piece: 0,
            stop: None,
            is_over: false,
        };
        // A decompressor may return less than requested, so the beginning may take several reads.
        while input.pending < DECLARATION && input.read_more() {}
        let start = input.chunk.get(..input.pending).unwrap_or_default();
        let declared = || declared_charset(start.get(..DECLARATION).unwrap_or(start));
        let encoding = declared()
            .or_else(|| Encoding::for_label(charset?.as_bytes()))
            .unwrap_or(UTF_8);
        // A decoder with BOM sniffing prefers the mark to any declaration.
        input.decoder = encoding.new_decoder();
        input
    }

    /// Returns whether the file is compressed.
    pub fn is_gzip(&self) -> bool {
        matches!(self.raw, Raw::Gzip(_))
    }

    /// Returns the number of bytes after decompression.
    pub fn size(&self) -> u64 {
        self.bytes
    }

    /// Returns why the text ended, or `None` if the file simply ended.
    pub fn stop(&self) -> Option<Stop> {
        self.stop
    }

    /// Starts counting the length of the next tag or text.
    pub fn next_piece(&mut self) {
        self.piece = 0;
    }

    /// Reads a line without its line end, which is CR, LF or both. Returns whether there was one.
    pub fn read_line(&mut self, line: &mut Vec<u8>) -> bool {
        line.clear();
        let mut has_any = false;
        loop {
            self.refill();
            let text = self.text.get(self.at..self.end).unwrap_or_default();
            if text.is_empty() {
                return has_any;
            }
            has_any = true;
            let end = text.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
            line.extend_from_slice(text.get(..end.unwrap_or(text.len())).unwrap_or_default());
            // CR LF yields an empty line in between, which is ignored.
            let taken = end.map_or(text.len(), |end| end + 1);
            self.consume(taken);
            if end.is_some() {
                self.next_piece();
                return true;
            }
        }
    }

    /// Reads more bytes after the pending ones. Returns whether there were any.
    fn read_more(&mut self) -> bool {
        let left = usize::try_from(self.max_bytes - self.bytes).unwrap_or(usize::MAX);
        let Some(room) = self.chunk.get_mut(self.pending..) else {
            return false;
        };
        // One byte more than allowed shows whether the file ends there.
        let length = room.len().min(left.saturating_add(1));
        let room = room.get_mut(..length).unwrap_or_default();
        match self.raw.read(room) {
            Ok(0) => false,
            Ok(read) => {
                let taken = read.min(left);
                if read > taken {
                    self.stop = Some(Stop::TooLarge);
                }
                self.bytes += taken as u64;
                self.pending += taken;
                taken > 0
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => true,
            Err(_) => {
                self.stop = Some(if self.is_gzip() {
                    Stop::Damaged
                } else {
                    Stop::Unreadable
                });
                false
            }
        }
    }

    fn refill(&mut self) {
        while self.at == self.end && !self.is_over {
            if self.piece > self.max_piece {
                self.stop = Some(Stop::LongPiece);
                self.is_over = true;
                return;
            }
            if self.pending == 0 && (self.stop.is_some() || !self.read_more()) {
                self.is_over = true;
            }
            let source = self.chunk.get(..self.pending).unwrap_or_default();
            let (result, read, written, _) = self.decoder.decode_to_utf8(source, &mut self.text, self.is_over);
            debug_assert!(result == CoderResult::InputEmpty && read == self.pending);
            self.pending = 0;
            self.piece += written;
            (self.at, self.end) = (0, written);
        }
    }
}

impl<R: Read> BufRead for Input<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.refill();
        Ok(self.text.get(self.at..self.end).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.at = (self.at + amount).min(self.end);
    }
}

impl<R: Read> Read for Input<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let text = self.fill_buf()?;
        let length = text.len().min(into.len());
        if let (Some(into), Some(text)) = (into.get_mut(..length), text.get(..length)) {
            into.copy_from_slice(text);
        }
        self.consume(length);
        Ok(length)
    }
}

/// Returns the charset of an XML declaration, which itself is in ASCII or UTF-16.
fn declared_charset(start: &[u8]) -> Option<&'static Encoding> {
    // Only without a byte order mark; with one, the decoder finds the encoding itself.
    if start.starts_with(b"<\0?\0") {
        return Some(encoding_rs::UTF_16LE);
    }
    if start.starts_with(b"\0<\0?") {
        return Some(encoding_rs::UTF_16BE);
    }
    let text = String::from_utf8_lossy(start);
    let declaration = text
        .trim_start_matches(|char: char| char.is_whitespace() || char == '\u{feff}')
        .strip_prefix("<?xml")?
        .split("?>")
        .next()?;
    let value = declaration
        .split_once("encoding")?
        .1
        .trim_start()
        .strip_prefix('=')?
        .trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let label = value.get(1..)?.split(quote).next()?;
    // A declaration that could be read as ASCII is not UTF-16, whatever charset it names.
    Encoding::for_label(label.as_bytes()).filter(|encoding| encoding.is_ascii_compatible())
}
