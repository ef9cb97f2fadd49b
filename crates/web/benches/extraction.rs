//! Extraction over a folder of HTML against bare parsing of the same bytes.
//!
//! `SCRAPERSKY_BENCH_HTML` names a folder of pages. Without it the fixtures are taken, each with as many
//! product cards as make it the size of an ordinary home page: the fixtures alone are a kilobyte each and
//! hold little but addresses and numbers, whose validation costs some tens of microseconds a page.

#![expect(clippy::expect_used, reason = "a benchmark fails by panicking")]

use std::hint::black_box;
use std::path::{Path, PathBuf};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use scraper::Html;
use url::Url;
use web::extract::technology::Rules;
use web::extract::{PageContext, extract};
use web::html::{Limits, parse};

/// The most pages of a folder, taken evenly from all of it.
const MAX_PAGES: usize = 300;
const MAX_PAGE_BYTES: u64 = 1 << 20;
const HOME_PAGE_BYTES: usize = 100 << 10;

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

/// Fills a fixture up to the size of a home page.
fn home_page(fixture: &str) -> String {
    let (start, end) = fixture.split_at(fixture.rfind("</body>").unwrap_or(fixture.len()));
    let mut page = start.to_owned();
    for i in 0_usize.. {
        if page.len() >= HOME_PAGE_BYTES {
            break;
        }
        page.push_str(&format!(
            "<article class=\"card product type-product post-{i}\" data-id=\"{i}\"><a class=\"card-link\" href=\"/products/table-{i}?ref=home\">\
             <img class=\"lazy\" loading=\"lazy\" src=\"/images/table-{i}.jpg\" alt=\"Table {i}\" width=\"400\" height=\"300\"></a>\
             <h3><a href=\"/products/table-{i}\">Oak table no. {i}</a></h3><p>Solid oak, oiled by hand &amp; delivered within {} days. \
             Measures 180 x 90 cm and weighs 42 kg.</p><span class=\"price\"><del>1.{i:03},00 &euro;</del> <ins>999,00 &euro;</ins></span>\
             <button type=\"button\" class=\"btn btn-primary\">Add to cart</button></article>\n",
            i % 14 + 1
        ));
    }
    page + end
}

fn pages() -> Vec<String> {
    let Some(folder) = std::env::var_os("SCRAPERSKY_BENCH_HTML").map(PathBuf::from) else {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pages");
        return read_pages(&fixtures).iter().map(|page| home_page(page)).collect();
    };
    read_pages(&folder)
}

fn read_pages(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    html_files(folder, &mut files);
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
    let rules = Rules::standard().expect("the shipped rules are valid");
    let context = PageContext {
        final_url: &final_url,
        headers: &[("content-type", "text/html")],
        rules: &rules,
    };
    let limits = Limits::default();

    let throughput = Throughput::ElementsAndBytes {
        elements: pages.len() as u64,
        bytes: bytes as u64,
    };
    let mut group = criterion.benchmark_group("extraction");
    group.sample_size(20).throughput(throughput);
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

criterion_group!(benches, extraction);
criterion_main!(benches);
