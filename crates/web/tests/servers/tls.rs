//! TLS and its certificates.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, date_time_ymd};
use rustls::ServerConfig;

use super::case::{Case, SHORT, page, page_or_no_robots};
use super::certificates::{Authority, of_versions, self_signed, speaking};
use super::server::{Reply, Server, Then};

const SITE: &str = "https://shop.test/";

fn https(behaviour: &str, tls: Arc<ServerConfig>) -> Case {
    replying(behaviour, tls, page("hello"))
}

fn replying(behaviour: &str, tls: Arc<ServerConfig>, reply: Reply) -> Case {
    Case::new(behaviour)
        .on("shop.test:443", Server::Https(tls, page_or_no_robots(reply)))
        .get(SITE)
}

/// A server that sends these bytes in answer to the client's first message.
fn hello(behaviour: &str, bytes: impl AsRef<[u8]>) -> Case {
    Case::new(behaviour)
        .on("shop.test:443", Server::Bytes(bytes.as_ref().to_vec(), Then::Close))
        .get(SITE)
}

/// A fatal alert (RFC 8446, 6).
fn alert(description: u8) -> [u8; 7] {
    [0x15, 3, 3, 0, 2, 2, description]
}

/// A server's first message, of a version and with a cipher (RFC 5246, 7.4.1.3).
fn server_hello(version: [u8; 2], cipher: [u8; 2]) -> Vec<u8> {
    let body = [&version[..], &[7; 32], &[0], &cipher, &[0]].concat();
    let length = u8::try_from(body.len()).unwrap();
    let record = [&[0x16][..], &version, &[0, length + 4], &[2, 0, 0, length], &body];
    record.concat()
}

fn between(from: i32, to: i32) -> impl FnOnce(&mut CertificateParams) {
    move |params| {
        params.not_before = date_time_ymd(from, 1, 2);
        params.not_after = date_time_ymd(to, 1, 2);
    }
}

fn said(reason: &str) -> String {
    format!("shop.test cannot be reached over TLS: {reason}")
}

pub fn cases() -> Vec<Case> {
    [accepted(), certificates(), issuers(), handshakes(), ends()]
        .into_iter()
        .flatten()
        .collect()
}

fn accepted() -> Vec<Case> {
    let root = Authority::trusted();
    let between_them = root.intermediate(|_| {});
    let chain = [between_them.der()];
    let whole = [between_them.der(), root.der()];
    let extra = [Authority::new("Stranger").der(), between_them.der()];
    vec![
        https("a certificate of a trusted authority", root.server("shop.test")).says("hello"),
        Case::new("a certificate for all subdomains of a name")
            .on(
                "www.shop.test:443",
                Server::Https(root.server("*.shop.test"), page_or_no_robots(page("hello"))),
            )
            .get("https://www.shop.test/")
            .says("hello"),
        https("a chain", between_them.server_with("shop.test", &chain, |_| {})).says("hello"),
        https(
            "a chain with its root",
            between_them.server_with("shop.test", &whole, |_| {}),
        )
        .says("hello"),
        https(
            "a chain with a stranger",
            between_them.server_with("shop.test", &extra, |_| {}),
        )
        .says("hello"),
        https("TLS 1.2 only", of_versions(&[&rustls::version::TLS12])).says("hello"),
        https("TLS 1.3 only", of_versions(&[&rustls::version::TLS13])).says("hello"),
        https(
            "HTTP/1.1 by agreement",
            speaking(&root.server("shop.test"), &["http/1.1"]),
        )
        .says("hello"),
    ]
}

fn certificates() -> Vec<Case> {
    let root = Authority::trusted();
    let old = root.intermediate(between(2001, 2002));
    let for_clients = |params: &mut CertificateParams| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    };
    vec![
        https(
            "an expired certificate",
            root.server_with("shop.test", &[], between(2001, 2002)),
        )
        .fails("expired", &said("its certificate expired on 2002-01-02")),
        https(
            "a certificate of the future",
            root.server_with("shop.test", &[], between(2201, 2202)),
        )
        .fails("not_yet_valid", &said("its certificate is not valid before 2201-01-02")),
        https(
            "an expired intermediate",
            old.server_with("shop.test", &[old.der()], |_| {}),
        )
        .fails("expired", &said("its certificate expired on 2002-01-02")),
        https("a certificate for another name", root.server("other.test"))
            .fails("wrong_name", &said("its certificate is for another name")),
        https("a certificate for www only", root.server("www.shop.test"))
            .fails("wrong_name", &said("its certificate is for another name")),
        https(
            "a certificate for clients",
            root.server_with("shop.test", &[], for_clients),
        )
        .fails("bad_certificate", &said("its certificate is invalid")),
    ]
}

fn issuers() -> Vec<Case> {
    let root = Authority::trusted();
    let (stranger, namesake) = (Authority::new("Stranger"), Authority::new("Trusted Root"));
    let ours = root.intermediate(|_| {});
    let authority = |params: &mut CertificateParams| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let missing =
        said("its certificate leads to no trusted authority: the server does not send the intermediate certificate");
    vec![
        https("a self-signed certificate", self_signed(|_| {}))
            .fails("self_signed", &said("its certificate is self-signed")),
        https("a self-signed certificate of an authority", self_signed(authority))
            .fails("self_signed", &said("its certificate is self-signed")),
        https(
            "an unknown authority",
            stranger.server_with("shop.test", &[stranger.der()], |_| {}),
        )
        .fails(
            "untrusted_issuer",
            &said("its certificate comes from an authority that is not trusted"),
        ),
        https("a missing intermediate", ours.server("shop.test")).fails("missing_intermediate", &missing),
        https(
            "a wrong intermediate",
            ours.server_with("shop.test", &[stranger.der()], |_| {}),
        )
        .fails("missing_intermediate", &missing),
        https("a signature by another key", namesake.server("shop.test"))
            .fails("wrong_signature", &said("the signature of its certificate is wrong")),
        https("an RSA key of 1024 bits", root.server_with_rsa_key(1024)).fails(
            "key_size",
            &said("its certificate has an RSA key of 1024 bits; expected 2048 to 8192"),
        ),
        https("an RSA key of 16384 bits", root.server_with_rsa_key(16384)).fails(
            "key_size",
            &said("its certificate has an RSA key of 16384 bits; expected 2048 to 8192"),
        ),
    ]
}

fn handshakes() -> Vec<Case> {
    let (old_protocol, no_common_cipher) = (
        said("the server speaks only versions older than TLS 1.2"),
        said("the server accepts none of the ciphers and parameters that were offered"),
    );
    let not_spoken = said("the server does not speak TLS");
    vec![
        hello("an alert: protocol version", alert(70)).fails("old_protocol", &old_protocol),
        hello("TLS 1.0", server_hello([3, 1], [0, 0x2f])).fails("old_protocol", &old_protocol),
        hello("TLS 1.1", server_hello([3, 2], [0, 0x2f])).fails("old_protocol", &old_protocol),
        hello("SSL 3.0", server_hello([3, 0], [0, 0x0a])).fails("old_protocol", &old_protocol),
        hello("an alert: handshake failure", alert(40)).fails("no_common_cipher", &no_common_cipher),
        hello("an alert: insufficient security", alert(71)).fails("no_common_cipher", &no_common_cipher),
        hello("a cipher of old", server_hello([3, 3], [0, 0x0a])).fails("no_common_cipher", &no_common_cipher),
        hello("an alert: unknown name", alert(112)).fails("unknown_name", &said("the server does not know this name")),
        hello("an alert: internal error", alert(80)).fails("refused", &said("the server refused the handshake")),
        hello("an alert: certificate required", alert(116)).fails(
            "wants_certificate",
            &said("the server requires a certificate from its visitors"),
        ),
        hello("an end at once", "").fails("ended", &said("the server ended the connection during the handshake")),
        hello("HTTP on the port of https", "HTTP/1.1 400 Bad Request\r\n\r\n").fails("not_spoken", &not_spoken),
        hello("SSH on the port of https", "SSH-2.0-OpenSSH_9.7\r\n").fails("not_spoken", &not_spoken),
        https(
            "no protocol in common",
            speaking(&Authority::trusted().server("shop.test"), &["spdy/1"]),
        )
        .fails("refused", &said("the server refused the handshake")),
        Case::new("a reset in the handshake")
            .on("shop.test:443", Server::Bytes(Vec::new(), Then::Reset))
            .get(SITE)
            .fails(
                "connection, again",
                "shop.test cannot be connected to: it ended the connection",
            ),
        Case::new("silence in the handshake")
            .on("shop.test:443", Server::Bytes(Vec::new(), Then::Hang))
            .within(SHORT)
            .get(SITE)
            .fails(
                "timeout, again",
                "shop.test took too long: the answer did not end within 0.6 s",
            ),
    ]
}

fn ends() -> Vec<Case> {
    let ending = |behaviour, head: &str, body: &str| {
        let bytes = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n{head}\r\n{body}");
        let tls = Authority::trusted().server("shop.test");
        replying(behaviour, tls, Reply(bytes.into_bytes(), Then::Drop))
    };
    let broken = "shop.test ended the connection before its answer was complete";
    vec![
        ending("no goodbye behind a length", "Content-Length: 5\r\n", "hello").says("hello"),
        ending("no goodbye and no length", "", "hello").says("hello"),
        ending(
            "no goodbye behind the last chunk",
            "Transfer-Encoding: chunked\r\n",
            "5\r\nhello\r\n0\r\n\r\n",
        )
        .says("hello"),
        ending(
            "no goodbye before the last chunk",
            "Transfer-Encoding: chunked\r\n",
            "5\r\nhello\r\n",
        )
        .fails("connection, again", broken),
        ending("no goodbye before the length", "Content-Length: 9\r\n", "hello").fails("connection, again", broken),
    ]
}
