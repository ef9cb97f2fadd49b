//! PostgreSQL's client programs, by which backups are made and restored.

use std::{
    env,
    io::{self, ErrorKind, Read, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    thread::{self, JoinHandle},
};

use super::{
    locate::{self, candidates, major_of},
    output::error_of_client,
};

/// The programs that have to be in one folder.
const PROGRAMS: [&str; 3] = ["pg_dump", "pg_restore", "psql"];

/// The variables that are passed on: where libraries, root certificates and temporary files are.
const KEPT: [&str; 5] = ["HOME", "PATH", "LD_LIBRARY_PATH", "KRB5CCNAME", "TMPDIR"];

/// Why a client program cannot be used, or failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No installation has all of them in a version that is new enough.
    #[error(
        "PostgreSQL {needed} needs pg_dump, pg_restore and psql of that version or a newer one, and this machine has {found}: {hint}, or set SCRAPERSKY_PG_BIN"
    )]
    NotInstalled {
        /// The major version of the server or the backup.
        needed: u32,
        /// What was found instead, for people.
        found: String,
        /// How to install them on this machine.
        hint: String,
    },
    /// The configured folder has none, or older ones.
    #[error("SCRAPERSKY_PG_BIN names {}, which {reason}: point it at the bin folder of PostgreSQL {needed} or newer, or unset it", path.display())]
    Unusable {
        /// The configured folder.
        path: PathBuf,
        /// What is wrong with it, as the rest of "which ...".
        reason: String,
        /// The major version of the server or the backup.
        needed: u32,
    },
    /// The program ended with an error.
    #[error("{program} failed: {reason}")]
    Failed {
        /// Its name.
        program: &'static str,
        /// What it wrote about it.
        reason: String,
    },
    /// The program cannot be run, or its output cannot be written.
    #[error("cannot {action} {program}: {cause}")]
    Io {
        /// What was tried, as a verb: "run", "write the output of".
        action: &'static str,
        /// The program's name.
        program: &'static str,
        /// The system's error; part of the sentence, so not a `source` that would be printed again.
        cause: io::Error,
    },
}

/// An installation of the client programs, with the settings of one server.
#[derive(Clone, Debug)]
pub struct ClientPrograms {
    bin: PathBuf,
    version: String,
    major: u32,
    environment: Vec<(&'static str, String)>,
}

impl ClientPrograms {
    /// Finds `pg_dump`, `pg_restore` and `psql` in the oldest version that is not older than `needed`: in the folder `named`,
    /// or where this crate looks for the server's programs.
    ///
    /// # Errors
    ///
    /// [`ClientError::NotInstalled`] or [`ClientError::Unusable`].
    pub fn find(named: Option<&Path>, needed: u32) -> Result<Self, ClientError> {
        if let Some(bin) = named {
            let unusable = |reason| ClientError::Unusable {
                path: bin.to_path_buf(),
                reason,
                needed,
            };
            let found = Self::probe(bin).map_err(unusable)?;
            return match found.major >= needed {
                true => Ok(found),
                false => Err(unusable(format!("contains pg_dump {}", found.version))),
            };
        }
        // A link to a script that chooses a version by itself is not the program.
        let is_program = |bin: &PathBuf| {
            let real = bin.join(PROGRAMS[0]).canonicalize();
            real.is_ok_and(|real| real.file_name().is_some_and(|name| name == PROGRAMS[0]))
        };
        let mut found: Vec<Self> = candidates()
            .into_iter()
            .filter(is_program)
            .filter_map(|bin| Self::probe(&bin).ok())
            .collect();
        found.sort_by_key(|programs| programs.major);
        let versions: Vec<String> = found.iter().map(|programs| programs.version.clone()).collect();
        found
            .into_iter()
            .find(|programs| programs.major >= needed)
            .ok_or_else(|| ClientError::NotInstalled {
                needed,
                found: versions.last().map_or_else(|| "none".to_owned(), Clone::clone),
                hint: locate::client_hint(needed),
            })
    }

    fn probe(bin: &Path) -> Result<Self, String> {
        for program in PROGRAMS {
            if !bin.join(program).is_file() {
                return Err(format!("contains no `{program}`"));
            }
        }
        let output = Command::new(bin.join(PROGRAMS[0])).arg("--version").output();
        let printed = output.map_err(|error| format!("contains a `pg_dump` that does not run ({error})"))?;
        let printed = String::from_utf8_lossy(&printed.stdout).into_owned();
        let version = printed
            .split_whitespace()
            .find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
        let known = version.and_then(|version| Some((version.to_owned(), major_of(version)?)));
        let (version, major) = known.ok_or("contains a `pg_dump` that does not print its version")?;
        Ok(Self {
            bin: bin.to_path_buf(),
            version,
            major,
            environment: Vec::new(),
        })
    }

    /// Returns these programs with a server to connect to, as variables of libpq.
    #[must_use]
    pub fn connecting_to(self, environment: Vec<(&'static str, String)>) -> Self {
        Self { environment, ..self }
    }

    /// Returns the major version.
    #[must_use]
    pub fn major(&self) -> u32 {
        self.major
    }

    /// Runs `pg_dump`, and writes what it prints to `output`.
    ///
    /// # Errors
    ///
    /// [`ClientError::Failed`] with the reason it gave, or [`ClientError::Io`].
    pub fn dump(&self, arguments: &[String], output: &mut dyn Write) -> Result<(), ClientError> {
        self.run(PROGRAMS[0], arguments, &mut io::empty(), output)
    }

    /// Runs `pg_restore` on an archive, and writes what it prints to `output`.
    ///
    /// # Errors
    ///
    /// As [`dump`](Self::dump).
    pub fn unpack(
        &self,
        arguments: &[String],
        archive: &mut (dyn Read + Send),
        output: &mut dyn Write,
    ) -> Result<(), ClientError> {
        self.run(PROGRAMS[1], arguments, archive, output)
    }

    /// Starts `psql` on the server, which ends at the first statement that fails.
    ///
    /// # Errors
    ///
    /// [`ClientError::Io`].
    pub fn session(&self) -> Result<Session, ClientError> {
        let mut command = self.command(PROGRAMS[2]);
        command
            .args([
                "--no-psqlrc",
                "--no-password",
                "--quiet",
                "--set=ON_ERROR_STOP=1",
                "--file=-",
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::null());
        let mut process = Process::start(PROGRAMS[2], command)?;
        let input = process.child.stdin.take();
        Ok(Session { input, process })
    }

    fn run(
        &self,
        program: &'static str,
        arguments: &[String],
        input: &mut (dyn Read + Send),
        output: &mut dyn Write,
    ) -> Result<(), ClientError> {
        let mut command = self.command(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Process::start(program, command)?;
        let (stdin, stdout) = (process.child.stdin.take(), process.child.stdout.take());
        let written = thread::scope(|scope| {
            // A program that has read enough closes its input: not an error.
            scope.spawn(move || stdin.map(|mut stdin| io::copy(input, &mut stdin)));
            stdout.map_or(Ok(0), |mut stdout| {
                io::copy(&mut stdout, output).inspect_err(|_| drop(process.child.kill()))
            })
        });
        let ended = process.finish();
        written.map_err(|cause| ClientError::Io {
            action: "write the output of",
            program,
            cause,
        })?;
        ended
    }

    /// Returns a command with the settings of the server and no others: PGDATA, PGPORT and the like are meant for another, and
    /// the program's secrets for nobody.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        let kept = KEPT.iter().filter_map(|name| Some((name, env::var_os(name)?)));
        command
            .env_clear()
            .envs(kept)
            .env("LC_ALL", "C")
            .env("PGCLIENTENCODING", "UTF8")
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// A process whose messages are read while it runs.
#[derive(Debug)]
struct Process {
    program: &'static str,
    child: Child,
    messages: JoinHandle<String>,
}

impl Process {
    fn start(program: &'static str, mut command: Command) -> Result<Self, ClientError> {
        let failed = |cause| ClientError::Io {
            action: "run",
            program,
            cause,
        };
        let mut child = command.stderr(Stdio::piped()).spawn().map_err(failed)?;
        let stderr = child.stderr.take();
        let read = move || {
            let mut said = Vec::new();
            // What was read until then is what is known.
            let _ = stderr.map(|mut stderr| stderr.read_to_end(&mut said));
            String::from_utf8_lossy(&said).into_owned()
        };
        let messages = thread::Builder::new()
            .name(program.to_owned())
            .spawn(read)
            .map_err(failed)?;
        Ok(Self {
            program,
            child,
            messages,
        })
    }

    fn finish(mut self) -> Result<(), ClientError> {
        let program = self.program;
        let status = self.child.wait().map_err(|cause| ClientError::Io {
            action: "wait for",
            program,
            cause,
        })?;
        let said = self.messages.join().unwrap_or_default();
        if status.success() {
            return Ok(());
        }
        let reason = error_of_client(&said).unwrap_or_else(|| format!("it ended with {status}"));
        Err(ClientError::Failed { program, reason })
    }
}

/// A session of `psql`, to which statements are written. Ended before its transaction is committed, it changes nothing.
#[derive(Debug)]
pub struct Session {
    input: Option<ChildStdin>,
    process: Process,
}

impl Session {
    /// Ends the session after what was written.
    ///
    /// # Errors
    ///
    /// [`ClientError::Failed`] with the statement's error if one failed.
    pub fn finish(mut self) -> Result<(), ClientError> {
        drop(self.input.take());
        self.process.finish()
    }
}

impl Write for Session {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.input {
            Some(input) => input.write(bytes),
            None => Err(ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.input.as_mut().map_or(Ok(()), Write::flush)
    }
}
