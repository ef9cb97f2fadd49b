//! Reads a file on a thread of its own and hands what it lists over in batches, as fast as they are taken.

use std::collections::HashSet;
use std::fs::File;
use std::ops::ControlFlow;

use chrono::{DateTime, Utc};
use md5::{Digest, Md5};
use tokio::sync::mpsc::Sender;
use url::Url;
use uuid::Uuid;

use super::entry::Entry;
use super::page_type::page_type;
use super::parse::{Item, ParseLimits, Summary, parse};
use crate::models::values::RawJson;

/// Entries of a batch: enough that a statement's own cost does not count, few enough that three of them (one being read,
/// one waiting, one being stored) take some megabytes.
pub(super) const BATCH: usize = 5000;

/// A page that a file lists.
pub(super) struct Listed {
    pub(super) id: Uuid,
    pub(super) url: String,
    pub(super) loc: String,
    pub(super) page_type: Option<&'static str>,
    pub(super) lastmod: Option<DateTime<Utc>>,
    pub(super) changefreq: Option<&'static str>,
    pub(super) priority: Option<u8>,
    pub(super) images: u32,
    pub(super) videos: u32,
    pub(super) news: u32,
    pub(super) alternates: Option<RawJson>,
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
            alternates: alternates.and_then(|alternates| RawJson::from_value(alternates).ok()),
        }
    }
}

/// Some of what a file lists.
pub(super) enum Batch {
    Pages(Vec<Listed>),
    Children(Vec<String>),
}

/// What there is room for in the analysis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    pub(super) pages: u64,
    pub(super) children: u64,
}

/// What became of a file.
pub(super) struct Outcome {
    pub(super) summary: Summary,
    /// How many different pages it lists.
    pub(super) pages: u64,
    /// Their hashes.
    pub(super) hashes: Vec<Uuid>,
    /// Whether there was no room for all of them.
    pub(super) is_out_of_pages: bool,
    /// Whether there was no room for all files.
    pub(super) is_out_of_children: bool,
}

/// Reads a file, and sends what it lists.
pub(super) fn read(
    file: File,
    base: &Url,
    charset: Option<&str>,
    limits: &ParseLimits,
    room: Room,
    send: &Sender<Batch>,
) -> Outcome {
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
    Outcome {
        summary,
        pages: seen.len() as u64,
        hashes: seen.into_iter().map(Uuid::from_bytes).collect(),
        is_out_of_pages,
        is_out_of_children,
    }
}
