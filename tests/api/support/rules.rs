//! The rules by which technologies are told, read once for all tests.

use std::sync::LazyLock;

use web::extract::technology::Rules;

/// The rules that ship with the program.
pub static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::standard().unwrap());
