//! Reads a file on a thread of its own and hands what it lists over in batches, as fast as they are taken.

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

/// Entries of a batch: enough that a statement's own cost does not count, few enough that three of them (one being read,
/// one waiting, one being stored) take some megabytes.
pub const BATCH: usize = 5000;

/// A page that a file lists.
pub struct Listed {
    /// An id of its own, in order of time.
    pub id: Uuid,
    /// The URL in its standard form.
    pub url: String,
    /// What the file says.
    pub loc: String,
    /// What kind of page its path makes it, where it does.
    pub page_type: Option<&'static str>,
    /// `<lastmod>`.
    pub lastmod: Option<DateTime<Utc>>,
    /// `<changefreq>`.
    pub changefreq: Option<&'static str>,
    /// `<priority>`, in hundredths.
    pub priority: Option<u8>,
    /// How many images the entry names.
    pub images: u32,
    /// How many videos the entry names.
    pub videos: u32,
    /// How many news articles the entry names.
    pub news: u32,
    /// The same page in other languages, as JSON; `None` where there are none.
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
            // Texts and lists of them are JSON without fail.
            alternates: alternates.and_then(|alternates| serde_json::value::to_raw_value(alternates).ok()),
        }
    }
}

/// Some of what a file lists.
pub enum Batch {
    /// Pages, of a `<urlset>` or a text.
    Pages(Vec<Listed>),
    /// Further files, of a `<sitemapindex>`.
    Children(Vec<String>),
}

/// What there is room for in the analysis.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Pages.
    pub pages: u64,
    /// Further files.
    pub children: u64,
}

/// The result of an import.
pub struct FileRead {
    /// What the parser says of it.
    pub summary: Summary,
    /// How many different pages it lists.
    pub pages: u64,
    /// Their hashes.
    pub hashes: Vec<Uuid>,
    /// Whether there was no room for all of them.
    pub is_out_of_pages: bool,
    /// Whether there was no room for all files.
    pub is_out_of_children: bool,
}

/// Reads a file, and sends what it lists.
pub fn read(
    file: File,
    base: &Url,
    charset: Option<&str>,
    limits: &ParseLimits,
    room: Room,
    send: &Sender<Batch>,
) -> FileRead {
    let mut seen = HashSet::new();
    let (mut pages, mut children) = (Vec::new(), Vec::new());
    let (mut found, mut is_out_of_pages, mut is_out_of_children) = (0, false, false);
    // Whoever does not take any more has been dropped: nobody wants the rest.
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
            hand_over(Batch::Pages(std::mem::take(&mut pages)))
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
        is_out_of_children,
    }
}
