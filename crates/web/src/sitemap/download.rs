//! Gets sitemap files, into temporary files: what is parsed is never held in memory, and nothing of the database is held
//! while the network is waited for.

use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::time::Duration;

use reqwest::StatusCode;
use url::Url;

use crate::fetch::{FetchError, Fetcher, Want};

/// A sitemap file that was fetched, with any status.
pub struct Fetched {
    /// What came; gone when it is dropped.
    pub file: File,
    /// The status.
    pub status: StatusCode,
    /// Where it came from at last.
    pub url: Url,
    /// The charset by the server's account.
    pub charset: Option<String>,
    /// Its size as it came, after what the transfer compressed.
    pub bytes: u64,
    /// Why it is not all there.
    pub cut: Option<FetchError>,
    /// How long it took, redirects included.
    pub elapsed: Duration,
}

/// Fetches a file of at most `max` bytes in at most `time`.
pub async fn download(fetcher: &Fetcher, url: &Url, max: usize, time: Duration) -> Result<Fetched, FetchError> {
    let kept = |error: std::io::Error| FetchError::File(error.kind());
    let mut file = tokio::fs::File::from_std(tempfile::tempfile().map_err(kept)?);
    // The media type is not asked about: sitemaps come as anything.
    let want = Want::anything().up_to(max).within(time);
    let download = fetcher.download(url, want, &mut file).await?;
    let mut file = file.into_std().await;
    file.seek(SeekFrom::Start(0)).map_err(kept)?;
    let page = download.page;
    Ok(Fetched {
        file,
        status: page.status,
        charset: page.content_type().and_then(charset),
        url: page.final_url,
        bytes: download.bytes,
        cut: download.cut,
        elapsed: page.elapsed,
    })
}

fn charset(content_type: &str) -> Option<String> {
    let parameters = content_type.split(';').skip(1);
    let mut pairs = parameters.filter_map(|parameter| parameter.split_once('='));
    let (_, charset) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))?;
    Some(charset.trim().trim_matches('"').to_owned())
}
