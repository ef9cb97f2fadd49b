//! The known name that a mistyped one is meant to be.

use std::fmt::Write;

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

/// Returns the known name that differs in at most a third of its characters, the nearest one first.
#[must_use]
pub fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let name = name.to_lowercase();
    known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(&name, known), *known))
        .filter(|(distance, known)| *distance <= known.len().div_ceil(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_name_names_the_nearest() {
        let known = ["status", "kind", "created_from", "created_before"];
        for (name, near) in [
            ("statuss", Some("status")),
            ("Status", Some("status")),
            ("created_form", Some("created_from")),
            ("createdbefore", Some("created_before")),
            ("offset", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, &known), near, "{name}");
        }
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
