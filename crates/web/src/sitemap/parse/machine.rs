//! The state machine that turns XML events, or lines, into entries.

use std::io::Read;
use std::ops::ControlFlow;

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;
use url::Url;

use super::element::{Bases, attribute, doctype_failure, is_no_permalink, lower};
use super::summary::{Item, Summary};
use crate::sitemap::entry::{Alternate, Entry, MAX_ALTERNATES, SitemapKind, frequency, priority};
use crate::sitemap::input::Input;
use crate::sitemap::problem::{Failure, Problem};
use crate::sitemap::resolve::{Resolver, unwrapped};
use crate::sitemap::{date, generator};

/// Maximum depth of nested elements; video sitemaps, the deepest format, have five levels.
const MAX_DEPTH: usize = 32;

/// The namespaces of the formats, including former ones.
const NAMESPACES: [&str; 5] = [
    "www.sitemaps.org/schemas/sitemap/",
    "www.google.com/schemas/sitemap/",
    "www.w3.org/2005/Atom",
    "purl.org/atom/",
    "www.w3.org/1999/02/22-rdf-syntax-ns#",
];

/// The kind of element that the reader is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Within {
    /// Outside any entry.
    Nothing,
    Page,
    Child,
}

/// The field that the current text belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Loc,
    Guid,
    Lastmod,
    Changefreq,
    Priority,
    Generator,
}

pub(super) struct Machine<'a, F> {
    pub(super) each: F,
    pub(super) resolver: Resolver<'a>,
    pub(super) max_urls: u64,
    pub(super) summary: Summary,
    pub(super) entry: Entry,
    pub(super) within: Within,
    /// The field being read, and the depth of its element.
    pub(super) field: Option<(Field, usize)>,
    pub(super) text: String,
    pub(super) depth: usize,
    pub(super) entry_depth: usize,
    /// The depth of the image, video or news item that the reader is in.
    pub(super) aside: Option<usize>,
    pub(super) base: Bases,
    /// The base URL of the entry's URL, if the feed declares one.
    pub(super) entry_base: Option<Url>,
}

/// The end of reading, with the failure that caused it.
struct End(Option<Failure>);

impl<F: FnMut(Item<'_>) -> ControlFlow<()>> Machine<'_, F> {
    pub(super) fn xml<R: Read>(&mut self, input: Input<R>) -> Input<R> {
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
        // An entry that is cut off after its URL still counts.
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
            Event::DocType(text) => match doctype_failure(&text) {
                Some(failure) => Err(End(Some(failure))),
                None => Ok(()),
            },
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
        let name = lower(element.name().0);
        let (prefix, local) = name.split_once(':').unwrap_or(("", &name));
        if self.summary.kind == SitemapKind::Unknown {
            self.base.open(element, self.depth, self.resolver.base());
            return self.root(local, element);
        }
        let is_feed = matches!(self.summary.kind, SitemapKind::Rss | SitemapKind::Atom);
        if is_feed {
            self.base.open(element, self.depth, self.resolver.base());
        }
        match local {
            // The URL of an image is not an entry.
            "url" | "sitemap" | "item" | "entry" if self.aside.is_some() => {}
            "url" if !is_feed && prefix != "video" => return self.open_entry(Within::Page),
            "sitemap" if !is_feed => return self.open_entry(Within::Child),
            "item" | "entry" if is_feed => return self.open_entry(Within::Page),
            "generator" if self.within == Within::Nothing => {
                self.begin(Field::Generator);
                return Ok(());
            }
            "image" | "video" | "news" if self.aside.is_none() => self.aside = Some(self.depth),
            _ => {}
        }
        if self.within == Within::Nothing || self.depth != self.entry_depth + 1 {
            return Ok(());
        }
        self.field_of_entry(prefix, local, element, is_feed)
    }

    /// Starts reading a field of an entry.
    fn field_of_entry(
        &mut self,
        prefix: &str,
        local: &str,
        element: &BytesStart<'_>,
        is_feed: bool,
    ) -> Result<(), End> {
        match (prefix, local) {
            ("image" | "video" | "news", "loc" | "title") => {}
            (_, "image") => self.entry.images += 1,
            (_, "video") => self.entry.videos += 1,
            (_, "news") => self.entry.news += 1,
            (_, "loc") if self.entry.loc.is_empty() => self.begin(Field::Loc),
            (_, "loc") if !is_feed => {
                // The URL starts another entry, to which the following fields belong.
                let within = self.within;
                self.close_entry()?;
                self.summary.problems.add(Problem::SecondLocation);
                self.within = within;
                self.begin(Field::Loc);
            }
            (_, "lastmod") => self.begin(Field::Lastmod),
            (_, "changefreq") => self.begin(Field::Changefreq),
            (_, "priority") => self.begin(Field::Priority),
            (_, "link") if is_feed => self.feed_link(element),
            (_, "link") => self.alternate(element),
            ("", "guid") if self.entry.loc.is_empty() && !is_no_permalink(element) => self.begin(Field::Guid),
            (_, "pubdate" | "updated" | "modified") => self.begin(Field::Lastmod),
            (_, "published" | "issued" | "date") if self.entry.lastmod.is_none() => self.begin(Field::Lastmod),
            _ => {}
        }
        Ok(())
    }

    fn root(&mut self, local: &str, element: &BytesStart<'_>) -> Result<(), End> {
        self.summary.kind = match local {
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
        // RSS 2.0 has no namespace.
        if !declares && local != "rss" {
            self.summary.problems.add(Problem::Namespace);
        }
        Ok(())
    }

    fn open_entry(&mut self, within: Within) -> Result<(), End> {
        if self.within != Within::Nothing {
            // The end tag of the previous entry is missing.
            self.depth = self.entry_depth;
            self.close_entry()?;
        }
        self.within = within;
        self.entry_depth = self.depth;
        self.field = None;
        self.aside = None;
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
        self.aside = self.aside.filter(|aside| *aside < self.depth);
        self.base.close(self.depth);
        self.depth = self.depth.saturating_sub(1);
        Ok(())
    }

    fn close_field(&mut self, field: Field) {
        let text = self.text.trim();
        let problems = &mut self.summary.problems;
        match field {
            Field::Loc | Field::Guid => {
                self.entry.loc.clear();
                // PostgreSQL cannot store NUL characters, and no valid URL contains one.
                self.entry
                    .loc
                    .extend(text.chars().filter(|character| *character != '\0'));
                self.entry_base = self.base.current();
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

    /// Passes an entry on, unless its URL is unusable.
    fn give(&mut self, within: Within) -> Result<(), End> {
        let base = self.entry_base.take();
        let resolver = base
            .as_ref()
            .map_or(self.resolver, |base| self.resolver.relative_to(base));
        let Some(url) = resolver.absolute(&self.entry.loc, &mut self.summary.problems) else {
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
        let is_page = attribute(element, "rel").is_none_or(|rel| rel.eq_ignore_ascii_case("alternate"));
        if is_page && self.entry.loc.is_empty() {
            self.entry.loc.push_str(href.trim());
            self.entry_base = self.base.current();
        }
    }

    fn alternate(&mut self, element: &BytesStart<'_>) {
        let is_alternate = attribute(element, "rel").is_some_and(|rel| rel.eq_ignore_ascii_case("alternate"));
        if let Some(hreflang) = attribute(element, "hreflang")
            && let Some(href) = attribute(element, "href")
            && is_alternate
            && self.entry.alternates.len() < MAX_ALTERNATES
        {
            let text = |text: String| text.trim().replace('\0', "");
            self.entry.alternates.push(Alternate {
                hreflang: text(hreflang),
                href: text(href),
            });
        }
    }

    /// Resolves references such as `&amp;`. A reference that XML does not define is kept as written.
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

    /// Reads a list with one URL per line.
    pub(super) fn lines<R: Read>(&mut self, input: &mut Input<R>) {
        let mut line = Vec::new();
        let mut others: u64 = 0;
        while input.read_line(&mut line) {
            let text = String::from_utf8_lossy(&line);
            let text = unwrapped(&text);
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            // A tab separates the URL from further columns.
            let text = unwrapped(text.split('\t').next().unwrap_or_default());
            if !self.resolver.is_whole(text) {
                others += 1;
                // A file whose first lines are not URLs is not a list of URLs.
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
