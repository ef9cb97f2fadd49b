//! Normalised URLs, and what URLs reveal about their pages.

use url::Url;

/// Extensions of files that are not pages.
const FILES: &[&str] = &[
    "7z",
    "ai",
    "apk",
    "avi",
    "avif",
    "bmp",
    "bz2",
    "css",
    "csv",
    "dmg",
    "doc",
    "docx",
    "eot",
    "eps",
    "epub",
    "exe",
    "flac",
    "flv",
    "gif",
    "gz",
    "ico",
    "ics",
    "iso",
    "jar",
    "jpeg",
    "jpg",
    "js",
    "json",
    "m4a",
    "m4v",
    "map",
    "mjs",
    "mkv",
    "mov",
    "mp3",
    "mp4",
    "mpeg",
    "mpg",
    "msi",
    "odp",
    "ods",
    "odt",
    "ogg",
    "ogv",
    "otf",
    "pdf",
    "png",
    "ppt",
    "pptx",
    "ps",
    "psd",
    "rar",
    "rss",
    "rtf",
    "svg",
    "swf",
    "tar",
    "tgz",
    "tif",
    "tiff",
    "ttf",
    "wasm",
    "wav",
    "webm",
    "webmanifest",
    "webp",
    "wma",
    "wmv",
    "woff",
    "woff2",
    "xls",
    "xlsx",
    "xml",
    "zip",
];

/// Query parameters that track a visit.
const TRACKING: &[&str] = &[
    "_ga",
    "_gl",
    "dclid",
    "fbclid",
    "gad_source",
    "gbraid",
    "gclid",
    "igshid",
    "jsessionid",
    "mc_cid",
    "mc_eid",
    "msclkid",
    "phpsessid",
    "ref_src",
    "sessionid",
    "sid",
    "srsltid",
    "wbraid",
    "yclid",
];

/// Returns a URL without the parts that do not identify the page.
pub(in crate::email) fn normalised(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_fragment(None);
    // A URL with a host always allows removing them.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    let kept: Vec<String> = url
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| {
            let key = pair.split('=').next().unwrap_or_default().to_ascii_lowercase();
            !pair.is_empty() && !key.starts_with("utm_") && !TRACKING.contains(&key.as_str())
        })
        .map(str::to_owned)
        .collect();
    url.set_query(Some(kept.join("&").as_str()).filter(|query| !query.is_empty()));
    let path = url.path().to_owned();
    // `;jsessionid=...`
    if let Some((before, _)) = path.split_once(";jsessionid") {
        url.set_path(before);
    }
    url
}

/// Returns the key that URLs of the same page share: scheme, `www.` and a final slash make no difference.
pub(in crate::email) fn key(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!(
        "{}{port}{}{query}",
        host.strip_prefix("www.").unwrap_or(host),
        url.path().trim_end_matches('/')
    )
}

/// Returns whether a URL seems to lead to a page. One that contains an address is personal (`/unsubscribe?who=...`).
pub(in crate::email) fn is_page(url: &Url) -> bool {
    let spelled = url.as_str().replace("%40", "@");
    if spelled.rsplit_once('@').is_some_and(|(_, host)| host.contains('.')) {
        return false;
    }
    let name = url.path().rsplit('/').next().unwrap_or_default();
    match name.rsplit_once('.') {
        Some((_, extension)) => !FILES.contains(&extension.to_ascii_lowercase().as_str()),
        None => true,
    }
}
