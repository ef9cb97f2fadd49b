//! How much room the disk of the private PostgreSQL has left.

use std::{
    fmt, io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::output::{WAL_SEGMENT, free_bytes};

/// How long a look at the disk is believed.
const BELIEVED: Duration = Duration::from_millis(250);

/// The disk of the private PostgreSQL, which work must not fill. Clones share what they saw.
///
/// The default one never runs short: that of a server whose disk this machine cannot see.
#[derive(Clone, Debug, Default)]
pub struct Disk(Option<Arc<Watched>>);

#[derive(Debug)]
struct Watched {
    folder: PathBuf,
    least: u64,
    seen: Mutex<Option<(Instant, Option<DiskShortage>)>>,
}

/// The disk has less room than it must have; displayed as a sentence for operators and clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskShortage {
    /// The bytes that are free.
    pub free: u64,
    /// The bytes that have to be.
    pub least: u64,
}

impl Disk {
    /// Watches the disk of `folder`, on which `least` bytes have to stay free; 0 switches this off.
    #[must_use]
    pub fn of(folder: PathBuf, least: u64) -> Self {
        Self((least > 0).then(|| {
            Arc::new(Watched {
                folder,
                least,
                seen: Mutex::default(),
            })
        }))
    }

    /// Returns how many bytes are free; `None` if this machine cannot see the disk.
    #[must_use]
    pub fn free(&self) -> Option<u64> {
        free_bytes(&self.0.as_deref()?.folder).ok()
    }

    /// Returns the shortage, if there is one. It looks at the disk at most four times a second, so that it may be asked
    /// for every few rows.
    #[must_use]
    pub fn shortage(&self) -> Option<DiskShortage> {
        let watched = self.0.as_deref()?;
        let mut seen = watched.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, shortage)) = *seen
            && at.elapsed() < BELIEVED
        {
            return shortage;
        }
        let shortage = watched.look().unwrap_or_else(|error| {
            log::debug!("the disk of {} cannot be looked at: {error}", watched.folder.display());
            None
        });
        *seen = Some((Instant::now(), shortage));
        shortage
    }
}

impl Watched {
    fn look(&self) -> io::Result<Option<DiskShortage>> {
        let (free, least) = (free_bytes(&self.folder)?, self.least);
        Ok((free < least).then_some(DiskShortage { free, least }))
    }
}

impl DiskShortage {
    /// Returns whether not even PostgreSQL itself has room to work: a segment of its log does not fit.
    #[must_use]
    pub fn is_full(self) -> bool {
        self.free < WAL_SEGMENT
    }
}

impl fmt::Display for DiskShortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MB: u64 = 1_000_000;
        let (free, least) = (self.free / MB, self.least / MB);
        write!(
            f,
            "the disk of the database has {free} MB left, and {least} MB have to stay free: no new work is accepted until \
             there is more room"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_short_below_its_mark_only() {
        let folder = std::env::temp_dir();
        assert_eq!(Disk::default().shortage(), None);
        assert_eq!(Disk::of(folder.clone(), 0).shortage(), None);
        assert_eq!(Disk::of(folder.clone(), 1).shortage(), None);
        let shortage = Disk::of(folder, u64::MAX).shortage();
        assert!(shortage.is_some_and(|shortage| !shortage.is_full()), "{shortage:?}");
        assert_eq!(Disk::of(PathBuf::from("/nowhere"), u64::MAX).shortage(), None);
    }
}
