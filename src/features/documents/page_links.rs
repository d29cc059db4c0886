//! A PDF on the page of its document: which of its pages are shown, and where each is had as a picture and as text. Neither
//! can be had without the document's page, whose opening is written down: the addresses on it carry a seal for whoever
//! has opened it.

use crate::features::documents::store::{Blob, Content, Version};
use crate::features::documents::uploads::who;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::DocumentId;
use crate::platform::audit::By;
use crate::platform::i18n::Words;
use crate::platform::state::App;

/// Pages of a file that one page of the portal shows.
const SHOWN: i32 = 20;
/// How long what the document's page links to can be had.
const OPEN_HOURS: i64 = 4;

/// A page of a file.
pub(super) struct PageLine {
    /// The address of its picture.
    pub picture: String,
    /// "Page 1 of 3"
    pub name: String,
    /// The address of its text.
    pub text: String,
    /// "Page 1 as text"
    pub to_text: String,
}

/// Some pages of a file, one under the other.
pub(super) struct Pages {
    /// What the file is called, and how large it is.
    pub about: String,
    /// The pages.
    pub lines: Vec<PageLine>,
    /// Where those before and behind are, with their words.
    pub others: Vec<(String, String)>,
}

/// Somebody who has just opened a document.
pub(super) struct Reader<'a> {
    /// Seals what the page links to.
    pub app: &'a App,
    /// Their words.
    pub words: Words,
    /// Who.
    pub by: &'a By,
    /// The document.
    pub document: &'a DocumentId,
    /// The address of the document's page.
    pub here: &'a str,
    /// The first page of the file that they ask for.
    pub from: i32,
}

/// From which of its pages on a file is shown.
#[derive(serde::Deserialize, Default)]
#[serde(default)]
pub(super) struct FromPage {
    from: String,
}

impl FromPage {
    /// Its number; the first where none is named.
    pub(super) fn number(&self) -> i32 {
        self.from.parse().unwrap_or(1)
    }
}

/// What shows that the document was opened.
#[derive(serde::Deserialize, Default)]
#[serde(default)]
pub(super) struct Sealed {
    pub(super) until: i64,
    pub(super) seal: String,
}

fn sealed_words(by: &By, document: &DocumentId, version: i32, until: i64) -> String {
    let (kind, id) = who(by);
    format!("{kind}/{id}/{document}/{version}/{until}")
}

/// What seals are for.
const PURPOSE: &str = "document-page";

impl Sealed {
    /// Has this person opened the document, at some time?
    pub(super) fn is_of(&self, app: &App, by: &By, (document, version): (&DocumentId, i32)) -> bool {
        app.keys.verify(PURPOSE, &sealed_words(by, document, version, self.until), &self.seal)
    }

    /// Not too long ago?
    pub(super) fn is_fresh(&self, app: &App) -> bool {
        app.now() < Timestamp::from_micros(self.until)
    }
}

impl Pages {
    /// Of a version; `None` where it is no file, or one whose pages could not be counted.
    pub(super) fn of(reader: &Reader<'_>, version: &Version, about: String) -> Option<Self> {
        let Content::File(Blob { pages: Some(count), .. }, _) = &version.content else { return None };
        let (words, count, number) = (reader.words, *count, version.number);
        let until = reader.app.now().plus_hours(OPEN_HOURS).micros();
        let to_seal = sealed_words(reader.by, reader.document, number, until);
        let seal = reader.app.keys.sign(PURPOSE, &to_seal);
        let of_page = |page: i32, what: &str| {
            format!("{}/versions/{number}/pages/{page}{what}?until={until}&seal={seal}", reader.here)
        };
        let line = |page: i32| PageLine {
            picture: of_page(page, "/picture"),
            name: words.with2("documents-page", "number", page, "count", count),
            text: of_page(page, ""),
            to_text: words.with1("documents-page-as-text", "number", page),
        };
        let first = if (1..=count).contains(&reader.from) { reader.from } else { 1 };
        let last = count.min(first.saturating_add(SHOWN - 1));
        let others = |from: i32| {
            let until = count.min(from + SHOWN - 1);
            let text = words.with2("documents-pages", "first", from, "last", until);
            (format!("{}?version={number}&from={from}", reader.here), text)
        };
        let before = (first > 1).then(|| others((first - SHOWN).max(1)));
        let behind = (last < count).then(|| others(last + 1));
        Some(Self {
            about,
            lines: (first..=last).map(line).collect(),
            others: before.into_iter().chain(behind).collect(),
        })
    }
}
