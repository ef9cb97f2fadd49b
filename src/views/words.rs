//! Closed sets of words: what reads and writes them is also what describes them.

use std::borrow::Cow;
use std::marker::PhantomData;

use database::models::domain_evidence::EvidenceColumn;
use database::models::enums::{
    BatchStatus, ContactMark, CurationStatus, DeliveryStatus, DisabledBecause, DomainChangeKind, EmailType, EventKind,
    JobStatus, MissedRuns, MxStatus, Outcome, PausedBecause, PlaceAction, ProcessingStatus, RunOutcome, Scope,
    SitemapRunState, SuppressionKind, TaskStatus, UrlChange,
};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// Values that requests and answers name by words.
pub trait Words: Copy + 'static {
    /// Name of the set in the API's description.
    const NAME: &'static str;

    /// Every value.
    const ALL: &'static [Self];

    /// The value that holds where a request names none.
    const DEFAULT: Option<Self> = None;

    /// Returns the value's word.
    fn word(self) -> &'static str;

    /// Returns the value of a word; `None` if it is not in the set.
    fn read(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|value| value.word() == text)
    }

    /// Returns every word.
    fn words() -> Vec<&'static str> {
        Self::ALL.iter().map(|value| value.word()).collect()
    }

    /// Returns every word in one text, separated by commas.
    fn listed() -> String {
        Self::words().join(", ")
    }
}

/// Describes a word of the set.
#[derive(Debug)]
pub struct Word<T>(PhantomData<T>);

impl<T: Words> PartialSchema for Word<T> {
    fn schema() -> RefOr<Schema> {
        described::<T>(&[])
    }
}

impl<T: Words> ToSchema for Word<T> {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed(T::NAME)
    }
}

/// Describes a word of the set, or an empty text, which is ignored.
#[derive(Debug)]
pub struct WordOrEmpty<T>(PhantomData<T>);

impl<T: Words> PartialSchema for WordOrEmpty<T> {
    fn schema() -> RefOr<Schema> {
        described::<T>(&[""])
    }
}

impl<T: Words> ToSchema for WordOrEmpty<T> {}

/// Describes words of the set, separated by commas.
#[derive(Debug)]
pub struct WordList<T>(PhantomData<T>);

impl<T: Words> PartialSchema for WordList<T> {
    fn schema() -> RefOr<Schema> {
        let word = format!("({})", T::words().join("|"));
        let pattern = format!("^{word}(,{word})*$");
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(pattern))
            .into()
    }
}

impl<T: Words> ToSchema for WordList<T> {}

/// Describes a text that is a word of the set or one of `others`.
fn described<T: Words>(others: &[&'static str]) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some([others, &T::words()].concat()))
        .default(T::DEFAULT.map(|value| value.word().into()))
        .into()
}

/// Takes the words of enumerations from their labels in the database, and names their descriptions.
macro_rules! labels {
    ($($name:ident: $word:ident),+ $(,)?) => {
        $(
            impl Words for $name {
                const NAME: &'static str = stringify!($name);
                const ALL: &'static [Self] = $name::ALL;

                fn word(self) -> &'static str {
                    self.label()
                }
            }

            /// Describes a word of the enumeration.
            pub type $word = Word<$name>;
        )+
    };
}

labels! {
    BatchStatus: BatchStatusWord,
    ContactMark: ContactMarkWord,
    DeliveryStatus: DeliveryStatusWord,
    DisabledBecause: DisabledBecauseWord,
    DomainChangeKind: DomainChangeKindWord,
    EvidenceColumn: EvidenceColumnWord,
    EventKind: EventKindWord,
    JobStatus: JobStatusWord,
    MissedRuns: MissedRunsWord,
    MxStatus: MxStatusWord,
    Outcome: OutcomeWord,
    PausedBecause: PausedBecauseWord,
    PlaceAction: PlaceActionWord,
    ProcessingStatus: ProcessingStatusWord,
    RunOutcome: RunOutcomeWord,
    Scope: ScopeWord,
    SitemapRunState: SitemapRunStateWord,
    SuppressionKind: SuppressionKindWord,
    TaskStatus: TaskStatusWord,
    UrlChange: UrlChangeWord,
}

/// Describes statuses of jobs.
pub type JobStatusList = WordList<JobStatus>;

/// Describes a curation status in a query of v1.
pub type CurationWordOrEmpty = WordOrEmpty<CurationStatus>;

/// Describes a word of the curation status.
pub type CurationWord = Word<CurationStatus>;

impl Words for CurationStatus {
    const NAME: &'static str = "CurationStatus";
    const ALL: &'static [Self] = CurationStatus::ALL;

    /// The database has other labels than v1 has words.
    fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Selected => "selected",
            Self::Maybe => "maybe",
            Self::NotAFit => "not_a_fit",
            Self::Archived => "archived",
        }
    }

    /// Reads the labels of the old database as well, in any case.
    fn read(text: &str) -> Option<Self> {
        let word = text.trim().to_lowercase().replace([' ', '-'], "_");
        Self::ALL.iter().copied().find(|status| status.word() == word)
    }
}

/// Describes a word of the type of an address.
pub type EmailTypeWord = Word<EmailType>;

impl Words for EmailType {
    const NAME: &'static str = "EmailType";
    const ALL: &'static [Self] = EmailType::ALL;

    fn word(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Corporate => "corporate",
            Self::Free => "free",
            Self::Unknown => "unknown",
        }
    }

    /// Reads the database's spelling as well.
    fn read(text: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|kind| text.eq_ignore_ascii_case(kind.word()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_a_curation_status_are_read() {
        for status in <CurationStatus as Words>::ALL {
            assert_eq!(CurationStatus::read(status.label()), Some(*status));
            assert_eq!(CurationStatus::read(status.word()), Some(*status));
        }
        assert_eq!(CurationStatus::read("done"), None);
    }

    #[test]
    fn words_in_a_list_match_its_pattern() {
        let RefOr::T(Schema::Object(schema)) = WordList::<UrlChange>::schema() else {
            panic!("it is not an object");
        };
        let pattern = schema.pattern.unwrap();
        assert_eq!(pattern, "^(added|removed|changed)(,(added|removed|changed))*$");
    }
}
