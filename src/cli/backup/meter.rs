//! Says from time to time how far a transfer is.

use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

/// How often it is said.
const INTERVAL: Duration = Duration::from_secs(10);

const MEGABYTE: u64 = 1024 * 1024;

/// Counts the bytes that pass.
pub struct Meter<T> {
    inner: T,
    what: &'static str,
    done: u64,
    total: Option<u64>,
    told: Instant,
}

impl<T> Meter<T> {
    /// Counts what passes to or from `inner`, out of `total` bytes if that is known.
    pub fn new(inner: T, what: &'static str, total: Option<u64>) -> Self {
        Self {
            inner,
            what,
            done: 0,
            total,
            told: Instant::now(),
        }
    }

    fn count(&mut self, bytes: usize) {
        self.done += bytes as u64;
        if self.told.elapsed() < INTERVAL {
            return;
        }
        self.told = Instant::now();
        let done = self.done / MEGABYTE;
        match self.total {
            Some(total) => log::info!("{}: {done} of {} MB", self.what, total / MEGABYTE),
            None => log::info!("{}: {done} MB", self.what),
        }
    }
}

impl<T: Read> Read for Meter<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count(read);
        Ok(read)
    }
}

impl<T: Write> Write for Meter<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.count(written);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
