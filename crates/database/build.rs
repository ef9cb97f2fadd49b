//! Rebuilds on new migrations: `embed_migrations!` does not notice a new folder.

fn main() {
    println!("cargo::rerun-if-changed=../../migrations");
}
