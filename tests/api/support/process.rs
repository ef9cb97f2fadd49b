//! This binary run again as another process, for tests that need two of them, or one to kill.

use std::{env, path::Path, path::PathBuf, process::Command};

use postgres::EmbeddedPostgres;

use super::{cluster, workers};

const ROLE: &str = "SCRAPERSKY_TEST_ROLE";
const FOLDER: &str = "SCRAPERSKY_TEST_FOLDER";

/// Makes the command that runs this binary as a helper: `role` is one of those in [`helper`].
pub fn helper_command(role: &str, folder: &Path) -> Command {
    let mut command = Command::new(env::current_exe().expect("this binary has a path"));
    command.args(["--exact", "support::process::helper", "--nocapture", "--test-threads=1"]);
    command.env(ROLE, role).env(FOLDER, folder);
    command
}

/// The entry of the other process; as an ordinary test, without a role, it has nothing to do.
#[test]
fn helper() {
    let Ok(role) = env::var(ROLE) else { return };
    let folder = PathBuf::from(env::var_os(FOLDER).expect("a helper is told its folder"));
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
