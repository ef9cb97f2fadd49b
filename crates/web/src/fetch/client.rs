//! The underlying HTTP clients and their trusted certificates.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT_LANGUAGE, HeaderMap, HeaderValue};
use reqwest::{Client, Method, redirect, retry};
use rustls::ClientConfig;
use rustls::client::{VerifierBuilderError, WebPkiServerVerifier};
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::policy::{Policy, Route};
use super::resolve::{Fixed, Guarded, Lookup};
use super::settings::{CONNECT_TIMEOUT, ConnectTo, FetchConfig, MAX_HEADER};
use super::tls::Judge;
use crate::trust::system_roots;

/// The maximum number of headers: more than any site sends, and than hyper's default of 100.
const MAX_HEADER_LINES: usize = 200;

/// How much of an HTTP/2 body may be sent before it is read.
const HTTP2_WINDOW: u32 = 1024 * 1024;

/// How long an idle connection is kept for the next request to its host.
const IDLE: Duration = Duration::from_secs(10);

/// The site's own language would be better if it has several; English is a guess.
const LANGUAGES: HeaderValue = HeaderValue::from_static("en;q=0.8, *;q=0.5");

/// Why the fetcher cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The file of `SCRAPERSKY_EXTRA_CA` cannot be used.
    #[error("SCRAPERSKY_EXTRA_CA names \"{}\", which holds no usable certificate: {reason}", .path.display())]
    ExtraCa {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// TLS rejects its configuration.
    #[error("TLS could not be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// TLS cannot use the certificates.
    #[error("TLS cannot use the trusted certificates: {0}")]
    Verifier(#[from] VerifierBuilderError),
    /// The HTTP client rejects its configuration.
    #[error("the HTTP client could not be set up: {0}")]
    Client(#[from] reqwest::Error),
}

/// Two clients for the internet, and one for each address in the operator's rules.
pub(super) struct Clients {
    direct: Client,
    /// The one that never speaks HTTP/2.
    http1: Client,
    rules: Vec<Client>,
}

impl Clients {
    pub(super) fn new(config: &FetchConfig, policy: &Arc<Policy>, lookup: Arc<dyn Lookup>) -> Result<Self, SetupError> {
        let mut tls = tls_config(config)?;
        // A rule's client sends the URL's port only in the Host header (see `Clients::request`), which HTTP/2 does not
        // support next to the URL.
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let rule = |rule: &ConnectTo| client(config, tls.clone(), Arc::new(Fixed(rule.to())));
        let rules = config.connect_to.iter().map(rule).collect::<Result<_, _>>()?;
        let resolver = Arc::new(Guarded::new(lookup, Arc::clone(policy)));
        let http1 = client(config, tls.clone(), Arc::clone(&resolver))?;
        tls.alpn_protocols.insert(0, b"h2".to_vec());
        let direct = client(config, tls, resolver)?;
        Ok(Self { direct, http1, rules })
    }

    /// Starts a request of a method for `url` along `route`, by HTTP/1.1 if `is_http1`.
    pub(super) fn request(
        &self,
        method: Method,
        route: Route,
        url: &url::Url,
        is_http1: bool,
    ) -> reqwest::RequestBuilder {
        let rule = match route {
            Route::Direct => None,
            Route::Rule(index) => self.rules.get(index),
        };
        match (rule, url.port()) {
            (None, _) if is_http1 => self.http1.request(method, url.clone()),
            (None, _) => self.direct.request(method, url.clone()),
            (Some(client), None) => client.request(method, url.clone()),
            (Some(client), Some(port)) => {
                // A port in the URL would override the resolver's.
                let mut to = url.clone();
                let _ = to.set_port(None);
                let host = format!("{}:{port}", url.host_str().unwrap_or_default());
                client.request(method, to).header(reqwest::header::HOST, host)
            }
        }
    }
}

fn client<R>(config: &FetchConfig, tls: ClientConfig, resolver: Arc<R>) -> Result<Client, reqwest::Error>
where
    R: reqwest::dns::Resolve + 'static,
{
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT_LANGUAGE, LANGUAGES);
    Client::builder()
        .tls_backend_preconfigured(tls)
        .tls_info(true)
        .dns_resolver(resolver)
        // A proxy would resolve the name itself.
        .no_proxy()
        .redirect(redirect::Policy::none())
        .referer(false)
        .retry(retry::never())
        .user_agent(config.user_agent.as_str())
        .default_headers(headers)
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_max_idle_per_host(1)
        .pool_idle_timeout(IDLE)
        .http1_max_headers(MAX_HEADER_LINES)
        // As browsers do: one malformed line does not make the others unreadable.
        .http1_ignore_invalid_headers_in_responses(true)
        .http1_allow_spaces_after_header_name_in_responses(true)
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .http2_max_header_list_size(MAX_HEADER)
        .http2_initial_stream_window_size(HTTP2_WINDOW)
        .http2_initial_connection_window_size(HTTP2_WINDOW)
        .build()
}

pub(super) fn tls_config(config: &FetchConfig) -> Result<ClientConfig, SetupError> {
    let mut roots = system_roots().store.clone();
    if roots.is_empty() {
        log::warn!("the system has no trusted certificates: no site can be fetched over https");
    }
    if let Some(path) = &config.extra_ca {
        let unusable = |reason: String| SetupError::ExtraCa {
            path: path.clone(),
            reason,
        };
        let mut found = 0;
        for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unusable(error.to_string()))? {
            let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
            roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
            found += 1;
        }
        if found == 0 {
            return Err(unusable("the file contains none".to_owned()));
        }
    }
    // Named explicitly: the process default depends on which other crates are linked.
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    // Without a certificate to trust there is nothing to judge by.
    if roots.is_empty() {
        return Ok(builder.with_root_certificates(roots).with_no_client_auth());
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build()?;
    Ok(builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Judge(verifier)))
        .with_no_client_auth())
}
