//! The URLs that a crawl has found: which one is next, and the results for the others.
//!
//! The state in memory is that of the database, except for changes that are written with the next page.

use std::collections::{BTreeSet, HashMap};

use database::models::email_scan::{EmailScanUrl, NewEmailScanUrl};
use database::models::enums::ScanUrlState;
use url::Url;

use super::disposition::Disposition;
use super::site::{family, is_page, key, normalised, trap};

/// Maximum number of URLs that a crawl remembers.
const MAX_URLS: usize = 3_000;

/// Maximum number of times that a page is requested: once, and once more if the crawl was interrupted.
pub(super) const MAX_FETCHES: i16 = 2;

/// A URL that the crawl has found.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) url: String,
    pub(super) rank: i16,
    pub(super) depth: i16,
    pub(super) state: ScanUrlState,
    pub(super) fetches: i16,
    pub(super) disposition: Option<Disposition>,
    pub(super) reason: Option<String>,
    pub(super) hash: Option<String>,
}

/// All URLs that the crawl has found.
#[derive(Debug, Default)]
pub(super) struct Frontier {
    entries: Vec<Entry>,
    by_key: HashMap<String, usize>,
    families: HashMap<String, u32>,
    by_hash: HashMap<String, usize>,
    changed: BTreeSet<usize>,
}

impl Frontier {
    /// Loads the URLs that earlier attempts stored.
    pub(super) fn load(rows: Vec<EmailScanUrl>) -> Self {
        let mut frontier = Self::default();
        for row in rows {
            let index = frontier.entries.len();
            let disposition = row.disposition.as_deref().and_then(Disposition::read);
            if let Ok(url) = Url::parse(&row.url) {
                frontier.by_key.insert(key(&url), index);
                if disposition != Some(Disposition::Trap)
                    && let Some((name, _)) = family(&url)
                {
                    *frontier.families.entry(name).or_default() += 1;
                }
            }
            if let Some(hash) = &row.content_hash {
                frontier.by_hash.entry(hash.clone()).or_insert(index);
            }
            frontier.entries.push(Entry {
                url: row.url,
                rank: row.rank,
                depth: row.depth,
                state: row.state,
                fetches: row.fetches,
                disposition,
                reason: row.reason,
                hash: row.content_hash,
            });
        }
        frontier
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn get(&self, index: usize) -> Option<&Entry> {
        self.entries.get(index)
    }

    /// Adds a URL of the site, unless it is known or does not lead to a page.
    pub(super) fn add(&mut self, url: &Url, rank: i16, depth: i16) {
        let url = normalised(url);
        if !is_page(&url) {
            return;
        }
        let name = key(&url);
        if let Some(&index) = self.by_key.get(&name) {
            // Another link may describe the page better.
            if let Some(entry) = self.entries.get_mut(index)
                && entry.state == ScanUrlState::Waiting
                && rank < entry.rank
            {
                entry.rank = rank;
                self.changed.insert(index);
            }
            return;
        }
        if self.entries.len() >= MAX_URLS {
            return;
        }
        let mut reason = trap(&url);
        if reason.is_none()
            && let Some((family, most)) = family(&url)
        {
            let count = self.families.entry(family).or_default();
            if *count >= most {
                reason = Some("enough URLs like it were fetched: the site seems to generate them without end");
            } else {
                *count += 1;
            }
        }
        let index = self.push(&url, rank, depth);
        if let Some(reason) = reason {
            self.end(index, ScanUrlState::LeftOut, Disposition::Trap, Some(reason));
        }
    }

    fn push(&mut self, url: &Url, rank: i16, depth: i16) -> usize {
        let index = self.entries.len();
        self.by_key.insert(key(url), index);
        self.entries.push(Entry {
            url: url.to_string(),
            rank,
            depth,
            state: ScanUrlState::Waiting,
            fetches: 0,
            disposition: None,
            reason: None,
            hash: None,
        });
        self.changed.insert(index);
        index
    }

    /// Returns the next URL: the one with the lowest rank, then the fewest links from the home page, then the first
    /// found.
    pub(super) fn next(&mut self, max_depth: i16) -> Option<usize> {
        loop {
            let waiting = self.entries.iter().enumerate().filter(|(_, entry)| {
                matches!(entry.state, ScanUrlState::Waiting | ScanUrlState::Fetching) && entry.depth <= max_depth
            });
            let (index, entry) = waiting.min_by_key(|(index, entry)| (entry.rank, entry.depth, *index))?;
            if entry.fetches < MAX_FETCHES {
                return Some(index);
            }
            let reason = "the crawl was interrupted twice while fetching it";
            self.end(index, ScanUrlState::Fetched, Disposition::Interrupted, Some(reason));
        }
    }

    /// Returns the number of pages requested.
    pub(super) fn fetched(&self) -> usize {
        self.entries.iter().filter(|entry| entry.fetches > 0).count()
    }

    /// Returns the number of pages that were requested but never stored.
    pub(super) fn lost(&self) -> usize {
        let lost = |entry: &&Entry| entry.disposition == Some(Disposition::Interrupted);
        self.entries.iter().filter(lost).count()
    }

    /// Returns whether any page was read.
    pub(super) fn has_read(&self) -> bool {
        let is_read = |disposition| {
            matches!(
                disposition,
                Disposition::Ok | Disposition::Partial | Disposition::Duplicate
            )
        };
        self.entries.iter().any(|entry| entry.disposition.is_some_and(is_read))
    }

    /// Returns whether a URL has its result, so that a redirect to it need not be followed.
    pub(super) fn is_done(&self, url: &Url) -> bool {
        let entry = self
            .by_key
            .get(&key(&normalised(url)))
            .and_then(|index| self.entries.get(*index));
        entry.is_some_and(|entry| matches!(entry.state, ScanUrlState::Fetched | ScanUrlState::LeftOut))
    }

    /// Records that a URL is being requested.
    pub(super) fn begin(&mut self, index: usize) {
        if let Some(entry) = self.entries.get_mut(index) {
            entry.state = ScanUrlState::Fetching;
            entry.fetches += 1;
            self.changed.insert(index);
        }
    }

    /// Records that a redirect led to a URL, which was thereby requested, and returns the URL's index.
    pub(super) fn pass(&mut self, url: &Url, depth: i16) -> usize {
        let url = normalised(url);
        let index = match self.by_key.get(&key(&url)) {
            Some(index) => *index,
            None => self.push(&url, 10, depth),
        };
        if let Some(entry) = self.entries.get_mut(index) {
            entry.fetches = entry.fetches.max(1);
            self.changed.insert(index);
        }
        index
    }

    /// Records the result for a URL.
    pub(super) fn end(&mut self, index: usize, state: ScanUrlState, disposition: Disposition, reason: Option<&str>) {
        if let Some(entry) = self.entries.get_mut(index) {
            entry.state = state;
            entry.disposition = Some(disposition);
            entry.reason = reason.map(str::to_owned);
            self.changed.insert(index);
        }
    }

    /// Makes a URL wait again.
    pub(super) fn put_back(&mut self, index: usize) {
        if let Some(entry) = self.entries.get_mut(index) {
            entry.state = ScanUrlState::Waiting;
            self.changed.insert(index);
        }
    }

    /// Puts back a URL that was not requested because its host cannot be resolved at the moment.
    pub(super) fn withdraw(&mut self, index: usize) {
        self.put_back(index);
        if let Some(entry) = self.entries.get_mut(index) {
            entry.fetches = entry.fetches.saturating_sub(1).max(0);
        }
    }

    /// Records the hash of a page's content, and returns the URL of another page with the same content.
    pub(super) fn says(&mut self, index: usize, hash: &str) -> Option<String> {
        if let Some(entry) = self.entries.get_mut(index) {
            entry.hash = Some(hash.to_owned());
            self.changed.insert(index);
        }
        match self.by_hash.get(hash) {
            Some(&other) if other != index => self.entries.get(other).map(|entry| entry.url.clone()),
            Some(_) => None,
            None => {
                self.by_hash.insert(hash.to_owned(), index);
                None
            }
        }
    }

    /// Leaves out a waiting URL because `page`, which declares it as its canonical URL, has the same content.
    pub(super) fn same(&mut self, url: &Url, page: &str) {
        let index = self.by_key.get(&key(&normalised(url))).copied();
        if let Some(index) = index
            && self
                .entries
                .get(index)
                .is_some_and(|entry| entry.state == ScanUrlState::Waiting)
        {
            let reason = format!("it is the canonical URL of {page}");
            self.end(index, ScanUrlState::LeftOut, Disposition::Canonical, Some(&reason));
        }
    }

    /// Returns the URLs to write, and marks them as written.
    pub(super) fn changes(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.changed).into_iter().collect()
    }

    /// Returns the rows of URLs for the database.
    pub(super) fn rows(&self, indices: &[usize]) -> Vec<NewEmailScanUrl<'_>> {
        let rows = indices.iter().filter_map(|&index| {
            let entry = self.entries.get(index)?;
            Some(NewEmailScanUrl {
                position: i32::try_from(index).ok()?,
                url: &entry.url,
                rank: entry.rank,
                depth: entry.depth,
                state: entry.state,
                fetches: entry.fetches,
                disposition: entry.disposition.map(Disposition::label),
                reason: entry.reason.as_deref(),
                content_hash: entry.hash.as_deref(),
            })
        });
        rows.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(path: &str) -> Url {
        Url::parse(&format!("https://acme.de{path}")).unwrap()
    }

    fn order(frontier: &mut Frontier) -> Vec<String> {
        let mut order = Vec::new();
        while let Some(index) = frontier.next(10) {
            order.push(frontier.get(index).unwrap().url.replace("https://acme.de", ""));
            frontier.begin(index);
            frontier.end(index, ScanUrlState::Fetched, Disposition::Ok, None);
        }
        order
    }

    #[test]
    fn important_pages_come_first_then_near_ones() {
        let mut frontier = Frontier::default();
        for (path, rank, depth) in [
            ("/", 0, 0),
            ("/deep", 10, 2),
            ("/b", 10, 1),
            ("/a", 10, 1),
            ("/team", 2, 2),
            ("/kontakt", 1, 1),
        ] {
            frontier.add(&url(path), rank, depth);
        }
        frontier.add(&url("/a/#x"), 10, 1);
        frontier.add(&url("/a.jpg"), 10, 1);
        assert_eq!(order(&mut frontier), ["/", "/kontakt", "/team", "/b", "/a", "/deep"]);
        assert_eq!(frontier.fetched(), 6);
    }

    #[test]
    fn endless_series_of_urls_are_cut_off() {
        let mut frontier = Frontier::default();
        for month in 1..=12 {
            frontier.add(&url(&format!("/calendar/2024/{month:02}")), 10, 1);
            frontier.add(&url(&format!("/list?page={month}")), 10, 1);
        }
        assert_eq!(order(&mut frontier).len(), 3 + 5);
    }

    #[test]
    fn an_interrupted_page_is_requested_only_once_more() {
        let mut frontier = Frontier::default();
        frontier.add(&url("/"), 0, 0);
        for _ in 0..2 {
            let index = frontier.next(10).unwrap();
            frontier.begin(index);
        }
        assert_eq!(frontier.next(10), None);
        assert_eq!(frontier.get(0).unwrap().disposition, Some(Disposition::Interrupted));
    }

    #[test]
    fn urls_read_back_as_they_were_written() {
        let mut frontier = Frontier::default();
        frontier.add(&url("/"), 0, 0);
        for page in 1..=7 {
            frontier.add(&url(&format!("/list?page={page}")), 10, 1);
        }
        frontier.begin(0);
        assert_eq!(frontier.says(0, "hash"), None);
        frontier.end(0, ScanUrlState::Fetched, Disposition::Ok, None);
        let changes = frontier.changes();
        let tenantless = |row: &NewEmailScanUrl<'_>| Entry {
            url: row.url.to_owned(),
            rank: row.rank,
            depth: row.depth,
            state: row.state,
            fetches: row.fetches,
            disposition: row.disposition.and_then(Disposition::read),
            reason: row.reason.map(str::to_owned),
            hash: row.content_hash.map(str::to_owned),
        };
        let rows: Vec<Entry> = frontier.rows(&changes).iter().map(tenantless).collect();
        assert_eq!(rows, frontier.entries);
        assert!(frontier.changes().is_empty());
    }
}
