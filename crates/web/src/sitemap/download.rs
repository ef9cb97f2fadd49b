//! Download of sitemap files into temporary files, so that they are never held in memory and no database connection is
//! held during a download.

use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::time::Duration;

use reqwest::StatusCode;
use url::Url;

use crate::fetch::{FetchError, Fetcher, Want};

/// A downloaded sitemap file, whatever the status of the response.
pub struct Fetched {
    /// The content, which is deleted when the file is dropped.
    pub file: File,
    /// The HTTP status.
    pub status: StatusCode,
    /// The URL after all redirects.
    pub url: Url,
    /// The charset that the server declares.
    pub charset: Option<String>,
    /// The size in bytes, after decoding the transfer's compression.
    pub bytes: u64,
    /// Why the file is incomplete; `None` if it is complete.
    pub cut: Option<FetchError>,
    /// The duration of the download, including redirects.
    pub elapsed: Duration,
}

/// Downloads a file of at most `max` bytes in at most `time`.
pub async fn download(fetcher: &Fetcher, url: &Url, max: usize, time: Duration) -> Result<Fetched, FetchError> {
    let kept = |error: std::io::Error| FetchError::stored(&error);
    let mut file = tokio::fs::File::from_std(tempfile::tempfile().map_err(kept)?);
    // The media type is not checked, since servers send sitemaps under any type.
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
