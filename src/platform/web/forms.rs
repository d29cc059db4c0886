//! Reading forms: typed, bounded, strict about unknown fields (WEB-10), and with the form token
//! taken out before the typed part is read.

use std::collections::BTreeMap;

use axum::body::Bytes;
use serde::de::DeserializeOwned;

use crate::platform::web::errors::PageError;
use crate::platform::web::nul;

/// The largest form we take, in bytes.
pub const MOST_BYTES: usize = 512 * 1024;

/// A form of one button: nothing is typed.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// A form as it arrived: its token, and the rest still to be read.
#[derive(Debug)]
pub struct RawForm {
    csrf: String,
    rest: String,
}

impl RawForm {
    /// Takes a body of `application/x-www-form-urlencoded`.
    pub fn read(body: &Bytes) -> Result<Self, PageError> {
        if body.len() > MOST_BYTES {
            return Err(PageError::TooLarge);
        }
        let text = nul::replaced(std::str::from_utf8(body).map_err(|_| PageError::BadRequest)?);
        let (mut csrf, mut rest) = (String::new(), Vec::new());
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            match pair.strip_prefix("csrf=") {
                // A client may escape more than it must.
                Some(value) => {
                    csrf = percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned()
                }
                None => rest.push(pair),
            }
        }
        Ok(Self { csrf, rest: rest.join("&") })
    }

    /// The form token, as sent.
    pub fn csrf(&self) -> &str {
        &self.csrf
    }

    /// The typed part. Give the type `#[serde(deny_unknown_fields)]`.
    pub fn typed<T: DeserializeOwned>(&self) -> Result<T, PageError> {
        serde_html_form::from_str(&self.rest).map_err(|error| {
            // The error may quote what was typed, so it is not logged.
            let _ = error;
            PageError::BadRequest
        })
    }
}

/// What is wrong with a form, in the order of the fields: one sentence a field, or several, each on a line of its own.
/// Empty means fine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldErrors {
    said: Vec<(String, String)>,
    /// Fields that the sentence of another one speaks of too, such as each empty part of a date.
    marked: Vec<String>,
}

impl FieldErrors {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes what is wrong with a field; only the first sentence about a field is kept.
    pub fn add(&mut self, field: &str, message: impl Into<String>) {
        if self.of(field).is_none() {
            self.said.push((field.to_owned(), message.into()));
        }
    }

    /// What is wrong with this field, if anything.
    pub fn of(&self, field: &str) -> Option<&str> {
        self.said.iter().find(|(name, _)| name == field).map(|(_, message)| message.as_str())
    }

    /// Marks a field that the sentence at another field speaks of too.
    pub fn mark(&mut self, field: &str) {
        self.marked.push(field.to_owned());
    }

    /// Is something wrong with this field, said here or at another one?
    pub fn is_wrong(&self, field: &str) -> bool {
        self.of(field).is_some() || self.marked.iter().any(|marked| marked == field)
    }

    /// Nothing wrong?
    pub fn is_empty(&self) -> bool {
        self.said.is_empty()
    }

    /// How many sentences there are, for the summary.
    pub fn count(&self) -> i64 {
        i64::try_from(self.iter().count()).unwrap_or(i64::MAX)
    }

    /// Field and sentence, in order: for the summary at the top.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.said.iter().flat_map(|(field, message)| message.lines().map(move |line| (field.as_str(), line)))
    }

    /// As a map, for the API's problem details.
    pub fn to_map(&self) -> BTreeMap<String, String> {
        self.said.iter().cloned().collect()
    }
}
