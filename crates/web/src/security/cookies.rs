//! The attributes of cookies (RFC 6265).

use reqwest::header::{HeaderMap, SET_COOKIE};

use super::Finding;

/// Maximum number of cookies that are judged.
const MAX_COOKIES: usize = 200;
/// A cookie of a hosting platform, whose attributes sites cannot set.
const OF_PLATFORM: &str = "heroku-session-affinity";

const TEST: &str = "cookies";
const NONE: Finding = Finding::new(TEST, "none", 0, "the page sets no cookies");
const SAME_SITE: Finding = Finding::new(
    TEST,
    "secure_with_same_site",
    5,
    "all cookies are Secure and SameSite, and session cookies are HttpOnly",
);
const SECURE: Finding = Finding::new(
    TEST,
    "secure",
    0,
    "all cookies are Secure, and session cookies are HttpOnly",
);
const UNSECURE_HSTS: Finding = Finding::new(
    TEST,
    "not_secure_but_hsts",
    -5,
    "a cookie is not Secure; only Strict-Transport-Security protects it",
);
const SESSION_UNSECURE_HSTS: Finding = Finding::new(
    TEST,
    "session_not_secure_but_hsts",
    -10,
    "a session cookie is not Secure; only Strict-Transport-Security protects it",
);
const UNSECURE: Finding = Finding::new(TEST, "not_secure", -20, "a cookie is not Secure");
const BAD_SAME_SITE: Finding = Finding::new(
    TEST,
    "same_site_invalid",
    -20,
    "the SameSite attribute of a cookie has no valid value, or is None without Secure",
);
const CSRF_WITHOUT_SAME_SITE: Finding = Finding::new(
    TEST,
    "anti_csrf_without_same_site",
    -20,
    "a cookie against forged requests has no SameSite attribute",
);
const SESSION_WITHOUT_HTTP_ONLY: Finding = Finding::new(
    TEST,
    "session_without_http_only",
    -30,
    "a session cookie is not HttpOnly",
);
const SESSION_UNSECURE: Finding = Finding::new(TEST, "session_not_secure", -40, "a session cookie is not Secure");

/// A cookie that a page sets.
struct Cookie {
    is_session: bool,
    is_anti_csrf: bool,
    is_secure: bool,
    is_http_only: bool,
    same_site: Option<SameSite>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum SameSite {
    Restricted,
    Open,
    Invalid,
}

impl Cookie {
    fn read(line: &str) -> Option<Self> {
        let mut parts = line.split(';');
        let name = parts.next()?.split('=').next()?.trim().to_ascii_lowercase();
        if name.is_empty() || name == OF_PLATFORM {
            return None;
        }
        let mut cookie = Self {
            is_session: name.contains("sess") || name.contains("login"),
            is_anti_csrf: name.contains("csrf"),
            is_secure: false,
            is_http_only: false,
            same_site: None,
        };
        for part in parts {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            match key.trim().to_ascii_lowercase().as_str() {
                "secure" => cookie.is_secure = true,
                "httponly" => cookie.is_http_only = true,
                "samesite" => {
                    cookie.same_site = Some(match value.trim().to_ascii_lowercase().as_str() {
                        "strict" | "lax" => SameSite::Restricted,
                        "none" => SameSite::Open,
                        _ => SameSite::Invalid,
                    });
                }
                _ => {}
            }
        }
        Some(cookie)
    }

    /// Returns the worst that can be said of it; `None` if there is nothing.
    fn worst(&self, is_protected: bool) -> Option<Finding> {
        let faults = [
            (self.is_session && !self.is_secure && !is_protected, SESSION_UNSECURE),
            (self.is_session && !self.is_http_only, SESSION_WITHOUT_HTTP_ONLY),
            (self.is_anti_csrf && self.same_site.is_none(), CSRF_WITHOUT_SAME_SITE),
            (
                self.same_site == Some(SameSite::Invalid)
                    || (self.same_site == Some(SameSite::Open) && !self.is_secure),
                BAD_SAME_SITE,
            ),
            (!self.is_secure && !is_protected, UNSECURE),
            (self.is_session && !self.is_secure, SESSION_UNSECURE_HSTS),
            (!self.is_secure, UNSECURE_HSTS),
        ];
        faults.into_iter().find(|(is_so, _)| *is_so).map(|(_, finding)| finding)
    }
}

/// Judges the cookies that a page sets; `is_protected` says whether Strict-Transport-Security keeps http away.
pub(super) fn judge(headers: &HeaderMap, is_protected: bool) -> Finding {
    let lines = headers.get_all(SET_COOKIE).iter().take(MAX_COOKIES);
    let cookies: Vec<Cookie> = lines
        .filter_map(|line| Cookie::read(&String::from_utf8_lossy(line.as_bytes())))
        .collect();
    let worst = cookies
        .iter()
        .filter_map(|cookie| cookie.worst(is_protected))
        .min_by_key(|finding| finding.modifier);
    match worst {
        Some(fault) => fault,
        None if cookies.is_empty() => NONE,
        None if cookies.iter().all(|cookie| cookie.same_site.is_some()) => SAME_SITE,
        None => SECURE,
    }
}
