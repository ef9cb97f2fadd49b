//! The sites of `tests/fixtures/web`, on loopback with TLS and DNS of their own.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Datelike, DurationRound, TimeDelta, Utc};
use rcgen::SanType;
use rustls::ServerConfig;
use scans::{EmailConfig, ScansConfig};
use serde::Deserialize;
use url::Url;
use web::fetch::{ConnectTo, FetchConfig};

use crate::support::name_server::{self, NameServer};
use crate::support::site::{Authority, Reply, Site, self_signed};

/// Nobody listens at this port.
const CLOSED: u16 = 1;

/// What `site.json` says of a site.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plan {
    /// What the site is like.
    #[expect(dead_code, reason = "it is for readers")]
    about: String,
    pub(super) domain: String,
    /// The addresses of the site: `site` shows its pages, `closed` refuses connections, a status and a URL are a redirect.
    doors: BTreeMap<String, String>,
    certificate: Option<CertificatePlan>,
    /// The status of all pages, instead of 200.
    #[serde(default)]
    status: Option<String>,
    /// Name, type and data of each record.
    dns: Vec<(String, String, String)>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CertificatePlan {
    names: Vec<String>,
    /// How many days it is valid from now on.
    days: i64,
    #[serde(default)]
    is_self_signed: bool,
}

/// A site: its folder, and what it serves.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) folder: PathBuf,
    pub(super) plan: Plan,
    pub(super) headers: Vec<(String, String)>,
    /// The files by path.
    pub(super) files: HashMap<String, String>,
}

/// A state of the sites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    First,
    /// With the files in `later` in the place of others.
    Later,
}

/// The running web. Dropped, it closes all doors.
pub(super) struct SampleWeb {
    pub(super) samples: Vec<Sample>,
    pub(super) clock: Clock,
    /// Addresses at which a site listens.
    pub(super) hosts: Vec<String>,
    config: ScansConfig,
    _names: NameServer,
    _doors: Vec<Site>,
}

/// What day it is to the sites and to what is expected of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock(pub(super) DateTime<Utc>);

impl Clock {
    pub(super) fn now() -> Self {
        Self(Utc::now().duration_trunc(TimeDelta::seconds(1)).unwrap())
    }

    /// The end of a certificate that is valid for this many days.
    pub(super) fn end(self, days: i64) -> DateTime<Utc> {
        self.0 + TimeDelta::days(days)
    }

    /// Puts times into a text: `{{year}}`, `{{in 90 days}}` and `{{date in 90 days}}`.
    pub(super) fn fill(self, text: &str) -> String {
        let mut filled = text.replace("{{year}}", &self.0.year().to_string());
        for (mark, format) in [("{{in ", "%Y-%m-%dT%H:%M:%S+00:00"), ("{{date in ", "%Y-%m-%d")] {
            while let Some((before, rest)) = filled.split_once(mark) {
                let (days, after) = rest.split_once(" days}}").unwrap();
                let end = self.end(days.parse().unwrap()).format(format);
                filled = format!("{before}{end}{after}");
            }
        }
        filled
    }
}

impl Sample {
    /// Reads the folder of a site.
    fn read(folder: &Path, version: Version, clock: Clock) -> Self {
        let mut sample = Self {
            folder: folder.to_owned(),
            plan: serde_json::from_str(&fs::read_to_string(folder.join("site.json")).unwrap()).unwrap(),
            headers: headers(&folder.join("headers")).unwrap_or_default(),
            files: HashMap::new(),
        };
        sample.add_files(&folder.join("pages"), clock);
        let later = folder.join("later");
        if version == Version::Later && later.exists() {
            if let Ok(plan) = fs::read_to_string(later.join("site.json")) {
                sample.plan = serde_json::from_str(&plan).unwrap();
            }
            if let Some(headers) = headers(&later.join("headers")) {
                sample.headers = headers;
            }
            sample.add_files(&later.join("pages"), clock);
        }
        sample
    }

    /// Adds the files below a folder; `index.html` is what a folder shows.
    fn add_files(&mut self, root: &Path, clock: Clock) {
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            let Ok(entries) = fs::read_dir(&folder) else { continue };
            for path in entries.map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let name = path.strip_prefix(root).unwrap().to_str().unwrap();
                let name = name.strip_suffix("index.html").unwrap_or(name);
                let text = clock.fill(&fs::read_to_string(&path).unwrap());
                self.files.insert(format!("/{name}"), text);
            }
        }
    }

    /// Returns the site's records as text, in the words of their snippets.
    pub(super) fn records(&self) -> String {
        let values = self.plan.dns.iter().map(|(_, _, value)| value.as_str());
        values.collect::<Vec<_>>().join("\n")
    }

    /// Returns what the site answers to a request for a path.
    fn reply(&self, path: &str) -> Reply {
        let Some(text) = self.files.get(path.split('?').next().unwrap_or_default()) else {
            return Reply::new("404 Not Found", &[("Content-Type", "text/html")], "Not found");
        };
        let kind = match path.rsplit_once('.') {
            Some((_, "txt")) => "text/plain; charset=utf-8",
            Some((_, "xml")) => "application/xml",
            _ => "text/html; charset=utf-8",
        };
        let mut headers: Vec<(&str, &str)> = vec![("Content-Type", kind)];
        let own = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        headers.extend(own.filter(|_| kind.starts_with("text/html")));
        let status = self.plan.status.as_deref().filter(|_| kind.starts_with("text/html"));
        Reply::new(status.unwrap_or("200 OK"), &headers, text)
    }

    fn tls(&self, authority: &Authority, clock: Clock) -> Option<Arc<ServerConfig>> {
        let plan = self.plan.certificate.as_ref()?;
        let (first, others) = plan.names.split_first().unwrap();
        if plan.is_self_signed {
            return Some(self_signed(first));
        }
        let time = |time: DateTime<Utc>| {
            rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(u64::try_from(time.timestamp()).unwrap())
        };
        Some(authority.server_with(first, &[b"http/1.1"], |params| {
            let names = others
                .iter()
                .map(|name| SanType::DnsName(name.as_str().try_into().unwrap()));
            params.subject_alt_names.extend(names);
            params.not_before = time(clock.end(plan.days.min(0)) - TimeDelta::days(90));
            params.not_after = time(clock.end(plan.days));
        }))
    }

    /// Opens the doors of the site on an address of its own.
    async fn open(&self, address: &str, tls: Option<Arc<ServerConfig>>, web: &mut Opened) {
        let listen = || format!("{address}:0").parse().unwrap();
        for (door, shows) in &self.plan.doors {
            let url = Url::parse(door).unwrap();
            let (host, port) = (url.host_str().unwrap(), url.port_or_known_default().unwrap());
            let tls = if url.scheme() == "https" { tls.clone() } else { None };
            let to = match shows.split_once(' ') {
                _ if shows == "closed" => format!("{address}:{CLOSED}"),
                Some((status, location)) => {
                    let (status, location) = (format!("{status} Moved"), location.to_owned());
                    // One that leads to a host keeps the path.
                    let redirect = move |path: &str| match location.strip_suffix('/') {
                        Some(host) => Reply::new(&status, &[("Location", &format!("{host}{path}"))], ""),
                        None => Reply::new(&status, &[("Location", &location)], ""),
                    };
                    web.opened(Site::on(listen(), tls, redirect).await)
                }
                None => {
                    let own = self.clone();
                    web.opened(Site::on(listen(), tls, move |path| own.reply(path)).await)
                }
            };
            web.rules.push(format!("{host}:{port}={to}").parse().unwrap());
        }
        // All other addresses of the name are closed, and none leads out of this machine.
        for host in [self.plan.domain.clone(), format!("*.{}", self.plan.domain)] {
            web.rules.push(format!("{host}={address}:{CLOSED}").parse().unwrap());
        }
    }
}

/// What is open so far.
#[derive(Default)]
struct Opened {
    doors: Vec<Site>,
    rules: Vec<ConnectTo>,
}

impl Opened {
    /// Keeps a door, and returns its address.
    fn opened(&mut self, door: Site) -> String {
        let address = door.addr.to_string();
        self.doors.push(door);
        address
    }
}

fn headers(file: &Path) -> Option<Vec<(String, String)>> {
    let text = fs::read_to_string(file).ok()?;
    let lines = text.lines().map(|line| line.split_once(": ").unwrap());
    Some(lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

/// The data of a record as a name server sends it.
fn record((owner, kind, value): &(String, String, String)) -> (String, u16, Vec<u8>) {
    let parts = || value.split_once(' ').unwrap();
    let (kind, data) = match kind.as_str() {
        "A" => (
            name_server::A,
            name_server::address(value.parse::<std::net::Ipv4Addr>().unwrap().octets()),
        ),
        "AAAA" => (
            name_server::AAAA,
            value.parse::<std::net::Ipv6Addr>().unwrap().octets().to_vec(),
        ),
        "CNAME" => (name_server::CNAME, name_server::name(value)),
        "PTR" => (name_server::PTR, name_server::name(value)),
        "NS" => (name_server::NS, name_server::name(value)),
        "TXT" => (name_server::TXT, name_server::text(value)),
        "MX" => (
            name_server::MX,
            name_server::mail(parts().0.parse().unwrap(), parts().1),
        ),
        "CAA" => (name_server::CAA, name_server::authority(parts().0, parts().1)),
        other => panic!("{other} is not a known type of record"),
    };
    (owner.clone(), kind, data)
}

/// Returns the folders of all sites, sorted.
fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/web");
    let entries = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

impl SampleWeb {
    /// Opens all sites.
    pub(super) async fn open(version: Version, authority: &Authority, clock: Clock) -> Self {
        let folders = folders();
        let samples: Vec<Sample> = folders
            .iter()
            .map(|folder| Sample::read(folder, version, clock))
            .collect();
        let mut opened = Opened::default();
        let mut hosts = Vec::new();
        for (number, sample) in samples.iter().enumerate() {
            let address = format!("127.0.1.{}", number + 1);
            sample.open(&address, sample.tls(authority, clock), &mut opened).await;
            hosts.push(address);
        }
        let names = NameServer::start(samples.iter().flat_map(|sample| &sample.plan.dns).map(record).collect()).await;
        let config = ScansConfig {
            fetch: FetchConfig {
                connect_to: opened.rules,
                extra_ca: Some(authority.file.clone()),
                timeout: Duration::from_secs(10),
                pace: Duration::ZERO,
                ..FetchConfig::default()
            },
            dns_server: Some(names.addr),
            email: EmailConfig {
                mx_check: false,
                ..EmailConfig::default()
            },
            ..ScansConfig::default()
        };
        Self {
            samples,
            clock,
            hosts,
            config,
            _names: names,
            _doors: opened.doors,
        }
    }

    /// Settings by which names lead to the sites: addresses, name server and authority.
    pub(super) fn config(&self) -> &ScansConfig {
        &self.config
    }

    /// The domains of all sites.
    pub(super) fn domains(&self) -> Vec<&str> {
        self.samples.iter().map(|sample| sample.plan.domain.as_str()).collect()
    }
}
