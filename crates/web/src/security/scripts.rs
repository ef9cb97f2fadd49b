//! What a page itself says that concerns security: its scripts, and policies that stand in for headers.

use super::Finding;

/// Maximum number of policies of each kind that are kept.
const MAX_POLICIES: usize = 5;

const TEST: &str = "subresource_integrity";
const NO_SCRIPTS: Finding = Finding::new(TEST, "no_scripts", 0, "the page has no scripts");
const OWN: Finding = Finding::new(TEST, "own_scripts", 0, "all scripts come from the site itself");
const OWN_PROTECTED: Finding = Finding::new(
    TEST,
    "own_scripts_protected",
    5,
    "all scripts come from the site itself, some with a hash of their content",
);
const PROTECTED: Finding = Finding::new(
    TEST,
    "foreign_scripts_protected",
    5,
    "scripts of other sites are loaded over https, with a hash of their content",
);
const UNPROTECTED: Finding = Finding::new(
    TEST,
    "foreign_scripts_unprotected",
    -5,
    "scripts of other sites are loaded over https, without a hash of their content",
);
const INSECURE: Finding = Finding::new(
    TEST,
    "foreign_scripts_insecure",
    -20,
    "scripts of other sites, with a hash of their content, are loaded over http or by a URL without a scheme",
);
const INSECURE_UNPROTECTED: Finding = Finding::new(
    TEST,
    "foreign_scripts_insecure_unprotected",
    -50,
    "scripts of other sites are loaded over http or by a URL without a scheme, without a hash of their content",
);

/// How a page loads scripts of other sites, worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ForeignScripts {
    /// Over https, with a hash of their content.
    Protected,
    /// Over http or by a URL without a scheme, with a hash.
    Insecure,
    /// Over https, without a hash.
    Unprotected,
    /// Over http or by a URL without a scheme, without a hash.
    InsecureUnprotected,
}

/// The observations about a page that concern security.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageSecurity {
    /// Whether the page has scripts.
    pub has_scripts: bool,
    /// Whether a script of the site itself has a hash of its content.
    pub has_own_hash: bool,
    /// How scripts of other sites are loaded, the worst of them.
    pub foreign_scripts: Option<ForeignScripts>,
    /// The policies in `<meta http-equiv="Content-Security-Policy">`.
    pub policies: Vec<String>,
    /// The policies in `<meta name="referrer">`.
    pub referrer_policies: Vec<String>,
}

impl PageSecurity {
    /// Records a script that the page loads: whether its URL names a scheme or only a host, and whether it belongs to the
    /// site.
    pub(crate) fn see_script(&mut self, src: &str, is_own: bool, is_https: bool, has_hash: bool) {
        let is_without_scheme = src.trim_start().starts_with("//");
        if is_own && !is_without_scheme {
            self.has_own_hash |= has_hash && is_https;
            return;
        }
        let is_secure = is_https && !is_without_scheme;
        let how = match (is_secure, has_hash) {
            (true, true) => ForeignScripts::Protected,
            (false, true) => ForeignScripts::Insecure,
            (true, false) => ForeignScripts::Unprotected,
            (false, false) => ForeignScripts::InsecureUnprotected,
        };
        self.foreign_scripts = self.foreign_scripts.max(Some(how));
    }

    /// Records a policy that stands in for a header.
    pub(crate) fn see_policy(&mut self, name: &str, content: &str) {
        let list = if name.eq_ignore_ascii_case("content-security-policy") {
            &mut self.policies
        } else if name.eq_ignore_ascii_case("referrer") {
            &mut self.referrer_policies
        } else {
            return;
        };
        if list.len() < MAX_POLICIES {
            list.push(content.to_owned());
        }
    }

    pub(super) fn judge(&self) -> Finding {
        match self.foreign_scripts {
            _ if !self.has_scripts => NO_SCRIPTS,
            None if self.has_own_hash => OWN_PROTECTED,
            None => OWN,
            Some(ForeignScripts::Protected) => PROTECTED,
            Some(ForeignScripts::Insecure) => INSECURE,
            Some(ForeignScripts::Unprotected) => UNPROTECTED,
            Some(ForeignScripts::InsecureUnprotected) => INSECURE_UNPROTECTED,
        }
    }
}
