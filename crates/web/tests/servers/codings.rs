//! Content codings.

use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use super::case::{Case, answer};

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn zlib(body: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn bare(body: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn brotli(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut out, 4096, 9, 22);
    writer.write_all(body).unwrap();
    drop(writer);
    out
}

fn coded(behaviour: &str, coding: &str, body: &[u8]) -> Case {
    let headers = format!("Content-Type: text/html\r\nContent-Encoding: {coding}\r\n");
    Case::http(behaviour, answer("200 OK", &headers, body))
}

pub fn cases() -> Vec<Case> {
    let page = b"hello";
    let damaged = "shop.test sent compressed content that cannot be read";
    let large = "shop.test sent a body larger than 100000 bytes, the limit";
    let unsupported = |coding: &str| format!("shop.test sent its answer in the unsupported encoding {coding}");
    let zeros = vec![b'0'; 20_000_000];
    let not_found = answer("404 X", "Content-Encoding: gzip\r\n", gzip(b"not here"));
    vec![
        coded("gzip", "gzip", &gzip(page)).says("hello"),
        coded("x-gzip", "x-gzip", &gzip(page)).says("hello"),
        coded("gzip in upper case", "GZIP", &gzip(page)).says("hello"),
        coded(
            "gzip with bytes behind it",
            "gzip",
            &[&gzip(page)[..], b"\0\0\0\0 junk"].concat(),
        )
        .says("hello"),
        coded("deflate", "deflate", &zlib(page)).says("hello"),
        coded("deflate without a frame", "deflate", &bare(page)).says("hello"),
        coded("Brotli", "br", &brotli(page)).says("hello"),
        coded("gzip of Brotli", "br, gzip", &gzip(&brotli(page))).says("hello"),
        coded("Brotli of gzip", "gzip, br", &brotli(&gzip(page))).says("hello"),
        coded("gzip twice", "gzip, gzip", &gzip(&gzip(page))).says("hello"),
        coded("identity", "identity", page).says("hello"),
        coded("a charset for a coding", "UTF-8", page).says("hello"),
        coded("none", "none", page).says("hello"),
        coded("a coding without a name", "", page).says("hello"),
        coded("zstd", "zstd", b"\x28\xb5\x2f\xfd").fails("unreadable", &unsupported("zstd")),
        coded("compress", "compress", b"\x1f\x9d\x90").fails("unreadable", &unsupported("compress")),
        coded("a text called gzip", "gzip", page).fails("unreadable", damaged),
        coded("a text called Brotli", "br", b"hello hello hello").fails("unreadable", damaged),
        coded("gzip that breaks off", "gzip", &gzip(page)[..14]).fails("unreadable", damaged),
        coded("deflate that breaks off", "deflate", &zlib(page)[..6]).fails("unreadable", damaged),
        coded("Brotli that breaks off", "br", &brotli(&zeros[..5000])[..8]).fails("unreadable", damaged),
        coded(
            "gzip with a wrong sum",
            "gzip",
            &[&gzip(page)[..gzip(page).len() - 8], &[0; 8]].concat(),
        )
        .fails("unreadable", damaged),
        coded("gzip of nothing", "gzip", b"")
            .fails("unreadable", "shop.test answered with status 200 and an empty page"),
        coded("gzip of blanks", "gzip", &gzip(b" \n "))
            .fails("unreadable", "shop.test answered with status 200 and an empty page"),
        coded("a bomb of gzip", "gzip", &gzip(&zeros)).fails("too large", large),
        coded("a bomb of Brotli", "br", &brotli(&zeros)).fails("too large", large),
        coded("a bomb in a bomb", "gzip, gzip", &gzip(&gzip(&zeros))).fails("too large", large),
        coded("a picture in gzip", "gzip", &gzip(b"\x89PNG\r\n\x1a\n"))
            .fails("unreadable", "shop.test answered with image/png instead of a web page"),
        Case::http("an error in gzip", not_found).fails("status", "shop.test answered with status 404"),
    ]
}
