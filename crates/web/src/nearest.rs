//! The known name that a mistyped one is meant to be.

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
    }
}
