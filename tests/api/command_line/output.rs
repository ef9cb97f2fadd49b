//! What goes to standard error, and help.

use super::{printed, program, said};
use crate::support::program::Program;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_for_people_are_quiet_unless_they_are_told_otherwise() {
    let (_scene, mut program) = program().await;
    for arguments in [
        &["scan", "shop.bench.test"][..],
        &["emails", "shop.bench.test"],
        &["domains", "list"],
        &["keys", "list"],
        &["costs"],
    ] {
        let output = program.output(arguments);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(said(&output), "", "{arguments:?}");
    }
    // The site has no sitemap, which is said in one line.
    let output = program.output(&["sitemap", "shop.bench.test"]);
    assert!(
        said(&output).lines().all(|line| line.starts_with("scrapersky: ")),
        "{}",
        said(&output)
    );

    let verbose = said(&program.output(&["emails", "shop.bench.test", "--verbose"]));
    assert!(
        verbose.contains(" INFO ") && verbose.contains("stopped: 1 jobs completed"),
        "{verbose}"
    );
    program.set("RUST_LOG", "info");
    let set = said(&program.output(&["emails", "shop.bench.test"]));
    assert!(set.contains("stopped: 1 jobs completed"), "{set}");
    assert!(!set.contains('\u{1b}'), "standard error is no terminal: {set}");
}

#[test]
fn help_has_examples_and_completions_are_printed() {
    let program = Program::bare();
    let help = program.run(&["places", "search", "--help"]);
    assert!(help.contains("Examples:\n  scrapersky places search dentist"), "{help}");
    for shell in ["bash", "zsh", "fish"] {
        let script = printed(&program.output(&["completions", shell]));
        assert!(
            script.contains("scrapersky") && script.contains("contacts"),
            "{shell}: {script}"
        );
    }
}
