//! Forms: a value that is refused is said to be so next to its field.

use maud::{Markup, html};
use rocket::http::Status;

use crate::error::{ApiError, ApiResult};

/// A refusal of what a form sent.
pub struct Refusal {
    field: Option<String>,
    detail: String,
    /// The status of the page that says it.
    pub status: Status,
}

impl Refusal {
    /// Returns what the form has to say; an error that is not about what was sent has a page of its own.
    pub fn of(error: ApiError) -> ApiResult<Self> {
        match error {
            ApiError::BadRequest { field, detail } => Ok(Self {
                field: field.map(Into::into),
                detail,
                status: Status::BadRequest,
            }),
            ApiError::Unprocessable { field, detail } => Ok(Self {
                field,
                detail,
                status: Status::UnprocessableEntity,
            }),
            ApiError::Conflict(detail) => Ok(Self {
                field: None,
                detail,
                status: Status::Conflict,
            }),
            other => Err(other),
        }
    }

    fn is_about(&self, field: &str) -> bool {
        self.field.as_deref() == Some(field)
    }
}

/// A field of a form.
#[derive(Clone, Copy)]
pub struct Field<'a> {
    pub name: &'a str,
    pub label: &'a str,
    /// The type of the input, such as `text`.
    pub kind: &'a str,
    pub value: &'a str,
    pub placeholder: Option<&'a str>,
    pub is_required: bool,
}

impl<'a> Field<'a> {
    pub const fn text(name: &'a str, label: &'a str) -> Self {
        Self {
            name,
            label,
            kind: "text",
            value: "",
            placeholder: None,
            is_required: false,
        }
    }

    pub const fn with(self, value: &'a str) -> Self {
        Self { value, ..self }
    }

    pub const fn of_kind(self, kind: &'a str) -> Self {
        Self { kind, ..self }
    }

    pub const fn required(self) -> Self {
        Self {
            is_required: true,
            ..self
        }
    }

    pub const fn such_as(self, placeholder: &'a str) -> Self {
        Self {
            placeholder: Some(placeholder),
            ..self
        }
    }

    /// Writes the field, with why it was refused.
    pub fn show(&self, refusal: Option<&Refusal>) -> Markup {
        let is_refused = refusal.is_some_and(|refusal| refusal.is_about(self.name));
        html! {
            label for=(self.name) { (self.label) }
            input id=(self.name) name=(self.name) type=(self.kind) value=(self.value) placeholder=[self.placeholder] required[self.is_required]
                aria-invalid=[is_refused.then_some("true")] aria-describedby=[is_refused.then(|| format!("{}-problem", self.name))];
            (problem(refusal, self.name))
        }
    }
}

/// Says why the field was refused, if it was.
pub fn problem(refusal: Option<&Refusal>, field: &str) -> Markup {
    html! {
        @if let Some(refusal) = refusal.filter(|refusal| refusal.is_about(field)) {
            p.error id=(format!("{field}-problem")) role="alert" { (refusal.detail) }
        }
    }
}

/// Says why the form was refused, if it is not about one of these fields.
pub fn rest(refusal: Option<&Refusal>, fields: &[&str]) -> Markup {
    let other = refusal.filter(|refusal| !fields.iter().any(|field| refusal.is_about(field)));
    html! {
        @if let Some(refusal) = other { p.error role="alert" { (refusal.detail) } }
    }
}

/// Returns a text that is not empty, without the space around it.
pub fn filled(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

/// A button that does something that cannot be undone, behind a word that says what.
pub fn confirmed(word: &str, path: &str, explained: &str) -> Markup {
    html! {
        details.confirm {
            summary { (word) }
            form method="post" action=(path) {
                p { (explained) }
                button.grave { (word) }
            }
        }
    }
}
