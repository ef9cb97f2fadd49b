use std::path::PathBuf;

use url::Url;

use super::*;
use crate::extract::tests::RULES;
use crate::extract::{PageContext, SiteMetadata, extract};
use crate::html::{self, Limits};

fn read(markup: &str, url: &str, headers: &[(&str, &str)]) -> SiteMetadata {
    let document = html::parse(markup, &Limits::default()).unwrap();
    let context = PageContext {
        final_url: &Url::parse(url).unwrap(),
        headers,
        rules: &RULES,
    };
    extract(&document, &context)
}

fn page(markup: &str) -> SiteMetadata {
    read(markup, "https://www.acme.test/", &[])
}

fn names(claims: &[Claim]) -> Vec<&str> {
    claims.iter().map(|claim| claim.name.as_str()).collect()
}

fn claim<'c>(claims: &'c [Claim], name: &str) -> &'c Claim {
    let found = claims.iter().find(|claim| claim.name == name);
    found.unwrap_or_else(|| panic!("{name} is not among {:?}", names(claims)))
}

#[test]
fn every_sample_of_the_shipped_rules_is_judged_as_it_says() {
    let failures: Vec<String> = check_samples(&RULES).iter().map(ToString::to_string).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_page_that_mentions_wordpress_is_not_wordpress() {
    for markup in [
        "<p>WordPress, WooCommerce and Elementor: we build it in wp-content/themes/ and wp-includes/.",
        "<script>(function(w,l){w[l].push({'gtm.start':1,'page':'/wp-content/themes/x/'});})(window,'dataLayer');</script>",
        "<a href='https://wordpress.org/wp-content/uploads/a.jpg'>WordPress</a>",
        "<!-- moved from WordPress 6.4 -->",
        "<img src='https://partner.example/wp-content/uploads/a.jpg'>",
    ] {
        let found = page(markup);
        assert!(!found.wordpress.is_wordpress, "{markup}");
        assert_eq!(found.tech_stack.cms, [""; 0], "{markup}");
    }
}

#[test]
fn a_claim_has_evidence_with_page_sign_and_snippet() {
    let long = format!(
        "<link rel=stylesheet href='/wp-content/plugins/elementor/assets/css/frontend.min.css?ver=3.18.3&{}'>",
        "x".repeat(900)
    );
    let found = page(&long).technologies;
    let elementor = claim(&found, "Elementor");
    assert_eq!(elementor.category, Category::PageBuilder);
    assert_eq!(elementor.version.as_deref(), Some("3.18.3"));
    assert_eq!(elementor.confidence, 90);
    let [evidence] = elementor.evidence.as_slice() else {
        panic!("{elementor:?}")
    };
    assert_eq!(evidence.rule, "url plugins/elementor/");
    assert!(evidence.snippet.contains("plugins/elementor/") && evidence.snippet.chars().count() <= 200);
    assert_eq!(evidence.url.as_deref(), Some("https://www.acme.test/"));
    // WordPress is seen itself, by its folder.
    assert_eq!(claim(&found, "WordPress").evidence[0].rule, "own_url wp-content/");
}

#[test]
fn what_a_technology_needs_is_implied() {
    let found = page("<body class='elementor-kit-7'>").technologies;
    let wordpress = claim(&found, "WordPress");
    assert_eq!(wordpress.evidence[0].rule, "implied by Elementor");
    assert_eq!((wordpress.confidence, claim(&found, "Elementor").confidence), (81, 90));
    let found =
        page("<script src='/wp-content/plugins/elementor-pro/assets/js/frontend.min.js'></script>").technologies;
    assert_eq!(names(&found), ["WordPress", "Elementor", "Elementor Pro"]);
}

#[test]
fn two_weak_signs_of_different_kinds_prove_also_on_different_pages() {
    let (home, inner) = (
        "<div id='dnn_ContentPane'>",
        "<script src='/DesktopModules/a.js'></script>",
    );
    assert_eq!(names(&page(home).technologies), [""; 0]);
    assert_eq!(names(&page(inner).technologies), [""; 0]);
    // One kind in two places is not independent.
    assert_eq!(
        names(&page(&format!("{home}<div id='dnn_ctr1'>")).technologies),
        [""; 0]
    );
    let mut site = page(home);
    site.add_sightings(read(inner, "https://www.acme.test/about", &[]).sightings);
    let dnn = claim(&site.technologies, "DNN");
    let pages: Vec<_> = dnn
        .evidence
        .iter()
        .map(|evidence| evidence.url.as_deref().unwrap())
        .collect();
    assert_eq!(pages, ["https://www.acme.test/", "https://www.acme.test/about"]);
    assert_eq!(
        (dnn.confidence, site.tech_stack.cms.as_slice()),
        (64, ["DNN".to_owned()].as_slice())
    );
}

#[test]
fn headers_cookies_and_dns_are_signs() {
    let mut site = read(
        "",
        "https://www.acme.test/",
        &[("Server", "nginx/1.24.0"), ("Set-Cookie", "PHPSESSID=secret; path=/")],
    );
    let mut dns = Sightings::new(&RULES, None);
    dns.see_dns(DnsRecord::Mx, "1 ASPMX.L.GOOGLE.COM.");
    dns.see_dns(DnsRecord::Txt, "v=spf1 include:sendgrid.net ~all");
    // Who runs the DNS need not serve the site.
    dns.see_dns(DnsRecord::Ns, "ada.ns.cloudflare.com.");
    dns.see_dns(DnsRecord::Cname, "acme.netlify.app.");
    dns.see_cookie("laravel_session");
    site.add_sightings(dns);
    let found = &site.technologies;
    assert_eq!(
        names(found),
        ["PHP", "Laravel", "nginx", "Netlify", "Google Workspace", "SendGrid"]
    );
    assert_eq!(claim(found, "nginx").version.as_deref(), Some("1.24.0"));
    assert_eq!(claim(found, "Google Workspace").evidence[0].url, None);
    assert!(!serde_json::to_string(found).unwrap().contains("secret"));
}

#[test]
fn a_version_is_shown_if_nothing_contradicts_it() {
    let version = |markup: &str, name: &str| claim(&page(markup).technologies, name).version.clone();
    let jquery = |url: &str| format!("<script src='{url}'></script>");
    assert_eq!(
        version(&jquery("/js/jquery-3.7.1.min.js"), "jQuery").as_deref(),
        Some("3.7.1")
    );
    let both = jquery("/js/jquery-3.7.1.min.js") + &jquery("/js/jquery-1.12.4.min.js");
    assert_eq!(version(&both, "jQuery"), None);
    // A hash is not a version, and one behind a file that is not the plugin's own is another library's.
    for url in [
        "/wp-content/plugins/elementor/assets/css/frontend.min.css?ver=8f3e2d1c9b7a",
        "/wp-content/plugins/elementor/assets/css/frontend.min.css?ver=1700000000",
        "/wp-content/plugins/elementor/assets/lib/font-awesome/css/all.min.css?ver=5.15.3",
    ] {
        let markup = format!("<link rel=stylesheet href='{url}'>");
        assert_eq!(version(&markup, "Elementor"), None, "{url}");
    }
    // What the software says of itself counts more than a URL.
    let markup = "<meta name=generator content='WooCommerce 8.4.0'>\
                  <link rel=stylesheet href='/wp-content/plugins/woocommerce/assets/css/woocommerce.css?ver=6.4.2'>";
    assert_eq!(version(markup, "WooCommerce").as_deref(), Some("8.4.0"));
    // A URL may say the same in full.
    for (url, expected) in [("10.2.4", "10.2.4"), ("9.5.1", "10"), ("101.2", "10")] {
        let markup = format!(
            "<meta name=Generator content='Drupal 10 (https://www.drupal.org)'><script src='/core/misc/drupal.js?v={url}'></script>"
        );
        assert_eq!(version(&markup, "Drupal").as_deref(), Some(expected), "{url}");
    }
}

#[test]
fn a_frame_shows_embedded_services_and_not_the_pages_software() {
    let found = page(
        "<iframe src='https://partner.test/sites/default/files/a.html'></iframe>\
         <iframe src='https://www.youtube.com/embed/a'></iframe>",
    );
    assert_eq!(names(&found.technologies), ["YouTube"]);
}

#[test]
fn marks_are_never_claimed() {
    let found = page("<div id=cookie-notice>We use cookies");
    assert!(found.has_cookie_notice);
    assert_eq!(names(&found.technologies), [""; 0]);
}

/// A folder with one file of rules.
fn folder(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("own.toml");
    std::fs::write(&file, text).unwrap();
    (folder, file)
}

const OWN: &str = r#"[[technology]]
name = "Acme CMS"
category = "cms"
strong.meta = ["acme-cms"]
version.meta = ['^v([0-9.]+)$']
positive = [{ html = '<meta name="acme-cms" content="v1.2">', version = "1.2" }]
negative = [{ html = '<p>Acme CMS</p>' }]
"#;

#[test]
fn an_operators_rules_are_added_and_replace_those_of_the_same_name() {
    let replacing = OWN.replace("Acme CMS", "WordPress");
    for (text, name, added) in [(OWN, "Acme CMS", 1), (&replacing, "WordPress", 0)] {
        let (folder, _) = folder(text);
        let rules = Rules::with(&[folder.path()]).unwrap();
        assert_eq!(rules.len(), RULES.len() + added);
        let own = rules.iter().find(|rule| rule.name() == name).unwrap();
        assert_eq!((own.place().line, own.strong_signs(), own.has_version()), (1, 1, true));
        let failures = check_samples(&rules);
        assert!(failures.iter().all(|failure| failure.name != name), "{failures:?}");
    }
}

/// A change of [`OWN`] that breaks it: what is replaced by what, and the line and reason of the error.
type Broken = (&'static str, &'static str, usize, &'static str);

const BROKEN: &[Broken] = &[
    (
        "[[technology]]",
        "[[technology",
        1,
        "not valid TOML: invalid table header, expected `.`, `]]`",
    ),
    (
        "[[technology]]",
        "[technology]",
        1,
        "`technology` must be written as `[[technology]]`",
    ),
    (
        "[[technology]]",
        "[[technologie]]",
        1,
        "unknown field `technologie`: the nearest known one is `technology`",
    ),
    (
        "strong.meta",
        "strng.meta",
        4,
        "unknown field `strng`: the nearest known one is `strong`",
    ),
    (
        "strong.meta",
        "strong.mata",
        4,
        "unknown kind of sign `mata`: the nearest known one is `meta`",
    ),
    (
        "[{ html = '<p>",
        "[{ htm = '<p>",
        7,
        "unknown field of a sample `htm`: the nearest known one is `html`",
    ),
    (
        "\"cms\"",
        "\"cmss\"",
        3,
        "`category` is `cmss`, which is not known: the nearest known one is `cms`",
    ),
    (
        "[\"acme-cms\"]",
        "\"acme-cms\"",
        4,
        "`meta` must be a list of texts that are not empty",
    ),
    (
        "[\"acme-cms\"]",
        "[\"ac\"]",
        4,
        "`strong.meta` has the pattern `ac`: it must have at least 3 bytes",
    ),
    (
        "^v(",
        "^v[(",
        5,
        "`version.meta` is not a valid regular expression: unclosed character class",
    ),
    (
        "([0-9.]+)",
        "[0-9.]+",
        5,
        "`version.meta` must have exactly one group, which is the version",
    ),
    (
        "version.meta",
        "version.url",
        5,
        "`version.url` reads the text of a sign of the same kind: add one as `strong.url`",
    ),
    (
        ", version = \"1.2\"",
        "",
        1,
        "`Acme CMS` has no `version` in `positive`: a rule that reads a version needs a sample with the version that has to be found",
    ),
    (
        "negative = [{ html = '<p>Acme CMS</p>' }]\n",
        "",
        1,
        "`Acme CMS` has no `negative`: at least one sample is needed, such as `{ html = \"...\" }`",
    ),
    (
        "strong.meta = [\"acme-cms\"]\nversion.meta = ['^v([0-9.]+)$']\n",
        "",
        1,
        "`Acme CMS` has no `strong`: a technology needs at least one sign in `strong`, or two kinds in `weak`",
    ),
    (
        "\"cms\"\n",
        "\"cdn\"\nstrong.ns = [\"acme.test\"]\n",
        4,
        "`strong.ns` is not a sign of a `cdn`: name servers tell who runs the DNS, not who serves the site; use `cname` or `header`",
    ),
    (
        "\"cms\"\n",
        "\"hosting\"\nweak.mx = [\"acme.test\"]\n",
        4,
        "`weak.mx` is not a sign of a `hosting`: mail servers tell who takes the mail, not who serves the site; use `cname` or `header`",
    ),
    (
        "name = \"Acme CMS\"\n",
        "",
        1,
        "`name` is missing: every technology has one",
    ),
    (
        "category",
        "implies = [\"Wordpress\"]\ncategory",
        1,
        "`Acme CMS` implies `Wordpress`, which is not known: the nearest known one is `WordPress`",
    ),
];

#[test]
fn a_broken_file_is_refused_with_line_and_reason() {
    for (from, to, line, reason) in BROKEN {
        let text = OWN.replace(from, to);
        let (_folder, file) = folder(&text);
        let error = Rules::with(&[&file]).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("{}, line {line}: {reason}", file.display()),
            "{text}"
        );
    }
}

#[test]
fn two_rules_of_one_name_and_unreadable_files_are_refused() {
    let (_folder, file) = folder(&format!("{OWN}\n{OWN}"));
    let error = Rules::with(&[&file]).unwrap_err().to_string();
    let at = file.display();
    assert_eq!(
        error,
        format!("{at}, line 9: `Acme CMS` is already the name of a rule in {at}, line 1")
    );
    let missing = file.with_file_name("missing.toml");
    let error = Rules::with(&[&missing]).unwrap_err().to_string();
    assert_eq!(
        error,
        format!(
            "{}: cannot be read: No such file or directory (os error 2)",
            missing.display()
        )
    );
}

#[test]
fn a_sample_that_is_judged_otherwise_is_reported_with_its_line() {
    let text = OWN
        .replace("content=\"v1.2\"", "content=\"v1.3\"")
        .replace("'<p>Acme CMS</p>'", "'<meta name=\"acme-cms\">'");
    let (_folder, file) = folder(&text);
    let rules = Rules::with(&[&file]).unwrap();
    let failures: Vec<String> = check_samples(&rules).iter().map(ToString::to_string).collect();
    let at = file.display();
    assert_eq!(
        failures,
        [
            format!("{at}, line 6: Acme CMS: the sample has version 1.2, and 1.3 is found"),
            format!("{at}, line 7: Acme CMS: the negative sample is recognised"),
        ]
    );
}
