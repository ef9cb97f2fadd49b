//! Reading of a file on a separate thread, which sends its entries in batches, as fast as they are received.

use std::collections::HashSet;
use std::fs::File;
use std::ops::ControlFlow;

use chrono::{DateTime, Utc};
use md5::{Digest, Md5};
use serde_json::value::RawValue;
use tokio::sync::mpsc::Sender;
use url::Url;
use uuid::Uuid;

use super::entry::Entry;
use super::page_type::page_type;
use super::parse::{Item, ParseLimits, Summary, parse};

/// Number of entries per batch: enough to make a statement's overhead negligible, and few enough that three batches
/// (one being read, one waiting, one being stored) take only a few megabytes.
pub const BATCH: usize = 5000;

/// A page that a file lists.
pub struct Listed {
    /// A new id, ordered by time.
    pub id: Uuid,
    /// The URL in its standard form.
    pub url: String,
    /// The URL as written in the file.
    pub loc: String,
    /// The type of page, guessed from the URL.
    pub page_type: Option<&'static str>,
    /// The time of `<lastmod>`.
    pub lastmod: Option<DateTime<Utc>>,
    /// The word of `<changefreq>`.
    pub changefreq: Option<&'static str>,
    /// The value of `<priority>`, in hundredths.
    pub priority: Option<u8>,
    /// The number of images in the entry.
    pub images: u32,
    /// The number of videos in the entry.
    pub videos: u32,
    /// The number of news items in the entry.
    pub news: u32,
    /// The page in other languages, as JSON; `None` if there are none.
    pub alternates: Option<Box<RawValue>>,
}

impl Listed {
    fn new(entry: &Entry) -> Self {
        let alternates = Some(&entry.alternates).filter(|alternates| !alternates.is_empty());
        Self {
            id: Uuid::now_v7(),
            url: entry.url.clone(),
            loc: entry.loc.clone(),
            page_type: page_type(&entry.url),
            lastmod: entry.lastmod,
            changefreq: entry.changefreq,
            priority: entry.priority,
            images: entry.images,
            videos: entry.videos,
            news: entry.news,
            // A list of texts always serializes.
            alternates: alternates.and_then(|alternates| serde_json::value::to_raw_value(alternates).ok()),
        }
    }
}

/// A batch of entries.
pub enum Batch {
    /// Pages from a `<urlset>`, a feed or a text.
    Pages(Vec<Listed>),
    /// URLs of sitemap files from a `<sitemapindex>`.
    Children(Vec<String>),
}

/// How many entries the analysis still accepts.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// The number of pages.
    pub pages: u64,
    /// The number of sitemap files.
    pub children: u64,
}

/// The result of reading a file.
pub struct FileRead {
    /// The parser's summary.
    pub summary: Summary,
    /// The number of distinct pages.
    pub pages: u64,
    /// The hashes of the pages' URLs.
    pub hashes: Vec<Uuid>,
    /// Whether pages were left out because there was no room in the analysis.
    pub is_out_of_pages: bool,
    /// Whether pages were left out because `has_room` returned `false`.
    pub is_out_of_room: bool,
    /// Whether sitemap files were left out because there was no room.
    pub is_out_of_children: bool,
}

/// Reads a file and sends its entries as long as `has_room` returns `true`.
pub fn read(
    file: File,
    base: &Url,
    charset: Option<&str>,
    limits: &ParseLimits,
    room: Room,
    has_room: impl Fn() -> bool,
    send: &Sender<Batch>,
) -> FileRead {
    let mut seen = HashSet::new();
    let (mut pages, mut children) = (Vec::new(), Vec::new());
    let (mut found, mut is_out_of_pages, mut is_out_of_children, mut is_out_of_room) = (0, false, false, false);
    // A closed channel means that the receiver no longer wants the entries.
    let hand_over = |batch: Batch| match send.blocking_send(batch) {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    };
    let summary = parse(file, base, charset, limits, |item| match item {
        Item::Page(entry) => {
            let hash: [u8; 16] = Md5::digest(entry.url.as_bytes()).into();
            if !seen.insert(hash) {
                return ControlFlow::Continue(());
            }
            if seen.len() as u64 > room.pages {
                seen.remove(&hash);
                is_out_of_pages = true;
                return ControlFlow::Break(());
            }
            pages.push(Listed::new(entry));
            if pages.len() < BATCH {
                return ControlFlow::Continue(());
            }
            hand_over(Batch::Pages(std::mem::take(&mut pages)))?;
            is_out_of_room = !has_room();
            if is_out_of_room {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        }
        Item::Child(_) if found >= room.children => {
            is_out_of_children = true;
            ControlFlow::Break(())
        }
        Item::Child(entry) => {
            found += 1;
            children.push(entry.url.clone());
            if children.len() < BATCH {
                return ControlFlow::Continue(());
            }
            hand_over(Batch::Children(std::mem::take(&mut children)))
        }
    });
    for last in [Batch::Pages(pages), Batch::Children(children)] {
        let is_empty = match &last {
            Batch::Pages(pages) => pages.is_empty(),
            Batch::Children(children) => children.is_empty(),
        };
        if !is_empty {
            let _ = hand_over(last);
        }
    }
    FileRead {
        summary,
        pages: seen.len() as u64,
        hashes: seen.into_iter().map(Uuid::from_bytes).collect(),
        is_out_of_pages,
        is_out_of_room,
        is_out_of_children,
    }
}
