//! The `sslmode`s, against servers with and without a certificate.

use std::fs;
use std::path::{Path, PathBuf};

use database::connection::Connection;
use diesel::QueryableByName;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use uuid::Uuid;

use crate::support::server::Server;

#[derive(QueryableByName)]
struct Encrypted {
    #[diesel(sql_type = Bool)]
    ssl: bool,
}

/// A certificate authority, and a key with a certificate for `localhost`.
struct Certificates {
    dir: PathBuf,
    authority: PathBuf,
}

impl Certificates {
    fn new() -> Self {
        let dir = PathBuf::from(format!("/tmp/sky-ca-{}", &Uuid::new_v4().simple().to_string()[..8]));
        fs::create_dir(&dir).unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        // A distinct name: otherwise only the signature would distinguish it from other authorities.
        let name = dir.display().to_string();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let authority = dir.join("ca.crt");
        fs::write(&authority, params.self_signed(&key).unwrap().pem()).unwrap();
        let issuer = Issuer::new(params, key);
        let server_key = KeyPair::generate().unwrap();
        let server = CertificateParams::new(vec!["localhost".to_owned()])
            .unwrap()
            .signed_by(&server_key, &issuer);
        Server::write_secret(&dir, "server.crt", &server.unwrap().pem());
        Server::write_secret(&dir, "server.key", &server_key.serialize_pem());
        Self { dir, authority }
    }

    fn file(&self, name: &str) -> String {
        self.dir.join(name).display().to_string()
    }
}

impl Drop for Certificates {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}

async fn connect(server: &Server, host: &str, mode: &str, roots: Option<&Path>) -> Result<bool, String> {
    let mut url = format!("{}?sslmode={mode}", server.tcp_url(host));
    if let Some(roots) = roots {
        url.push_str(&format!("&sslrootcert={}", roots.display()));
    }
    let mut conn = Connection::connect(&url.parse().unwrap())
        .await
        .map_err(|error| error.to_string())?;
    assert!(!conn.is_through_pooler(), "{mode}");
    let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    Ok(diesel::sql_query(sql)
        .get_result::<Encrypted>(&mut conn)
        .await
        .unwrap()
        .ssl)
}

#[tokio::test]
async fn each_mode_checks_the_certificate_as_specified() {
    let ours = Certificates::new();
    let others = Certificates::new();
    let (certificate, key) = (ours.file("server.crt"), ours.file("server.key"));
    let server = Server::start(&[
        ("ssl", "on"),
        ("ssl_cert_file", &certificate),
        ("ssl_key_file", &key),
        ("password_encryption", "scram-sha-256"),
    ]);
    let none = Some(Path::new("/nonexistent/root.crt"));
    let (ca, unknown) = (Some(ours.authority.as_path()), Some(others.authority.as_path()));
    // 127.0.0.1 is the wrong name: the certificate says localhost.
    for (host, mode, roots, encrypted) in [
        ("127.0.0.1", "disable", none, false),
        ("127.0.0.1", "allow", none, true),
        ("127.0.0.1", "prefer", none, true),
        ("127.0.0.1", "require", none, true),
        ("127.0.0.1", "require", ca, true),
        ("127.0.0.1", "verify-ca", ca, true),
        ("localhost", "verify-full", ca, true),
    ] {
        assert_eq!(
            connect(&server, host, mode, roots).await,
            Ok(encrypted),
            "{host} {mode} {roots:?}"
        );
    }
    for (host, mode, roots, said) in [
        ("127.0.0.1", "verify-full", ca, "not valid for"),
        ("127.0.0.1", "require", unknown, "UnknownIssuer"),
        ("127.0.0.1", "verify-ca", unknown, "UnknownIssuer"),
        ("localhost", "verify-full", unknown, "UnknownIssuer"),
        (
            "localhost",
            "verify-full",
            none,
            "root certificate file \"/nonexistent/root.crt\" does not exist",
        ),
        ("localhost", "verify-full", Some(Path::new("system")), "UnknownIssuer"),
    ] {
        let error = connect(&server, host, mode, roots).await.unwrap_err();
        assert!(error.contains(said), "{host} {mode} {roots:?}: {error}");
    }
}

#[tokio::test]
async fn only_prefer_accepts_a_server_without_a_certificate() {
    let server = Server::start(&[]);
    assert_eq!(connect(&server, "127.0.0.1", "prefer", None).await, Ok(false));
    let error = connect(&server, "127.0.0.1", "require", None).await.unwrap_err();
    assert!(error.contains("server does not support TLS"), "{error}");
}

#[tokio::test]
async fn each_server_may_refuse_encryption_and_the_first_refusal_is_reported() {
    let ours = Certificates::new();
    let (certificate, key) = (ours.file("server.crt"), ours.file("server.key"));
    let server = |name: &str, rules: &str| {
        Server::start(&[
            ("ssl", "on"),
            ("ssl_cert_file", &certificate),
            ("ssl_key_file", &key),
            (
                "hba_file",
                &Server::write_secret(&ours.dir, name, rules).display().to_string(),
            ),
        ])
    };
    let plain = server("plain", "hostnossl all all 127.0.0.1/32 trust\n");
    assert_eq!(connect(&plain, "127.0.0.1", "prefer", None).await, Ok(false));
    // The second server cannot be reached; that says nothing about encryption at the first.
    let with_another = format!("prefer&host=127.0.0.1,127.0.0.1&port={},1", plain.port());
    assert_eq!(connect(&plain, "127.0.0.1", &with_another, None).await, Ok(false));
    let closed = server("closed", "host all nobody 127.0.0.1/32 trust\n");
    let error = connect(&closed, "127.0.0.1", "prefer", None).await.unwrap_err();
    assert!(error.contains("SSL encryption"), "{error}");
}
