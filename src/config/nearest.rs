//! The known name that a mistyped one is meant to be.

use std::fmt::Write;

pub use web::nearest::nearest;

/// Describes a name that is not known, by the nearest known one, else by all of them. The name may be a path, such as
/// `filter.status`.
#[must_use]
pub fn unknown(kind: &str, path: &str, known: &[&str]) -> String {
    let mut detail = format!("unknown {kind} `{path}`");
    let name = path.rsplit('.').next().unwrap_or(path);
    let rest = match (nearest(name, known), known) {
        (Some(near), _) => write!(detail, ": did you mean `{near}`?"),
        (None, []) => write!(detail, ": this route takes none"),
        (None, _) => write!(detail, "; expected one of `{}`", known.join("`, `")),
    };
    debug_assert!(rest.is_ok(), "writing to a string does not fail");
    detail
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_name_names_the_nearest() {
        let known = ["status", "kind", "created_from", "created_before"];
        assert_eq!(
            unknown("parameter", "statuss", &known),
            "unknown parameter `statuss`: did you mean `status`?"
        );
        assert_eq!(
            unknown("field", "x", &["ids", "filter"]),
            "unknown field `x`; expected one of `ids`, `filter`"
        );
        assert_eq!(
            unknown("parameter", "x", &[]),
            "unknown parameter `x`: this route takes none"
        );
    }
}
