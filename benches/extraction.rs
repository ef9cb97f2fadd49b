//! Extraction over a folder of HTML against bare parsing of the same bytes.
//!
//! `SCRAPERSKY_BENCH_HTML` names a folder to take instead of the fixtures.

#![expect(clippy::expect_used, reason = "a benchmark fails by panicking")]

use std::hint::black_box;
use std::path::{Path, PathBuf};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use scraper::Html;
use scrapersky::scrapers::domain::extract::{PageContext, extract};
use scrapersky::scrapers::html::{Limits, parse};
use url::Url;

/// The most pages of a folder, taken evenly from all of it.
const MAX_PAGES: usize = 300;
const MAX_PAGE_BYTES: u64 = 1 << 20;

fn html_files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && !path.is_symlink() {
            html_files(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "html")
            && entry.metadata().is_ok_and(|metadata| metadata.len() <= MAX_PAGE_BYTES)
        {
            into.push(path);
        }
    }
}

fn pages() -> Vec<String> {
    let fixtures = || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/domain");
    let folder = std::env::var_os("SCRAPERSKY_BENCH_HTML").map_or_else(fixtures, PathBuf::from);
    let mut files = Vec::new();
    html_files(&folder, &mut files);
    files.sort();
    let step = files.len().div_ceil(MAX_PAGES).max(1);
    files
        .iter()
        .step_by(step)
        .filter_map(|file| std::fs::read_to_string(file).ok())
        .collect()
}

fn extraction(criterion: &mut Criterion) {
    let pages = pages();
    let bytes: usize = pages.iter().map(String::len).sum();
    assert!(bytes > 0, "no pages to measure with");
    println!("{} pages, {bytes} bytes", pages.len());
    let final_url = Url::parse("https://www.acme.test/").expect("a literal URL");
    let context = PageContext {
        final_url: &final_url,
        headers: &[("content-type", "text/html")],
    };
    let limits = Limits::default();

    for (unit, throughput) in [
        ("bytes", Throughput::Bytes(bytes as u64)),
        ("pages", Throughput::Elements(pages.len() as u64)),
    ] {
        let mut group = criterion.benchmark_group(unit);
        group.sample_size(10).throughput(throughput);
        group.bench_function("bare parsing", |bencher| {
            bencher.iter(|| {
                pages
                    .iter()
                    .for_each(|page| drop(black_box(Html::parse_document(page))))
            });
        });
        group.bench_function("guarded parsing", |bencher| {
            bencher.iter(|| pages.iter().for_each(|page| drop(black_box(parse(page, &limits)))));
        });
        group.bench_function("guarded parsing and extraction", |bencher| {
            bencher.iter(|| {
                for page in &pages {
                    if let Ok(document) = parse(page, &limits) {
                        black_box(extract(&document, &context));
                    }
                }
            });
        });
        group.finish();
    }
}

criterion_group!(benches, extraction);
criterion_main!(benches);
