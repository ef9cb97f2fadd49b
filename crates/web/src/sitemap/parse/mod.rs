//! Reads sitemap files of every kind as a stream: bytes in, entries out, in memory that does not grow with the file.
//!
//! The formats are sitemaps.org's (`urlset`, `sitemapindex`, a URL a line), with the extensions of Google for images,
//! videos, news and languages, and RSS 2.0 and Atom, which that protocol takes as well. What is there is taken: elements
//! count by their local names, since namespaces are often wrong, and a file that breaks off has what came before.

use std::io::{BufRead, Read};
use std::ops::ControlFlow;

use chrono::{DateTime, Utc};
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;
use url::Url;

use super::date;
use super::entry::{Alternate, Entry, MOST_ALTERNATES, Resolver, SitemapKind, frequency, priority};
use super::generator;
use super::input::{Input, Stop};
use super::problem::{Failure, Problem, Problems, STANDARD_BYTES, STANDARD_URLS};

/// How deeply elements may be nested; video sitemaps, the deepest, have five levels.
const MAX_DEPTH: usize = 32;

/// The namespaces of the formats, with those that once were.
const NAMESPACES: [&str; 5] = [
    "www.sitemaps.org/schemas/sitemap/",
    "www.google.com/schemas/sitemap/",
    "www.w3.org/2005/Atom",
    "purl.org/atom/",
    "www.w3.org/1999/02/22-rdf-syntax-ns#",
];

/// What is taken of one file.
#[derive(Clone, Copy, Debug)]
pub struct ParseLimits {
    /// Bytes after decompression.
    pub max_bytes: u64,
    /// Entries.
    pub max_urls: u64,
    /// Bytes of one tag or text.
    pub max_piece: usize,
}

impl Default for ParseLimits {
    fn default() -> Self {
        Self {
            max_bytes: 4 * STANDARD_BYTES,
            max_urls: 20 * STANDARD_URLS,
            max_piece: 1024 * 1024,
        }
    }
}

/// Something that a file lists.
#[derive(Clone, Copy, Debug)]
pub enum Item<'a> {
    /// A page.
    Page(&'a Entry),
    /// Another sitemap file.
    Child(&'a Entry),
}

/// What a file is, beside what it lists.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Its kind.
    pub kind: SitemapKind,
    /// Whether it was compressed, by its first bytes.
    pub is_gzip: bool,
    /// Its size after decompression, as far as it was read.
    pub bytes: u64,
    /// How many pages it lists.
    pub pages: u64,
    /// How many sitemap files it lists.
    pub children: u64,
    /// Whether an entry says when it changed.
    pub has_lastmod: bool,
    /// Whether an entry says how often it changes.
    pub has_changefreq: bool,
    /// Whether an entry has a priority.
    pub has_priority: bool,
    /// The latest change of an entry.
    pub last_modified: Option<DateTime<Utc>>,
    /// What made it.
    pub generator: Option<String>,
    /// What is wrong with it.
    pub problems: Problems,
    /// Why reading ended early, if it did.
    pub failure: Option<Failure>,
}

impl Summary {
    /// Returns whether the whole file was read.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.failure.is_none()
    }

    /// Returns what is wrong with it as a sentence, if anything is.
    #[must_use]
    pub fn complaint(&self) -> Option<String> {
        match (self.failure, self.problems.is_empty()) {
            (None, true) => None,
            (None, false) => Some(self.problems.to_string()),
            (Some(failure), true) => Some(failure.to_string()),
            (Some(failure), false) => Some(format!("{failure}; {}", self.problems)),
        }
    }
}

/// Reads a file that came from `base`, and gives each of its entries to `each` until that has enough.
///
/// `charset` is what the server said; what the file says itself counts more. Nothing here fails: what is wrong is in
/// the summary.
pub fn parse<R: Read>(
    file: R,
    base: &Url,
    charset: Option<&str>,
    limits: &ParseLimits,
    each: impl FnMut(Item<'_>) -> ControlFlow<()>,
) -> Summary {
    let mut input = Input::new(file, charset, limits.max_bytes, limits.max_piece);
    let mut machine = Machine {
        each,
        resolver: Resolver::new(base),
        max_urls: limits.max_urls,
        summary: Summary {
            is_gzip: input.is_gzip(),
            ..Summary::default()
        },
        entry: Entry::default(),
        within: Within::Nothing,
        field: None,
        text: String::new(),
        depth: 0,
        entry_depth: 0,
    };
    match first_character(&mut input) {
        None => machine.summary.failure = Some(Failure::Empty),
        Some(b'<') => input = machine.xml(input),
        Some(_) => machine.lines(&mut input),
    }
    let mut summary = machine.summary;
    summary.bytes = input.size();
    if summary.bytes > STANDARD_BYTES {
        summary.problems.add(Problem::TooLargeForStandard);
    }
    if summary.pages + summary.children > STANDARD_URLS {
        summary.problems.add(Problem::TooManyForStandard);
    }
    // That there was no more to read explains whatever was wrong with the end.
    summary.failure = match (input.stop(), summary.failure) {
        (_, Some(enough @ (Failure::TooManyUrls | Failure::Doctype | Failure::WebPage | Failure::TooDeep))) => {
            Some(enough)
        }
        (Some(Stop::TooLarge), _) => Some(Failure::TooLarge),
        (Some(Stop::LongPiece), _) => Some(Failure::LongPiece),
        (Some(Stop::Damaged), _) => Some(Failure::Damaged),
        (Some(Stop::Unreadable), _) => Some(Failure::Unreadable),
        (None, failure) => failure,
    };
    summary
}

/// Skips blanks, and returns what comes then without taking it.
fn first_character<R: Read>(input: &mut Input<R>) -> Option<u8> {
    loop {
        let text = input.fill_buf().unwrap_or_default();
        if text.is_empty() {
            return None;
        }
        let blanks = text.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let first = text.get(blanks).copied();
        input.consume(blanks);
        if first.is_some() {
            return first;
        }
    }
}

/// Where in a file the reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Within {
    /// In no entry.
    Nothing,
    Page,
    Child,
}

/// What the text being read is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Loc,
    Guid,
    Lastmod,
    Changefreq,
    Priority,
    Generator,
}

struct Machine<'a, F> {
    each: F,
    resolver: Resolver<'a>,
    max_urls: u64,
    summary: Summary,
    entry: Entry,
    within: Within,
    /// What is being read, and the depth of its element.
    field: Option<(Field, usize)>,
    text: String,
    depth: usize,
    entry_depth: usize,
}

/// That reading ends here.
struct End(Option<Failure>);

impl<F: FnMut(Item<'_>) -> ControlFlow<()>> Machine<'_, F> {
    fn xml<R: Read>(&mut self, input: Input<R>) -> Input<R> {
        let mut reader = Reader::from_reader(input);
        let config = reader.config_mut();
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        config.allow_dangling_amp = true;
        let mut buffer = Vec::new();
        let end = loop {
            buffer.clear();
            let step = match reader.read_event_into(&mut buffer) {
                Ok(event) => self.event(event),
                Err(quick_xml::Error::Syntax(_)) => Err(End(Some(Failure::CutOff))),
                Err(_) => Err(End(Some(Failure::Malformed))),
            };
            if let Err(End(failure)) = step {
                break failure;
            }
            reader.get_mut().next_piece();
        };
        // An entry that breaks off behind its URL is one all the same.
        if !matches!(self.field, Some((Field::Loc | Field::Guid, _))) && !self.entry.loc.is_empty() {
            let _ = self.close_entry();
        }
        self.summary.failure = self.summary.failure.or(end);
        reader.into_inner()
    }

    fn event(&mut self, event: Event<'_>) -> Result<(), End> {
        match event {
            Event::Start(element) => {
                self.depth += 1;
                self.start(&element)
            }
            Event::Empty(element) => {
                self.depth += 1;
                self.start(&element)?;
                self.end()
            }
            Event::End(_) => self.end(),
            Event::Text(text) if self.field.is_some() => {
                self.text.push_str(&text);
                Ok(())
            }
            Event::CData(text) if self.field.is_some() => {
                self.text.push_str(&text);
                Ok(())
            }
            Event::GeneralRef(reference) if self.field.is_some() => {
                self.reference(&reference);
                Ok(())
            }
            Event::Comment(text) => {
                self.generated_by(&text);
                Ok(())
            }
            Event::PI(instruction) => {
                self.generated_by(instruction.content());
                Ok(())
            }
            Event::DocType(text) => {
                let is_html = text
                    .trim_start()
                    .get(..4)
                    .is_some_and(|name| name.eq_ignore_ascii_case("html"));
                Err(End(Some(if is_html { Failure::WebPage } else { Failure::Doctype })))
            }
            Event::Eof if self.summary.kind == SitemapKind::Unknown => Err(End(Some(Failure::Unrecognised))),
            Event::Eof if self.depth > 0 => Err(End(Some(Failure::CutOff))),
            Event::Eof => Err(End(None)),
            Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) | Event::Decl(_) => Ok(()),
        }
    }

    fn start(&mut self, element: &BytesStart<'_>) -> Result<(), End> {
        if self.depth > MAX_DEPTH {
            return Err(End(Some(Failure::TooDeep)));
        }
        let name = element.name().0;
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        if self.summary.kind == SitemapKind::Unknown {
            return self.root(local, element);
        }
        match local {
            "url" if prefix != "video" => return self.open_entry(Within::Page),
            "sitemap" => return self.open_entry(Within::Child),
            "item" | "entry" if matches!(self.summary.kind, SitemapKind::Rss | SitemapKind::Atom) => {
                return self.open_entry(Within::Page);
            }
            "generator" if self.within == Within::Nothing => {
                self.begin(Field::Generator);
                return Ok(());
            }
            _ => {}
        }
        if self.within == Within::Nothing || self.depth != self.entry_depth + 1 {
            return Ok(());
        }
        let is_feed = matches!(self.summary.kind, SitemapKind::Rss | SitemapKind::Atom);
        match (prefix, local) {
            ("image" | "video" | "news", "loc" | "title") => {}
            (_, "image") => self.entry.images += 1,
            (_, "video") => self.entry.videos += 1,
            (_, "news") => self.entry.news += 1,
            (_, "loc") if self.entry.loc.is_empty() => self.begin(Field::Loc),
            (_, "lastmod") => self.begin(Field::Lastmod),
            (_, "changefreq") => self.begin(Field::Changefreq),
            (_, "priority") => self.begin(Field::Priority),
            (_, "link") if is_feed => self.feed_link(element),
            (_, "link") => self.alternate(element),
            ("", "guid") if self.entry.loc.is_empty() && !is_no_permalink(element) => self.begin(Field::Guid),
            (_, "pubDate" | "updated" | "modified") => self.begin(Field::Lastmod),
            (_, "published" | "issued" | "date") if self.entry.lastmod.is_none() => self.begin(Field::Lastmod),
            _ => {}
        }
        Ok(())
    }

    fn root(&mut self, local: &str, element: &BytesStart<'_>) -> Result<(), End> {
        let lower = local.to_ascii_lowercase();
        self.summary.kind = match lower.as_str() {
            "urlset" => SitemapKind::UrlSet,
            "sitemapindex" => SitemapKind::Index,
            "rss" | "rdf" => SitemapKind::Rss,
            "feed" => SitemapKind::Atom,
            "html" => return Err(End(Some(Failure::WebPage))),
            _ => return Err(End(Some(Failure::Unrecognised))),
        };
        let declares = element.attributes().flatten().any(|attribute| {
            attribute.key.0.starts_with("xmlns") && NAMESPACES.iter().any(|name| attribute.value.contains(name))
        });
        // RSS 2.0 is in none.
        if !declares && lower != "rss" {
            self.summary.problems.add(Problem::Namespace);
        }
        Ok(())
    }

    fn open_entry(&mut self, within: Within) -> Result<(), End> {
        if self.within != Within::Nothing {
            // The end tag of the one before is missing.
            self.depth = self.entry_depth;
            self.close_entry()?;
        }
        self.within = within;
        self.entry_depth = self.depth;
        self.field = None;
        Ok(())
    }

    fn begin(&mut self, field: Field) {
        self.field = Some((field, self.depth));
        self.text.clear();
    }

    fn end(&mut self) -> Result<(), End> {
        if let Some((field, depth)) = self.field
            && depth == self.depth
        {
            self.field = None;
            self.close_field(field);
        }
        if self.within != Within::Nothing && self.depth == self.entry_depth {
            self.close_entry()?;
        }
        self.depth = self.depth.saturating_sub(1);
        Ok(())
    }

    fn close_field(&mut self, field: Field) {
        let text = self.text.trim();
        let problems = &mut self.summary.problems;
        match field {
            Field::Loc | Field::Guid => {
                self.entry.loc.clear();
                // PostgreSQL stores no NUL, and no URL has one.
                self.entry
                    .loc
                    .extend(text.chars().filter(|character| *character != '\0'));
            }
            Field::Lastmod if text.is_empty() => {}
            Field::Lastmod => match date::parse(text) {
                Some(time) => self.entry.lastmod = Some(time),
                None => problems.add(Problem::BadLastmod),
            },
            Field::Changefreq if text.is_empty() => {}
            Field::Changefreq => match frequency(text) {
                Some(word) => self.entry.changefreq = Some(word),
                None => problems.add(Problem::BadChangefreq),
            },
            Field::Priority if text.is_empty() => {}
            Field::Priority => match priority(text) {
                Some(number) => self.entry.priority = Some(number),
                None => problems.add(Problem::BadPriority),
            },
            Field::Generator => {
                let name = generator::known(text).map_or_else(|| text.chars().take(100).collect(), str::to_owned);
                self.summary.generator = Some(name).filter(|name| !name.is_empty());
            }
        }
    }

    fn close_entry(&mut self) -> Result<(), End> {
        let within = std::mem::replace(&mut self.within, Within::Nothing);
        if within == Within::Nothing {
            return Ok(());
        }
        let result = self.give(within);
        self.entry.clear();
        result
    }

    /// Hands an entry out, unless its URL is unusable.
    fn give(&mut self, within: Within) -> Result<(), End> {
        let Some(url) = self.resolver.absolute(&self.entry.loc, &mut self.summary.problems) else {
            return Ok(());
        };
        self.entry.url.clear();
        self.entry.url.push_str(&url);
        let summary = &mut self.summary;
        if summary.pages + summary.children >= self.max_urls {
            return Err(End(Some(Failure::TooManyUrls)));
        }
        summary.has_lastmod |= self.entry.lastmod.is_some();
        summary.has_changefreq |= self.entry.changefreq.is_some();
        summary.has_priority |= self.entry.priority.is_some();
        summary.last_modified = summary.last_modified.max(self.entry.lastmod);
        let item = if within == Within::Child {
            summary.children += 1;
            Item::Child(&self.entry)
        } else {
            summary.pages += 1;
            Item::Page(&self.entry)
        };
        match (self.each)(item) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(End(Some(Failure::TooManyUrls))),
        }
    }

    /// Takes the URL of a feed's entry: Atom has it in an attribute, RSS in the text.
    fn feed_link(&mut self, element: &BytesStart<'_>) {
        let Some(href) = attribute(element, "href") else {
            if self.summary.kind == SitemapKind::Rss {
                self.begin(Field::Loc);
            }
            return;
        };
        let is_page = attribute(element, "rel").is_none_or(|rel| rel == "alternate");
        if is_page && self.entry.loc.is_empty() {
            self.entry.loc.push_str(href.trim());
        }
    }

    fn alternate(&mut self, element: &BytesStart<'_>) {
        let is_alternate = attribute(element, "rel").is_some_and(|rel| rel.eq_ignore_ascii_case("alternate"));
        if let Some(hreflang) = attribute(element, "hreflang")
            && let Some(href) = attribute(element, "href")
            && is_alternate
            && self.entry.alternates.len() < MOST_ALTERNATES
        {
            let text = |text: String| text.trim().replace('\0', "");
            self.entry.alternates.push(Alternate {
                hreflang: text(hreflang),
                href: text(href),
            });
        }
    }

    /// Reads `&amp;` and its like. One that XML does not have stays as it is written.
    fn reference(&mut self, reference: &BytesRef<'_>) {
        if let Ok(Some(character)) = reference.resolve_char_ref() {
            self.text.push(character);
            return;
        }
        let name: &str = reference;
        match quick_xml::escape::resolve_xml_entity(name) {
            Some(text) => self.text.push_str(text),
            None => {
                self.summary.problems.add(Problem::UnknownEntity);
                self.text.push('&');
                self.text.push_str(name);
                self.text.push(';');
            }
        }
    }

    fn generated_by(&mut self, text: &str) {
        if self.summary.generator.is_none() {
            self.summary.generator = generator::known(text).map(str::to_owned);
        }
    }

    /// Reads a list of a URL a line.
    fn lines<R: Read>(&mut self, input: &mut Input<R>) {
        let mut line = Vec::new();
        let mut others: u64 = 0;
        loop {
            line.clear();
            match input.read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => break,
                Ok(_) => input.next_piece(),
            }
            let text = String::from_utf8_lossy(&line);
            let text = text.trim();
            if text.is_empty() {
                continue;
            }
            let is_url = ["http://", "https://"].iter().any(|scheme| {
                text.get(..scheme.len())
                    .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
            });
            if !is_url {
                others += 1;
                // What begins with so many lines that are none is no list of URLs.
                if self.summary.pages == 0 && others >= 100 {
                    break;
                }
                continue;
            }
            self.entry.clear();
            self.entry
                .loc
                .extend(text.chars().filter(|character| *character != '\0'));
            if let Err(End(failure)) = self.give(Within::Page) {
                self.summary.failure = failure;
                break;
            }
        }
        if self.summary.pages == 0 {
            self.summary.failure = Some(Failure::Unrecognised);
            return;
        }
        self.summary.kind = SitemapKind::Text;
        for _ in 0..others {
            self.summary.problems.add(Problem::BadLocation);
        }
    }
}

fn is_no_permalink(element: &BytesStart<'_>) -> bool {
    attribute(element, "isPermaLink").is_some_and(|value| value == "false")
}

/// Returns an attribute by its local name.
fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut attributes = element.html_attributes();
    attributes
        .with_checks(false)
        .flatten()
        .find(|attribute| attribute.key.0.rsplit(':').next() == Some(name))
        .map(|attribute| match quick_xml::escape::unescape(&attribute.value) {
            Ok(value) => value.into_owned(),
            Err(_) => attribute.value.into_owned(),
        })
}

#[cfg(test)]
mod tests;
