//! Who stands in front of a site, who hosts it, and who runs its DNS and its mail: by the names and headers that
//! `rules/hosting.toml` lists. What no rule tells is unknown.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

const TABLE: &str = include_str!("../../../../rules/hosting.toml");

/// A provider and its evidence.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    name: String,
    #[serde(default)]
    kind: Option<Kind>,
    #[serde(default)]
    cname: Vec<String>,
    #[serde(default)]
    pointer: Vec<String>,
    #[serde(default)]
    header: BTreeMap<String, String>,
    #[serde(default)]
    ns: Vec<String>,
    #[serde(default)]
    mx: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Cdn,
    Hosting,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    provider: Vec<Rule>,
}

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    // A test reads the table.
    toml_edit::de::from_str::<Table>(TABLE).map_or_else(|_| Vec::new(), |table| table.provider)
});

/// The observations that tell providers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Signs<'a> {
    /// The names that the site's name leads to (CNAME), and that name itself.
    pub names: &'a [String],
    /// The names of its address (PTR).
    pub pointers: &'a [String],
    /// The headers of its page that are text.
    pub headers: &'a [(&'a str, &'a str)],
    /// Its name servers.
    pub name_servers: &'a [String],
    /// Its mail servers.
    pub mail_servers: &'a [String],
}

/// A provider, and what told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The name of the provider.
    pub provider: &'static str,
    /// The kind of evidence: `cname`, `ptr`, `header`, `ns` or `mx`.
    pub by: &'static str,
    /// The evidence itself: a name, or a header with its value.
    pub what: String,
}

/// The providers of a site; `None` where nothing tells one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Providers {
    /// Who stands in front of it.
    pub cdn: Option<Told>,
    /// Who hosts it.
    pub hosting: Option<Told>,
    /// Who runs its DNS.
    pub dns: Option<Told>,
    /// Who takes its mail.
    pub mail: Option<Told>,
}

/// Returns the providers that the signs tell.
///
/// Names and headers tell who serves a site. Name servers do not: DNS is often run by somebody else.
#[must_use]
pub fn providers(signs: &Signs<'_>) -> Providers {
    let serves = |kind| {
        let mut rules = RULES.iter().filter(|rule| rule.kind == Some(kind));
        let told = |rule: &'static Rule| {
            by_names(rule, &rule.cname, signs.names, "cname")
                .or_else(|| by_headers(rule, signs.headers))
                .or_else(|| by_names(rule, &rule.pointer, signs.pointers, "ptr"))
        };
        rules.find_map(told)
    };
    let runs =
        |ends: fn(&Rule) -> &[String], names, by| RULES.iter().find_map(|rule| by_names(rule, ends(rule), names, by));
    Providers {
        cdn: serves(Kind::Cdn),
        hosting: serves(Kind::Hosting),
        dns: runs(|rule| &rule.ns, signs.name_servers, "ns"),
        mail: runs(|rule| &rule.mx, signs.mail_servers, "mx"),
    }
}

fn by_names(rule: &'static Rule, ends: &[String], names: &[String], by: &'static str) -> Option<Told> {
    let name = names.iter().find(|name| ends.iter().any(|end| is_end(name, end)))?;
    Some(Told {
        provider: &rule.name,
        by,
        what: name.clone(),
    })
}

/// Returns whether the last labels of a name are those of `end`, where `#` stands for a number.
fn is_end(name: &str, end: &str) -> bool {
    let mut labels = name.trim_end_matches('.').rsplit('.');
    end.rsplit('.')
        .all(|wanted| labels.next().is_some_and(|label| is_label(label, wanted)))
}

fn is_label(label: &str, wanted: &str) -> bool {
    let Some(start) = wanted.strip_suffix('#') else {
        return label.eq_ignore_ascii_case(wanted);
    };
    label.split_at_checked(start.len()).is_some_and(|(own, number)| {
        own.eq_ignore_ascii_case(start) && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn by_headers(rule: &'static Rule, headers: &[(&str, &str)]) -> Option<Told> {
    let fits = |(name, value): &&(&str, &str)| {
        rule.header.iter().any(|(known, part)| {
            let is_named = if known.ends_with('-') {
                name.get(..known.len())
                    .is_some_and(|start| start.eq_ignore_ascii_case(known))
            } else {
                name.eq_ignore_ascii_case(known)
            };
            is_named && value.to_ascii_lowercase().contains(part)
        })
    };
    let (name, value) = headers.iter().find(fits)?;
    Some(Told {
        provider: &rule.name,
        by: "header",
        what: format!("{name}: {value}"),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn provider(told: Option<Told>) -> Option<(&'static str, &'static str)> {
        told.map(|told| (told.provider, told.by))
    }

    #[test]
    fn the_table_can_be_read_and_each_provider_can_be_told() {
        let table = toml_edit::de::from_str::<Table>(TABLE).unwrap().provider;
        assert!(table.len() >= 80, "{}", table.len());
        let mut seen = HashSet::new();
        for rule in &table {
            assert!(seen.insert(&rule.name), "{} is listed twice", rule.name);
            let serves = !rule.cname.is_empty() || !rule.pointer.is_empty() || !rule.header.is_empty();
            assert_eq!(serves, rule.kind.is_some(), "{}", rule.name);
            let all = [&rule.cname, &rule.pointer, &rule.ns, &rule.mx];
            let ends: Vec<&String> = all.into_iter().flatten().collect();
            assert!(serves || !ends.is_empty(), "{} cannot be told", rule.name);
            for end in ends {
                assert!(
                    end.contains('.') && *end == end.to_ascii_lowercase(),
                    "{}: {end}",
                    rule.name
                );
                assert!(!end.starts_with('.') && !end.ends_with('.'), "{}: {end}", rule.name);
            }
            for (name, part) in &rule.header {
                assert_eq!(*name, name.to_ascii_lowercase(), "{}", rule.name);
                assert_eq!(*part, part.to_ascii_lowercase(), "{}", rule.name);
            }
        }
        for kind in [Kind::Cdn, Kind::Hosting] {
            let mut ends = HashSet::new();
            let of_kind = table.iter().filter(|rule| rule.kind == Some(kind));
            for end in of_kind.flat_map(|rule| rule.cname.iter().chain(&rule.pointer).collect::<HashSet<_>>()) {
                assert!(ends.insert(end), "{end} tells two providers");
            }
        }
    }

    #[test]
    fn names_and_headers_tell_who_serves_a_site() {
        let (cname, pointer) = (
            names(&["acme.test", "d1.cloudfront.net"]),
            names(&["dd1234.kasserver.com."]),
        );
        let found = providers(&Signs {
            names: &cname,
            pointers: &pointer,
            ..Signs::default()
        });
        assert_eq!(provider(found.cdn), Some(("Amazon CloudFront", "cname")));
        assert_eq!(provider(found.hosting), Some(("ALL-INKL", "ptr")));
        let found = providers(&Signs {
            headers: &[("Server", "cloudflare"), ("X-Kinsta-Cache", "HIT")],
            ..Signs::default()
        });
        assert_eq!(provider(found.cdn), Some(("Cloudflare", "header")));
        let hosting = found.hosting.unwrap();
        assert_eq!(
            (hosting.provider, hosting.what.as_str()),
            ("Kinsta", "X-Kinsta-Cache: HIT")
        );
    }

    #[test]
    fn name_servers_tell_who_runs_dns_and_nothing_else() {
        let route = names(&["ns-1.awsdns-x.com", "ns-1536.awsdns-00.co.uk"]);
        let found = providers(&Signs {
            name_servers: &route,
            ..Signs::default()
        });
        assert_eq!(provider(found.dns), Some(("Amazon Route 53", "ns")));
        let (ns, mx) = (
            names(&["ada.ns.cloudflare.com"]),
            names(&["acme-test.mail.protection.outlook.com"]),
        );
        let found = providers(&Signs {
            name_servers: &ns,
            mail_servers: &mx,
            ..Signs::default()
        });
        assert_eq!(provider(found.dns), Some(("Cloudflare", "ns")));
        assert_eq!(provider(found.mail), Some(("Microsoft 365", "mx")));
        assert_eq!((found.cdn, found.hosting), (None, None));
    }

    #[test]
    fn what_only_resembles_a_provider_tells_none() {
        let other = names(&["notcloudfront.net", "cloudfront.net.evil.test", "mykasserver.com"]);
        let found = providers(&Signs {
            names: &other,
            pointers: &other,
            name_servers: &other,
            mail_servers: &other,
            headers: &[("server", "nginx"), ("x-wixy", "1"), ("via", "1.1 proxy")],
        });
        assert_eq!(found, Providers::default());
    }
}
