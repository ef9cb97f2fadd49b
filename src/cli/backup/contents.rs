//! Which parts of a dump are restored, and when.

/// Policies that the migrations make.
const OWN_POLICIES: [&str; 3] = [" scrapersky_access ", " scrapersky_isolation ", " scrapersky_system "];

/// The contents of a dump, as `pg_restore --list` prints and `--use-list` reads them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Types, functions, tables, rows, indexes, constraints, triggers, others' policies.
    pub structure: String,
    /// Grants. Roles that they name must exist.
    pub grants: String,
}

impl Contents {
    /// Sorts the lines of a list. Left out are the schema `public`, which every database has; default privileges, which only
    /// their owner can set; the program's own policies, which the migrations' functions make; and `outside` keys.
    pub fn of(list: &str, outside: &[String]) -> Self {
        let outside: Vec<String> = outside.iter().map(|key| format!("FK CONSTRAINT {key} ")).collect();
        let mut contents = Self::default();
        for line in list.lines().filter(|line| !line.starts_with(';')) {
            // "3853; 0 18539 TABLE DATA public api_calls owner"
            let Some(entry) = line.splitn(4, ' ').nth(3) else {
                continue;
            };
            let is_of_public = ["SCHEMA - public ", "COMMENT - SCHEMA public ", "ACL - SCHEMA public "]
                .iter()
                .any(|start| entry.starts_with(start));
            let is_own_policy = entry.starts_with("POLICY ") && OWN_POLICIES.iter().any(|name| entry.contains(name));
            let is_outside = outside.iter().any(|start| entry.starts_with(start));
            if is_of_public || is_own_policy || is_outside || entry.starts_with("DEFAULT ACL ") {
                continue;
            }
            let part = match entry.starts_with("ACL ") {
                true => &mut contents.grants,
                false => &mut contents.structure,
            };
            part.push_str(line);
            part.push('\n');
        }
        contents
    }
}

#[cfg(test)]
mod tests {
    use super::Contents;

    #[test]
    fn each_line_of_a_list_has_its_place() {
        let list = "; Archive created\n\
                    5; 2615 2200 SCHEMA - public po\n\
                    4; 0 0 ACL - SCHEMA public po\n\
                    6; 2615 17 SCHEMA - scrapersky_internal po\n\
                    7; 0 0 ACL public TABLE domains po\n\
                    8; 826 9 DEFAULT ACL public DEFAULT PRIVILEGES FOR TABLES po\n\
                    9; 0 18539 TABLE DATA public domains po\n\
                    10; 2606 1 FK CONSTRAINT public profiles profiles_id_fkey po\n\
                    11; 2606 1 FK CONSTRAINT public pages pages_domain_fkey po\n\
                    12; 3256 1 POLICY public domains scrapersky_access po\n\
                    13; 3256 1 POLICY public domains everybody po\n";
        let outside = ["public profiles profiles_id_fkey".to_owned()];
        let contents = Contents::of(list, &outside);
        let numbers = |text: &str| -> Vec<String> {
            let lines = text.lines().map(|line| line.split(';').next().unwrap().to_owned());
            lines.collect()
        };
        assert_eq!(numbers(&contents.structure), ["6", "9", "11", "13"]);
        assert_eq!(numbers(&contents.grants), ["7"]);
    }
}
