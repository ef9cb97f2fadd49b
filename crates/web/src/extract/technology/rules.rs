//! The table of evidence. A technology is added by adding a line.

/// Where a technology is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Cms,
    Framework,
    Analytics,
    Widget,
    /// Not listed; it only shows a [`Sign`] or a flag of its own.
    Unlisted,
}

/// What the presence of a technology says beside itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::extract) enum Sign {
    /// The site asks about cookies.
    CookieNotice,
    /// The site sells.
    Shop,
    /// Robots are tested.
    Challenge,
    /// The domain is parked.
    Parked,
}

/// What proves a technology. None of it is the visible text, where people write about technologies.
#[derive(Clone, Copy, Debug)]
pub(super) enum Evidence {
    /// A part of the address of a script, stylesheet or frame, in any case; `#` stands for a number of eight digits or
    /// more, such as the time of a deployment.
    Url(&'static str),
    /// A part of an inline script, in any case.
    Script(&'static str),
    /// The start of a class or an id.
    Name(&'static str),
    /// The start of an attribute's name.
    Attribute(&'static str),
    /// The start of what `<meta name="generator">` says.
    Generator(&'static str),
    /// The name of a `<meta>`.
    Meta(&'static str),
    /// A header, or with a hyphen at its end the beginning of one, and a part of its value, in lower case.
    Header(&'static str, &'static str),
}

/// One technology.
pub(super) struct Rule {
    pub(super) kind: Kind,
    pub(super) name: &'static str,
    pub(super) evidence: &'static [Evidence],
    pub(super) signs: &'static [Sign],
}

use Evidence::{Attribute, Generator, Header, Meta, Name, Script, Url};
use Kind::{Analytics, Cms, Framework, Unlisted, Widget};
use Sign::{Challenge, CookieNotice, Parked, Shop};

const fn rule(kind: Kind, name: &'static str, evidence: &'static [Evidence]) -> Rule {
    Rule {
        kind,
        name,
        evidence,
        signs: &[],
    }
}

const fn sign(kind: Kind, name: &'static str, signs: &'static [Sign], evidence: &'static [Evidence]) -> Rule {
    Rule {
        kind,
        name,
        evidence,
        signs,
    }
}

/// All technologies, in the order in which they are listed.
#[rustfmt::skip]
pub(super) static RULES: &[Rule] = &[
    // WordPress is recognised by `wordpress.rs`, from files of the site itself.
    // Its block editor and its own inline styles are evidence wherever its files are.
    rule(Cms, "WordPress", &[Name("wp-block-"), Name("wp-site-blocks"), Name("wp-custom-logo"), Name("wp-singular"), Name("wp-emoji-styles-inline-css")]),
    sign(Cms, "Shopify", &[Shop], &[Url("cdn.shopify.com/s/files"), Url("/cdn/shop/t/"), Url("/cdn/shopifycloud/"), Script("Shopify.theme"), Script("Shopify.shop"), Name("shopify-section"), Meta("shopify-checkout-api-token"), Meta("shopify-digital-wallet"), Header("x-shopid", ""), Header("powered-by", "shopify")]),
    rule(Cms, "Wix", &[Generator("Wix.com"), Url("static.parastorage.com"), Script("wixBiSession"), Header("x-wix-", ""), Header("server", "pepyaka"), Name("SITE_CONTAINER")]),
    rule(Cms, "Squarespace", &[Generator("Squarespace"), Url("static1.squarespace.com"), Url("assets.squarespace.com"), Script("Static.SQUARESPACE_CONTEXT"), Header("server", "squarespace")]),
    rule(Cms, "Webflow", &[Generator("Webflow"), Attribute("data-wf-page"), Attribute("data-wf-site"), Url("website-files.com")]),
    rule(Cms, "Joomla", &[Generator("Joomla"), Url("/media/jui/"), Url("/media/system/js/core"), Name("joomla-script-options")]),
    rule(Cms, "Drupal", &[Generator("Drupal"), Attribute("data-drupal-"), Url("/sites/default/files/"), Url("/core/misc/drupal"), Script("Drupal.settings"), Header("x-generator", "drupal"), Header("x-drupal-cache", "")]),
    rule(Cms, "TYPO3", &[Generator("TYPO3"), Url("typo3temp/"), Url("typo3conf/"), Url("/_assets/typo3")]),
    sign(Cms, "Magento", &[Shop], &[Script("Magento_"), Url("/static/version#/frontend/"), Url("/static/version#/adminhtml/"), Url("/skin/frontend/"), Url("/static/frontend/Magento/"), Script("text/x-magento-init"), Header("x-magento-tags", "")]),
    sign(Cms, "PrestaShop", &[Shop], &[Generator("PrestaShop"), Script("var prestashop"), Header("powered-by", "prestashop")]),
    sign(Cms, "Shopware", &[Shop], &[Generator("Shopware"), Script("window.salesChannelId"), Name("is-ctl-"), Header("sw-version-id", "")]),
    sign(Cms, "OpenCart", &[Shop], &[Generator("OpenCart"), Url("catalog/view/javascript/common.js"), Url("catalog/view/theme/")]),
    sign(Cms, "BigCommerce", &[Shop], &[Url("cdn11.bigcommerce.com"), Script("BCData")]),
    rule(Cms, "Ghost", &[Generator("Ghost"), Url("ghost/portal"), Url("/ghost-sdk/")]),
    rule(Cms, "HubSpot CMS", &[Generator("HubSpot"), Url("/hs-fs/"), Url("/hubfs/"), Name("hs-content-id")]),
    rule(Cms, "Contao", &[Generator("Contao")]),
    rule(Cms, "Jimdo", &[Generator("Jimdo"), Url("assets.jimstatic.com"), Url("jimdo-storage")]),
    rule(Cms, "IONOS MyWebsite", &[Generator("IONOS MyWebsite"), Url("mywebsite-editor.com")]),
    rule(Cms, "Weebly", &[Url("editmysite.com"), Generator("Weebly")]),
    rule(Cms, "Duda", &[Generator("Duda"), Url("irp.cdn-website.com"), Url("lirp.cdn-website.com"), Url("irp-cdn.multiscreensite.com"), Url("static.cdn-website.com"), Url(".dudamobile.com/"), Url(".multiscreensite.com/"), Name("dmOuter"), Name("dmRoot")]),
    rule(Cms, "Hostinger Website Builder", &[Generator("Hostinger"), Generator("Zyro"), Url("assets.zyrosite.com"), Url("cdn.zyrosite.com"), Url("userapp.zyrosite.com")]),
    rule(Cms, "Strikingly", &[Generator("Strikingly"), Url(".strikinglycdn.com/")]),
    rule(Cms, "Webnode", &[Generator("Webnode")]),
    rule(Cms, "Webador", &[Generator("Webador"), Url("assets.webador.com"), Url("primary.jwwb.nl")]),
    rule(Cms, "Mobirise", &[Generator("Mobirise")]),
    rule(Cms, "Nicepage", &[Generator("Nicepage")]),
    rule(Cms, "Odoo", &[Generator("Odoo")]),
    rule(Cms, "Umbraco", &[Generator("Umbraco")]),
    rule(Cms, "Silverstripe", &[Generator("SilverStripe"), Generator("Silverstripe CMS")]),
    rule(Cms, "Neos", &[Generator("Neos")]),
    rule(Cms, "Statamic", &[Header("x-powered-by", "statamic")]),
    sign(Cms, "nopCommerce", &[Shop], &[Generator("nopCommerce")]),
    rule(Cms, "GoDaddy Website Builder", &[Generator("Starfield Technologies"), Generator("Go Daddy Website Builder"), Url("img1.wsimg.com/blobby/")]),
    rule(Cms, "Tilda", &[Url("static.tildacdn.com"), Name("t-records")]),
    rule(Cms, "Bitrix", &[Url("/bitrix/js/"), Url("/bitrix/cache/"), Header("x-powered-cms", "bitrix")]),
    rule(Cms, "Blogger", &[Generator("blogger"), Url("www.blogger.com/static")]),
    rule(Cms, "Craft CMS", &[Generator("Craft CMS"), Header("x-powered-by", "craft cms")]),
    rule(Cms, "Concrete CMS", &[Generator("concrete5"), Generator("Concrete CMS")]),
    rule(Cms, "Framer", &[Generator("Framer"), Url("framerusercontent.com")]),
    rule(Cms, "Hugo", &[Generator("Hugo")]),
    rule(Cms, "Jekyll", &[Generator("Jekyll")]),
    rule(Cms, "Sphinx", &[Url("_static/documentation_options.js"), Url("_static/sphinx_highlight.js"), Url("_static/doctools.js")]),
    rule(Cms, "MediaWiki", &[Generator("MediaWiki")]),
    rule(Cms, "Docusaurus", &[Generator("Docusaurus")]),

    rule(Framework, "Next.js", &[Url("/_next/static/"), Script("__NEXT_DATA__"), Script("self.__next_f"), Name("__next"), Header("x-powered-by", "next.js")]),
    rule(Framework, "Nuxt", &[Url("/_nuxt/"), Script("window.__NUXT__"), Name("__nuxt")]),
    rule(Framework, "Gatsby", &[Generator("Gatsby"), Name("___gatsby")]),
    rule(Framework, "Remix", &[Script("window.__remixContext"), Script("__reactRouterContext")]),
    rule(Framework, "Astro", &[Generator("Astro"), Url("/_astro/"), Attribute("data-astro-")]),
    rule(Framework, "React", &[Url("react-dom"), Url("react.production.min.js"), Attribute("data-reactroot"), Attribute("data-reactid"), Script("ReactDOM.")]),
    rule(Framework, "Vue.js", &[Url("/vue.min.js"), Url("/vue.js"), Url("/vue.global"), Url("/vue.runtime"), Url("npm/vue@"), Url("/vue@"), Attribute("data-v-app"), Attribute("data-server-rendered"), Attribute("v-cloak"), Script("new Vue("), Script("Vue.createApp")]),
    rule(Framework, "Angular", &[Attribute("ng-version")]),
    rule(Framework, "AngularJS", &[Attribute("ng-app"), Attribute("ng-controller"), Url("/angular.min.js"), Url("/angularjs/")]),
    rule(Framework, "Svelte", &[Name("svelte-"), Attribute("data-sveltekit-"), Script("__sveltekit_"), Url("/_app/immutable/")]),
    rule(Framework, "Alpine.js", &[Attribute("x-data"), Url("alpinejs")]),
    rule(Framework, "htmx", &[Attribute("hx-get"), Attribute("hx-post"), Attribute("hx-boost"), Url("htmx.org"), Url("/htmx.min.js")]),
    rule(Framework, "Stimulus", &[Attribute("data-controller"), Url("stimulus")]),
    rule(Framework, "Livewire", &[Attribute("wire:id"), Url("/livewire/livewire")]),
    rule(Framework, "jQuery", &[Url("/jquery.js"), Url("/jquery.min.js"), Url("/jquery.slim"), Url("/jquery-1"), Url("/jquery-2"), Url("/jquery-3"), Url("/jquery-4"), Url("libs/jquery/"), Url("npm/jquery@")]),
    // Many sites start with a script called bootstrap.js: the name alone is evidence of a style sheet only.
    rule(Framework, "Bootstrap", &[Url("/bootstrap.min.css"), Url("/bootstrap.css"), Url("/bootstrap.rtl.min.css"), Url("/bootstrap.bundle.min.js"), Url("npm/bootstrap@"), Url("npm/bootstrap/"), Url("/bootstrap@"), Url("/bootstrap/dist/"), Url("bootstrapcdn.com/bootstrap/"), Url("bootstrapcdn.com/twitter-bootstrap/"), Url("ajax/libs/twitter-bootstrap/"), Url("ajax/libs/bootstrap/"), Attribute("data-bs-")]),
    rule(Framework, "Tailwind CSS", &[Url("cdn.tailwindcss.com"), Url("tailwind.min.css"), Url("tailwind.css"), Url("@tailwindcss/browser")]),
    rule(Framework, "Foundation", &[Url("/foundation.min."), Url("/foundation.css")]),
    rule(Framework, "Bulma", &[Url("/bulma.min.css"), Url("npm/bulma@")]),

    rule(Analytics, "Google Analytics", &[Url("googletagmanager.com/gtag/js?id=g-"), Url("googletagmanager.com/gtag/js?id=ua-"), Url("google-analytics.com/"), Script("google-analytics.com/"), Script("GoogleAnalyticsObject"), Script("gtag('config', 'G-"), Script("gtag('config','G-"), Script("gtag(\"config\",\"G-"), Script("gtag(\"config\", \"G-"), Script("gtag('config', 'UA-")]),
    rule(Analytics, "Google Tag Manager", &[Url("googletagmanager.com/gtm.js"), Url("googletagmanager.com/ns.html"), Script("googletagmanager.com/gtm.js"), Script("gtm.start")]),
    rule(Analytics, "Google Ads", &[Url("googletagmanager.com/gtag/js?id=aw-"), Url("googleadservices.com/pagead/conversion"), Script("gtag('config', 'AW-"), Script("gtag('config','AW-")]),
    rule(Analytics, "Meta Pixel", &[Url("connect.facebook.net/signals"), Script("connect.facebook.net/en_US/fbevents.js"), Script("/fbevents.js"), Url("/fbevents.js")]),
    rule(Analytics, "Matomo", &[Url("/matomo.js"), Url("/piwik.js"), Url("cdn.matomo.cloud"), Script("matomo.js"), Script("piwik.js"), Script("_paq.push")]),
    rule(Analytics, "Plausible", &[Url("plausible.io/js/"), Url("/js/plausible.")]),
    rule(Analytics, "Fathom", &[Url("cdn.usefathom.com")]),
    rule(Analytics, "Umami", &[Url("umami.is/script.js"), Attribute("data-website-id")]),
    rule(Analytics, "Hotjar", &[Url("static.hotjar.com"), Script("static.hotjar.com")]),
    rule(Analytics, "Microsoft Clarity", &[Url("clarity.ms/tag"), Script("clarity.ms/tag")]),
    rule(Analytics, "LinkedIn Insight", &[Url("snap.licdn.com"), Script("snap.licdn.com"), Script("_linkedin_partner_id")]),
    rule(Analytics, "TikTok Pixel", &[Url("analytics.tiktok.com"), Script("analytics.tiktok.com")]),
    rule(Analytics, "Yandex Metrica", &[Url("mc.yandex.ru"), Script("mc.yandex.ru")]),
    rule(Analytics, "Segment", &[Url("cdn.segment.com/analytics.js"), Script("cdn.segment.com/analytics.js")]),
    rule(Analytics, "Mixpanel", &[Url("cdn.mxpnl.com"), Script("mixpanel.init")]),
    rule(Analytics, "HubSpot Analytics", &[Url("js.hs-analytics.net"), Url("js.hs-scripts.com"), Url("js-eu1.hs-scripts.com")]),
    rule(Analytics, "etracker", &[Url("code.etracker.com")]),
    rule(Analytics, "Cloudflare Web Analytics", &[Url("static.cloudflareinsights.com")]),
    rule(Analytics, "Adobe Analytics", &[Url("assets.adobedtm.com"), Url("omtrdc.net")]),
    rule(Analytics, "Baidu Tongji", &[Script("hm.baidu.com/hm.js"), Url("hm.baidu.com/hm.js")]),

    rule(Widget, "Intercom", &[Url("widget.intercom.io"), Script("widget.intercom.io"), Script("window.intercomSettings")]),
    rule(Widget, "Tawk.to", &[Url("embed.tawk.to"), Script("embed.tawk.to")]),
    rule(Widget, "Zendesk", &[Url("static.zdassets.com"), Script("static.zdassets.com")]),
    rule(Widget, "Drift", &[Url("js.driftt.com"), Script("js.driftt.com")]),
    rule(Widget, "Crisp", &[Url("client.crisp.chat"), Script("client.crisp.chat")]),
    rule(Widget, "LiveChat", &[Url("cdn.livechatinc.com"), Script("cdn.livechatinc.com")]),
    rule(Widget, "Tidio", &[Url("code.tidio.co"), Script("code.tidio.co")]),
    rule(Widget, "Userlike", &[Url("userlike-cdn-widgets"), Script("userlike-cdn-widgets")]),
    rule(Widget, "Olark", &[Url("static.olark.com"), Script("static.olark.com")]),
    rule(Widget, "JivoChat", &[Url("code.jivosite.com"), Url("code.jivo.ru"), Script("code.jivosite.com")]),
    rule(Widget, "Calendly", &[Url("assets.calendly.com"), Url("calendly.com/"), Name("calendly-inline-widget")]),
    rule(Widget, "HubSpot Forms", &[Url("js.hsforms.net"), Script("hbspt.forms.create")]),
    rule(Widget, "Mailchimp", &[Url("chimpstatic.com"), Script("chimpstatic.com"), Name("mc_embed_signup")]),
    rule(Widget, "Typeform", &[Url("embed.typeform.com"), Url("typeform.com/to/")]),
    rule(Widget, "reCAPTCHA", &[Url("google.com/recaptcha/"), Url("recaptcha.net/recaptcha/"), Url("gstatic.com/recaptcha/"), Name("g-recaptcha")]),
    rule(Widget, "hCaptcha", &[Url("hcaptcha.com/1/api.js"), Url("js.hcaptcha.com"), Name("h-captcha")]),
    rule(Widget, "Cloudflare Turnstile", &[Url("challenges.cloudflare.com/turnstile"), Name("cf-turnstile")]),
    rule(Widget, "Google Maps", &[Url("google.com/maps/embed"), Url("maps.googleapis.com/maps/api/js"), Url("maps.google.com/maps")]),
    rule(Widget, "OpenStreetMap", &[Url("openstreetmap.org/export/embed"), Url("/leaflet.js"), Url("leaflet@")]),
    rule(Widget, "YouTube", &[Url("youtube.com/embed/"), Url("youtube-nocookie.com/embed/"), Url("youtube.com/iframe_api")]),
    rule(Widget, "Vimeo", &[Url("player.vimeo.com/")]),
    rule(Widget, "Trustpilot", &[Url("widget.trustpilot.com"), Name("trustpilot-widget")]),
    rule(Widget, "Trusted Shops", &[Url("widgets.trustedshops.com"), Script("widgets.trustedshops.com")]),
    rule(Widget, "ProvenExpert", &[Url("provenexpert.com/")]),
    rule(Widget, "Stripe", &[Url("js.stripe.com")]),
    rule(Widget, "PayPal", &[Url("paypal.com/sdk/js"), Url("paypalobjects.com")]),
    rule(Widget, "OpenTable", &[Url("opentable.com/widget")]),
    rule(Widget, "Booksy", &[Url("booksy.com/widget")]),
    rule(Widget, "Doctolib", &[Url("doctolib.de/iframe"), Url("doctolib.fr/iframe")]),
    rule(Widget, "AddThis", &[Url("s7.addthis.com")]),
    rule(Widget, "ShareThis", &[Url("sharethis.com/js")]),
    rule(Widget, "Disqus", &[Url(".disqus.com/embed.js"), Script(".disqus.com/embed.js")]),
    rule(Widget, "Google Fonts", &[Url("fonts.googleapis.com")]),
    rule(Widget, "Font Awesome", &[Url("font-awesome"), Url("fontawesome")]),

    sign(Widget, "Cookiebot", &[CookieNotice], &[Url("consent.cookiebot.com"), Name("CybotCookiebot")]),
    sign(Widget, "OneTrust", &[CookieNotice], &[Url("cdn.cookielaw.org"), Url("onetrust.com"), Name("onetrust-")]),
    sign(Widget, "Usercentrics", &[CookieNotice], &[Url("app.usercentrics.eu"), Url("web.cmp.usercentrics.eu")]),
    sign(Widget, "iubenda", &[CookieNotice], &[Url("cdn.iubenda.com"), Url("iubenda.com/cs/")]),
    sign(Widget, "CookieYes", &[CookieNotice], &[Url("cdn-cookieyes.com"), Name("cookie-law-info"), Url("/cookie-law-info/")]),
    sign(Widget, "Complianz", &[CookieNotice], &[Name("cmplz-"), Url("/complianz-gdpr")]),
    sign(Widget, "Borlabs Cookie", &[CookieNotice], &[Name("BorlabsCookie"), Url("/borlabs-cookie/")]),
    sign(Widget, "Osano", &[CookieNotice], &[Url("cmp.osano.com")]),
    sign(Widget, "Didomi", &[CookieNotice], &[Url("sdk.privacy-center.org"), Script("sdk.privacy-center.org")]),
    sign(Widget, "Axeptio", &[CookieNotice], &[Url("static.axept.io"), Script("static.axept.io")]),
    sign(Widget, "tarteaucitron", &[CookieNotice], &[Url("tarteaucitron"), Script("tarteaucitron.init")]),
    sign(Widget, "Klaro", &[CookieNotice], &[Url("/klaro.js"), Url("klaro@"), Url("kiprotect.com/klaro")]),
    sign(Unlisted, "cookie notice", &[CookieNotice], &[Name("cookie-notice"), Name("cookie-banner"), Name("cookie-consent"), Name("cookieconsent"), Name("cookie_notice"), Name("cookie-bar"), Name("cookiebanner"), Url("cookieconsent"), Url("cookie-notice")]),

    sign(Unlisted, "bot challenge", &[Challenge], &[Script("_cf_chl_opt"), Name("cf-browser-verification"), Url("captcha-delivery.com/"), Script("captcha-delivery.com"), Name("px-captcha"), Script("window.gokuProps"), Script("sucuri_cloudproxy_js"), Url("/.within.website/x/cmd/anubis/"), Url("/.well-known/ddos-guard/")]),
    sign(Unlisted, "parking service", &[Parked], &[Url("sedoparking.com/"), Script("sedoparking.com"), Url("parkingcrew.net/"), Url(".bodis.com/"), Script("window.park = "), Url("parklogic.com/"), Url("d38psrni17bvxu.cloudfront.net/"), Url("img1.wsimg.com/parking-lander/"), Url("hugedomains.com/"), Url("cdn.dan.com/"), Url("domaincntrol.com/"), Url("above.com/marketplace"), Url("afternic.com/forsale"), Url("namebright.com/parked"), Script("LANDER_SYSTEM"), Url("parking.godaddy.com/"), Url("parkingpage.namecheap.com/"), Url("uniregistry.com/buy")]),

    sign(Unlisted, "WooCommerce", &[Shop], &[Name("woocommerce"), Generator("WooCommerce"), Url("plugins/woocommerce/")]),
    rule(Unlisted, "Elementor", &[Generator("Elementor"), Name("elementor-page"), Name("elementor-default"), Name("elementor-kit-"), Url("plugins/elementor/"), Url("plugins/elementor-pro/")]),
    rule(Unlisted, "Divi", &[Generator("Divi"), Url("themes/Divi/"), Url("plugins/divi-builder/"), Name("et_divi_theme"), Name("et_pb_section")]),
    rule(Unlisted, "Contact Form 7", &[Url("plugins/contact-form-7/"), Name("wpcf7")]),
    rule(Unlisted, "Yoast SEO", &[Name("yoast-schema-graph"), Url("plugins/wordpress-seo")]),
    rule(Unlisted, "WPForms", &[Url("plugins/wpforms"), Name("wpforms-")]),
];
