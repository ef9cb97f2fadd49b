//! Reading a sitemap of the standard's full size against a bare quick-xml loop over the same bytes.

use std::hint::black_box;
use std::ops::ControlFlow;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use quick_xml::events::Event;
use quick_xml::reader::Reader;
use scrapersky::scrapers::sitemap::{ParseLimits, parse};
use url::Url;

const URLS: usize = 50_000;

fn sitemap() -> String {
    let mut text =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n"
            .to_owned();
    for number in 0..URLS {
        text.push_str(&format!(
            "  <url>\n    <loc>https://www.example.com/product/category-{}/item-{number}?ref=map&amp;n={number}</loc>\n    \
             <lastmod>2024-{:02}-{:02}T10:20:30+00:00</lastmod>\n    <changefreq>weekly</changefreq>\n    <priority>0.8</priority>\n  </url>\n",
            number % 97,
            1 + number % 12,
            1 + number % 28,
        ));
    }
    text + "</urlset>\n"
}

/// The least that quick-xml can do: find the events.
fn bare(text: &[u8]) -> usize {
    let mut reader = Reader::from_reader(text);
    let (mut buffer, mut events) = (Vec::new(), 0);
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Eof) | Err(_) => return events,
            Ok(event) => {
                black_box(&event);
                events += 1;
            }
        }
    }
}

fn whole(text: &[u8], base: &Url) -> u64 {
    let mut letters = 0_u64;
    let summary = parse(text, base, None, &ParseLimits::default(), |item| {
        if let scrapersky::scrapers::sitemap::Item::Page(entry) = item {
            letters += entry.url.len() as u64;
        }
        ControlFlow::Continue(())
    });
    summary.pages + letters
}

fn compare(criterion: &mut Criterion) {
    let text = sitemap();
    let Ok(base) = Url::parse("https://www.example.com/sitemap.xml") else {
        return;
    };
    let mut group = criterion.benchmark_group("sitemap of 50,000 URLs");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.sample_size(20);
    group.bench_function("quick-xml events", |bencher| bencher.iter(|| bare(text.as_bytes())));
    group.bench_function("parse", |bencher| bencher.iter(|| whole(text.as_bytes(), &base)));
    group.finish();
}

criterion_group!(benches, compare);
criterion_main!(benches);
