//! The bytes of a sitemap file as UTF-8 text: decompressed, decoded, and no more of them than is taken.

use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8};
use flate2::bufread::GzDecoder;

/// Bytes read, and decoded, at a time.
const CHUNK: usize = 32 * 1024;

/// Within how many bytes an XML declaration is looked for.
const DECLARATION: usize = 256;

/// The beginning of every gzip file (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Why there is no more text, other than that the file ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// More than the cap would have followed.
    TooLarge,
    /// One tag or text goes on and on.
    LongPiece,
    /// The compression is damaged, or cut off.
    Damaged,
    /// It cannot be read from where it is.
    Unreadable,
}

/// Text as it is read. An error of the file is its end, with [`stop`](Self::stop) to tell why.
pub struct Input<R: Read> {
    raw: Raw<R>,
    decoder: Decoder,
    chunk: Box<[u8]>,
    /// How much of `chunk` is read but not decoded: the beginning that was looked into.
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

/// The members of a gzip file, one after the other. What follows the last one is ignored, as gzip(1) does.
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
                // It only looked like another member.
                Err(_) if !self.is_first && member.header().is_none() => self.member = None,
                read => return read,
            }
        }
        Ok(0)
    }
}

/// The file, with what was looked at put back in front.
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
    /// Looks into the beginning: whether it is gzip, whatever it is called, and which charset it is in.
    ///
    /// A byte order mark decides, then the XML declaration, then `charset`, which the server said.
    pub fn new(mut source: R, charset: Option<&str>, max_bytes: u64, max_piece: usize) -> Self {
        let mut start = Vec::with_capacity(GZIP.len());
        // What cannot be read now cannot be read below, where that is noted.
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
            // UTF-8 takes at most three bytes for one of another charset.
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
        // A decompressor gives less than it is asked for: what is looked into may take several reads.
        while input.pending < DECLARATION && input.read_more() {}
        let start = input.chunk.get(..input.pending).unwrap_or_default();
        let declared = || declared_charset(start.get(..DECLARATION).unwrap_or(start));
        let encoding = declared()
            .or_else(|| Encoding::for_label(charset?.as_bytes()))
            .unwrap_or(UTF_8);
        // A decoder with BOM sniffing lets the mark win over whatever was declared.
        input.decoder = encoding.new_decoder();
        input
    }

    /// Returns whether the file is compressed.
    pub fn is_gzip(&self) -> bool {
        matches!(self.raw, Raw::Gzip(_))
    }

    /// Returns how many bytes there were after decompression.
    pub fn size(&self) -> u64 {
        self.bytes
    }

    /// Returns why there is no more, if the file did not just end.
    pub fn stop(&self) -> Option<Stop> {
        self.stop
    }

    /// Lets the next tag or text be as long as any.
    pub fn next_piece(&mut self) {
        self.piece = 0;
    }

    /// Reads up to the next line end, which is CR, LF or both, without it. Returns whether there was anything.
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
            // What is between CR and LF is an empty line, which means nothing.
            let taken = end.map_or(text.len(), |end| end + 1);
            self.consume(taken);
            if end.is_some() {
                self.next_piece();
                return true;
            }
        }
    }

    /// Reads behind what is pending. Returns whether there was anything.
    fn read_more(&mut self) -> bool {
        let left = usize::try_from(self.max_bytes - self.bytes).unwrap_or(usize::MAX);
        let Some(room) = self.chunk.get_mut(self.pending..) else {
            return false;
        };
        // One byte more than is taken tells a file that ends there from one that does not.
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

/// Reads the charset of an XML declaration, which is in ASCII whatever it says, or in UTF-16.
fn declared_charset(start: &[u8]) -> Option<&'static Encoding> {
    // Without a byte order mark; with one the decoder finds out by itself.
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
    // A declaration that was read as ASCII is not UTF-16, whatever it says.
    Encoding::for_label(label.as_bytes()).filter(|encoding| encoding.is_ascii_compatible())
}
