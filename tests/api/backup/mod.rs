//! `scrapersky backup` and `scrapersky restore`: every row comes back, wherever it was and whoever owns the database.

mod by_hand;
mod refusals;
mod ways;

use std::path::Path;

use tokio_postgres::Client;

use crate::migrations::adoption::own_database;
use crate::support::cluster::Scratch;
use crate::support::database::{TestDatabase, connect};
use crate::support::program::Program;

/// Who owns a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    /// The private PostgreSQL's superuser, on a server without the program's roles.
    Private,
    /// The superuser of a server with other databases.
    Superuser,
    /// A user that only owns the database and may create roles.
    Plain,
    /// Supabase's `postgres`.
    Supabase,
}

const OWNERS: [Owner; 4] = [Owner::Private, Owner::Superuser, Owner::Plain, Owner::Supabase];

/// An empty database, and the program that uses it.
struct Place {
    program: Program,
    /// The superuser's URL.
    admin: String,
    scratch: Scratch,
    _db: Option<TestDatabase>,
}

impl Place {
    async fn new(owner: Owner) -> Self {
        let scratch = Scratch::new();
        let mut program = Program::bare();
        program.set("SCRAPERSKY_LOG", "error");
        if owner == Owner::Private {
            program.set("SCRAPERSKY_DATA_DIR", scratch.path("pg").to_str().unwrap());
            let admin = program.run(&["db", "url"]);
            return Self {
                program,
                admin,
                scratch,
                _db: None,
            };
        }
        let mut db = TestDatabase::empty().await;
        let attributes = match owner {
            Owner::Private | Owner::Superuser => None,
            Owner::Plain => Some("NOSUPERUSER CREATEROLE NOBYPASSRLS"),
            Owner::Supabase => Some("NOSUPERUSER CREATEROLE BYPASSRLS"),
        };
        let admin = db.url().to_owned();
        let mut url = admin.clone();
        if let Some(attributes) = attributes {
            let login = db.login("backup_owner", attributes).await;
            own_database(&db.client().await, &login).await;
            url = login.url;
        }
        program.set("DATABASE_URL", &url);
        Self {
            program,
            admin,
            scratch,
            _db: Some(db),
        }
    }

    async fn client(&self) -> Client {
        connect(&self.admin).await
    }

    fn file(&self, name: &str) -> String {
        self.scratch.path(name).to_str().unwrap().to_owned()
    }

    /// Runs a command that must fail, and returns what it said.
    fn refusal(&self, arguments: &[&str]) -> String {
        let output = self.program.output(arguments);
        assert!(!output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stderr).unwrap() + &String::from_utf8(output.stdout).unwrap()
    }
}

/// Returns the names in a folder, without what PostgreSQL has there.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name != "pg").collect()
}
