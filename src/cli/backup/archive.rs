//! The file of a backup: a tar archive of what it holds as JSON, and of one or two dumps in `pg_dump`'s custom format.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};
use tar::{Archive, Builder, Header};

/// The version of this format.
const FORMAT: u32 = 1;

const MANIFEST: &str = "manifest.json";
/// The dump of everything but the rows that are hidden from the owner.
const DATABASE: &str = "database.dump";
/// The dump of those rows.
const HIDDEN: &str = "hidden.dump";

/// The size of tar's blocks, and of the zeros at its end, in bytes.
const BLOCK: u64 = 512;
const END: u64 = 2 * BLOCK;

/// The largest manifest that is read, in bytes.
const MAX_MANIFEST: u64 = 16 * 1024 * 1024;

/// What a backup holds.
#[derive(Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of the format.
    pub format: u32,
    /// When the snapshot was taken, in RFC 3339.
    pub created_at: String,
    /// The version of the server, such as `15.18`.
    pub server: String,
    /// The major version of `pg_dump`; an older `pg_restore` may not read it.
    pub client_major: u32,
    /// Every table.
    pub tables: Vec<Table>,
    /// Roles besides the program's own that grants and policies name.
    pub roles: Vec<String>,
    /// Foreign keys to other schemas, which are not restored: schema, table and constraint, separated by spaces.
    pub outside_keys: Vec<String>,
}

impl Manifest {
    /// Returns an empty one of the present format.
    pub fn new(created_at: String, server: String, client_major: u32) -> Self {
        Self {
            format: FORMAT,
            created_at,
            server,
            client_major,
            tables: Vec::new(),
            roles: Vec::new(),
            outside_keys: Vec::new(),
        }
    }

    /// Returns the number of rows of all tables.
    pub fn rows(&self) -> i64 {
        self.tables.iter().map(|table| table.rows).sum()
    }
}

/// A table, the number of its rows and their digest.
#[derive(Debug, Serialize, Deserialize)]
pub struct Table {
    pub name: String,
    pub rows: i64,
    pub digest: String,
}

/// A part of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dump {
    start: u64,
    /// Its length in bytes.
    pub length: u64,
}

/// Writes a backup's file.
pub struct Writer(Builder<File>);

impl Writer {
    /// Begins a file with its manifest.
    pub fn new(file: File, manifest: &Manifest) -> anyhow::Result<Self> {
        let mut builder = Builder::new(file);
        let json = serde_json::to_vec_pretty(manifest)?;
        let mut header = header();
        header.set_size(json.len() as u64);
        builder.append_data(&mut header, MANIFEST, &json[..])?;
        Ok(Self(builder))
    }

    /// Adds the dump of everything that `fill` writes.
    pub fn database<E>(&mut self, fill: impl FnOnce(&mut dyn Write) -> Result<(), E>) -> anyhow::Result<()>
    where
        anyhow::Error: From<E>,
    {
        self.dump(DATABASE, fill)
    }

    /// Adds the dump of the hidden rows.
    pub fn hidden<E>(&mut self, fill: impl FnOnce(&mut dyn Write) -> Result<(), E>) -> anyhow::Result<()>
    where
        anyhow::Error: From<E>,
    {
        self.dump(HIDDEN, fill)
    }

    fn dump<E>(&mut self, name: &str, fill: impl FnOnce(&mut dyn Write) -> Result<(), E>) -> anyhow::Result<()>
    where
        anyhow::Error: From<E>,
    {
        let mut header = header();
        let mut entry = self.0.append_writer(&mut header, name)?;
        fill(&mut entry)?;
        entry.finish()?;
        Ok(())
    }

    /// Completes the file, and waits until it is on the disk.
    pub fn finish(self) -> io::Result<()> {
        self.0.into_inner()?.sync_all()
    }
}

fn header() -> Header {
    let mut header = Header::new_gnu();
    header.set_mode(0o600);
    header
}

/// Reads a backup's file.
pub struct Reader {
    file: File,
    /// What it holds.
    pub manifest: Manifest,
    /// The dump of everything but the hidden rows.
    pub database: Dump,
    /// The dump of the hidden rows, if the owner saw not all of them.
    pub hidden: Option<Dump>,
}

impl Reader {
    /// Opens a file and checks that it is complete.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display();
        let file = File::open(path).with_context(|| format!("cannot open {shown}"))?;
        let no_backup = || format!("{shown} is not a complete backup of this program");
        let mut archive = Archive::new(file);
        let (mut manifest, mut database, mut hidden) = (None, None, None);
        for entry in archive.entries_with_seek().with_context(no_backup)? {
            let mut entry = entry.with_context(no_backup)?;
            let name = entry.path().with_context(no_backup)?.into_owned();
            let dump = Dump {
                start: entry.raw_file_position(),
                length: entry.size(),
            };
            match name.to_str() {
                Some(MANIFEST) => {
                    let mut json = String::new();
                    entry.by_ref().take(MAX_MANIFEST).read_to_string(&mut json)?;
                    manifest = Some(read_manifest(path, &json)?);
                }
                Some(DATABASE) => database = Some(dump),
                Some(HIDDEN) => hidden = Some(dump),
                _ => {}
            }
        }
        let file = archive.into_inner();
        let length = file.metadata()?.len();
        let (Some(manifest), Some(database)) = (manifest, database) else {
            bail!(no_backup());
        };
        let last = hidden.unwrap_or(database);
        let end = (last.start + last.length).next_multiple_of(BLOCK) + END;
        ensure!(end <= length, no_backup());
        Ok(Self {
            file,
            manifest,
            database,
            hidden,
        })
    }

    /// Returns the bytes of a dump from its start.
    pub fn read(&self, dump: Dump) -> io::Result<impl Read + Send + use<>> {
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(dump.start))?;
        Ok(file.take(dump.length))
    }
}

fn read_manifest(path: &Path, json: &str) -> anyhow::Result<Manifest> {
    #[derive(Deserialize)]
    struct Version {
        format: u32,
    }
    let shown = path.display();
    let version: Version =
        serde_json::from_str(json).with_context(|| format!("{shown} is not a backup of this program"))?;
    ensure!(
        version.format <= FORMAT,
        "{shown} has format {}, and this program knows formats up to {FORMAT}: restore it with the program that made it",
        version.format
    );
    serde_json::from_str(json).with_context(|| format!("the manifest of {shown} cannot be read"))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::{Manifest, Reader, Writer};

    #[test]
    fn a_file_gives_back_what_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.backup");
        let manifest = Manifest::new("2026-11-27T12:00:00Z".to_owned(), "15.18".to_owned(), 15);
        let mut writer = Writer::new(std::fs::File::create(&path).unwrap(), &manifest).unwrap();
        writer.database(|out| out.write_all(b"first")).unwrap();
        writer.hidden(|out| out.write_all(&[7; 1000])).unwrap();
        writer.finish().unwrap();

        let reader = Reader::open(&path).unwrap();
        assert_eq!(reader.manifest.server, "15.18");
        let mut text = String::new();
        reader.read(reader.database).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), reader.hidden.unwrap().length), ("first", 1000));

        let whole = std::fs::read(&path).unwrap();
        for length in [0, 100, 600, 2000, whole.len() - 1500] {
            std::fs::write(&path, &whole[..length]).unwrap();
            assert!(Reader::open(&path).is_err(), "cut off after {length} bytes");
        }
    }
}
