//! What a technology is, and which list of the [`TechStack`](super::TechStack) it belongs to.

/// Writes an enum whose values have a word each, by which rules and clients name them.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$value_doc:meta])* $value:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize)]
        pub enum $name {
            $($(#[$value_doc])* #[serde(rename = $word)] $value,)*
        }

        impl $name {
            /// All values, in order.
            pub const ALL: &[Self] = &[$(Self::$value,)*];

            /// Returns the word for this value.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self {
                    $(Self::$value => $word,)*
                }
            }
        }
    };
}
pub(super) use words;

words! {
    /// The category of a technology.
    Category {
        /// Content management systems, blogs, wikis and forums.
        Cms = "cms",
        /// Website builders that host what they make.
        Builder = "builder",
        /// Shop software.
        Shop = "shop",
        /// Static site generators.
        Generator = "generator",
        /// Page builders within a content management system.
        PageBuilder = "page_builder",
        /// Themes.
        Theme = "theme",
        /// Extensions of a content management system.
        Plugin = "plugin",
        /// Tools for search engine optimisation.
        Seo = "seo",
        /// Caches and tools for page speed.
        Cache = "cache",
        /// Frameworks and libraries of the front end.
        Framework = "framework",
        /// Analytics services.
        Analytics = "analytics",
        /// Advertising and conversion tracking.
        Advertising = "advertising",
        /// Consent and cookie notices.
        Consent = "consent",
        /// Chats and help desks.
        Chat = "chat",
        /// Booking of appointments, tables and rooms.
        Booking = "booking",
        /// Payment services.
        Payment = "payment",
        /// Forms.
        Form = "form",
        /// Newsletters and marketing automation.
        Newsletter = "newsletter",
        /// Reviews and trust seals.
        Review = "review",
        /// Tests whether a visitor is a person.
        Captcha = "captcha",
        /// Other embedded services: maps, videos, fonts, social networks.
        Widget = "widget",
        /// Languages and frameworks of the back end.
        Language = "language",
        /// Web servers.
        Server = "server",
        /// Content delivery networks.
        Cdn = "cdn",
        /// Hosting platforms.
        Hosting = "hosting",
        /// Mail services, told by DNS.
        Mail = "mail",
        /// A mark that is not a technology: it is never claimed, and only shows its facts.
        Mark = "mark",
    }
}

words! {
    /// A list of the technology stack.
    List {
        /// Content management systems.
        Cms = "cms",
        /// Frameworks and libraries.
        Frameworks = "frameworks",
        /// Analytics services.
        Analytics = "analytics",
        /// Embedded widgets and services.
        Widgets = "widgets",
        /// Not listed.
        None = "none",
    }
}

words! {
    /// A fact that the presence of a technology shows.
    Shown {
        /// The site shows a cookie notice.
        CookieNotice = "cookie_notice",
        /// The site is a shop.
        Shop = "shop",
        /// The site tests whether the visitor is a person.
        Challenge = "challenge",
        /// The domain is parked.
        Parked = "parked",
    }
}

impl Category {
    /// Returns the list that technologies of this category belong to, unless their rule says otherwise.
    pub(super) const fn list(self) -> List {
        match self {
            Self::Cms | Self::Builder | Self::Shop | Self::Generator => List::Cms,
            Self::Framework => List::Frameworks,
            Self::Analytics | Self::Advertising => List::Analytics,
            Self::Consent
            | Self::Chat
            | Self::Booking
            | Self::Payment
            | Self::Form
            | Self::Newsletter
            | Self::Review
            | Self::Captcha
            | Self::Widget => List::Widgets,
            Self::PageBuilder
            | Self::Theme
            | Self::Plugin
            | Self::Seo
            | Self::Cache
            | Self::Language
            | Self::Server
            | Self::Cdn
            | Self::Hosting
            | Self::Mail
            | Self::Mark => List::None,
        }
    }

    /// Returns whether sites embed technologies of this category in frames. Other software in a frame is that of the
    /// framed page.
    pub(super) const fn is_embedded(self) -> bool {
        matches!(self.list(), List::Analytics | List::Widgets)
    }
}
