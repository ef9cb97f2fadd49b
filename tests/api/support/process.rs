//! Runs this binary again as another process, for tests that need two processes or kill one.

use std::{env, path::Path, path::PathBuf, process::Command};

use postgres::EmbeddedPostgres;

use super::{cluster, workers};

const ROLE: &str = "SCRAPERSKY_TEST_ROLE";
const FOLDER: &str = "SCRAPERSKY_TEST_FOLDER";

/// Returns the command that runs this binary as a helper with one of the roles in [`helper`].
pub fn helper_command(role: &str, folder: &Path) -> Command {
    let mut command = Command::new(env::current_exe().expect("this binary has a path"));
    command.args(["--exact", "support::process::helper", "--nocapture", "--test-threads=1"]);
    command.env(ROLE, role).env(FOLDER, folder);
    command
}

/// The entry of the helper process; as an ordinary test, without a role, it does nothing.
#[test]
fn helper() {
    let Ok(role) = env::var(ROLE) else { return };
    let folder = PathBuf::from(env::var_os(FOLDER).expect("a helper has a folder"));
    match role.as_str() {
        "supervise" => cluster::supervise(&folder),
        "start" => {
            let _user = cluster::count_in();
            let postgres = EmbeddedPostgres::start(&cluster::throwaway(&folder));
            match postgres {
                Ok(postgres) => {
                    println!("pid={} adopted={}", postgres.pid(), postgres.is_adopted())
                }
                Err(error) => println!("error={error}"),
            }
        }
        "slow clients" => crate::proxy::be_slow(folder.to_str().expect("an address and a number")),
        "soak" => crate::soak::work(),
        "work" => workers::work_in_another_process(folder.to_str().expect("a URL")),
        role => panic!("no such role: {role}"),
    }
}
