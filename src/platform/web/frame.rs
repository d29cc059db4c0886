//! The frame of every page: head, navigation, toast, foot.

use crate::platform::i18n::{Language, Words};
use crate::platform::permissions::{Right, Role};
use crate::platform::web::accent::Accent;
use crate::platform::web::assets;
use crate::platform::web::nav::{Navigation, Section, shown_count};

/// One entry of a navigation.
#[derive(Clone, Debug)]
pub struct NavEntry {
    /// Where it leads.
    pub href: &'static str,
    /// Its word.
    pub label: String,
    /// The name of its picture in the icon sprite of the layout.
    pub icon: &'static str,
    /// Is it the present page's?
    pub current: bool,
    /// What waits behind it: the number, and the same in words.
    pub waiting: Option<(String, String)>,
}

/// Fills the staff side's layout (`staff.html`).
#[derive(Clone, Debug)]
pub struct StaffFrame {
    /// Words.
    pub words: Words,
    /// `en` or `es`.
    pub language: &'static str,
    /// The other languages: word and own name.
    pub other_languages: Vec<(&'static str, &'static str)>,
    /// The practice's name.
    pub practice: String,
    /// The practice's part of public addresses.
    pub slug: String,
    /// Who is signed in; empty before sign-in.
    pub name: String,
    /// The first letters of their name.
    pub initials: String,
    /// Their role, in words.
    pub role: String,
    /// The form token; empty before sign-in.
    pub csrf: String,
    /// The stylesheet, with the practice's accent.
    pub css: String,
    /// The script.
    pub js: &'static str,
    /// The icon.
    pub icon: &'static str,
    /// The navigation, with what this role may see; empty before sign-in.
    pub nav: Vec<NavEntry>,
    /// What was just done.
    pub toast: Option<Toast>,
    /// Seconds until the session ends; 0 before sign-in.
    pub session_seconds: u32,
}

/// Whose page it is, for [`StaffFrame::inside`].
#[derive(Clone, Copy, Debug)]
pub struct StaffMark<'a> {
    /// Their name.
    pub name: &'a str,
    /// Their role.
    pub role: Role,
    /// The form token.
    pub csrf: &'a str,
    /// Seconds until the session ends.
    pub session_seconds: u32,
    /// The word of `?done=`, as it came.
    pub done: Option<&'a str>,
    /// What waits for them, a number a section.
    pub waiting: &'a [(Section, i64)],
}

/// The languages that a page can be read in instead: word and own name.
fn others_than(language: Language) -> Vec<(&'static str, &'static str)> {
    let others = Language::ALL.iter().filter(|other| **other != language);
    others.map(|other| (other.word(), other.own_name())).collect()
}

impl StaffFrame {
    /// Around a page before sign-in.
    pub fn outside(words: Words, practice: &str, slug: &str, accent: &str) -> Self {
        Self {
            words,
            language: words.language().word(),
            other_languages: others_than(words.language()),
            practice: practice.to_owned(),
            slug: slug.to_owned(),
            name: String::new(),
            initials: String::new(),
            role: String::new(),
            csrf: String::new(),
            css: assets::css_path(Accent::of(accent)),
            js: assets::js_path(),
            icon: assets::icon_path(),
            nav: Vec::new(),
            toast: None,
            session_seconds: 0,
        }
    }

    /// Around a page of somebody signed in.
    pub fn inside(self, mark: StaffMark<'_>, navigation: &Navigation, here: Section) -> Self {
        let words = self.words;
        let waiting_in =
            |section| mark.waiting.iter().find(|(s, n)| *s == section && *n > 0).map(|(_, n)| *n);
        let nav = navigation
            .staff
            .iter()
            .filter(|entry| mark.role.may(entry.needs))
            .map(|entry| NavEntry {
                href: entry.section.0,
                label: words.get(entry.label),
                icon: entry.icon,
                current: entry.section == here,
                waiting: entry.waiting.zip(waiting_in(entry.section)).map(|(waiting, number)| {
                    let shown = shown_count(number);
                    let label = words.with1(waiting.label, "count", &shown);
                    (shown, label)
                }),
            })
            .collect();
        Self {
            name: mark.name.to_owned(),
            initials: initials(mark.name),
            role: words.get(&format!("role-{}", mark.role.word().replace('_', "-"))),
            csrf: mark.csrf.to_owned(),
            nav,
            toast: toast(words, mark.done),
            session_seconds: mark.session_seconds,
            ..self
        }
    }

    /// With the toast of this word of `?done=`, if there is one.
    pub fn with_done(mut self, done: Option<&str>) -> Self {
        self.toast = toast(self.words, done);
        self
    }
}

/// How to reach the practice; any part may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// Phone.
    pub phone: String,
    /// Number for text messages.
    pub text_phone: String,
    /// E-mail address.
    pub email: String,
    /// Web page.
    pub website: String,
    /// Postal address.
    pub postal_address: String,
}

impl Contact {
    /// Nothing at all?
    pub fn is_empty(&self) -> bool {
        self == &Self::default()
    }

    /// A number for a `tel:` or `sms:` link: digits and a leading plus.
    pub fn dialled(&self, number: &str) -> String {
        let plus = if number.trim_start().starts_with('+') { "+" } else { "" };
        format!("{plus}{}", number.chars().filter(char::is_ascii_digit).collect::<String>())
    }

    /// The web page as people read it: without the scheme and a slash at the end.
    pub fn website_name(&self) -> &str {
        let name = self.website.split_once("://").map_or(self.website.as_str(), |(_, name)| name);
        name.trim_end_matches('/')
    }

    /// The web page as a link; `None` unless it is http or https.
    pub fn web_link(&self) -> Option<&str> {
        let lower = self.website.to_ascii_lowercase();
        (lower.starts_with("https://") || lower.starts_with("http://")).then_some(self.website.as_str())
    }
}

/// Fills the client side's layout (`client.html`).
#[derive(Clone, Debug)]
pub struct ClientFrame {
    /// Words.
    pub words: Words,
    /// `en` or `es`.
    pub language: &'static str,
    /// The other languages: word and own name.
    pub other_languages: Vec<(&'static str, &'static str)>,
    /// The practice's name.
    pub practice: String,
    /// The practice's part of public addresses.
    pub slug: String,
    /// Where the practice's name in the head leads.
    pub home: String,
    /// Who is signed in, as the page addresses them; empty before sign-in.
    pub person: String,
    /// Whose chart is in view, where the account holds several.
    pub viewing: Option<String>,
    /// Whose chart the page is about, where that is not plain to the reader.
    pub about: Option<String>,
    /// The form token; empty before sign-in.
    pub csrf: String,
    /// The stylesheet, with the practice's accent.
    pub css: String,
    /// The script.
    pub js: &'static str,
    /// The icon.
    pub icon: &'static str,
    /// The navigation; empty before sign-in.
    pub nav: Vec<NavEntry>,
    /// What was just done.
    pub toast: Option<Toast>,
    /// Seconds until the session ends; 0 before sign-in.
    pub session_seconds: u32,
    /// The practice's contact block, in the foot of every page.
    pub contact: Contact,
    /// That a staff member looks at the page, and whose it is.
    pub preview: Option<PreviewBar>,
}

/// Stands above a client's page that a staff member looks at.
#[derive(Clone, Debug)]
pub struct PreviewBar {
    /// Whose pages these are, and of which day.
    pub text: String,
    /// The token of the form that ends it.
    pub csrf: String,
}

/// Whose page it is, for [`ClientFrame::inside`].
#[derive(Clone, Copy, Debug)]
pub struct ClientMark<'a> {
    /// How the page addresses them.
    pub person: &'a str,
    /// The form token.
    pub csrf: &'a str,
    /// Seconds until the session ends.
    pub session_seconds: u32,
    /// The word of `?done=`, as it came.
    pub done: Option<&'a str>,
    /// What the grant in view allows.
    pub rights: &'a [Right],
}

impl ClientFrame {
    /// Around a page before sign-in. Features call `Practice::client_frame`.
    pub fn bare(words: Words, practice: &str, slug: &str, accent: &str, contact: Contact) -> Self {
        let language = words.language();
        Self {
            words,
            language: language.word(),
            other_languages: others_than(language),
            practice: practice.to_owned(),
            slug: slug.to_owned(),
            home: format!("/{slug}"),
            person: String::new(),
            viewing: None,
            about: None,
            csrf: String::new(),
            css: assets::css_path(Accent::of(accent)),
            js: assets::js_path(),
            icon: assets::icon_path(),
            nav: Vec::new(),
            toast: None,
            session_seconds: 0,
            contact,
            preview: None,
        }
    }

    /// Around a page of somebody signed in. What the grant in view does not allow has no link.
    pub fn inside(self, mark: ClientMark<'_>, navigation: &Navigation, here: Section) -> Self {
        let words = self.words;
        Self {
            home: "/portal".to_owned(),
            person: mark.person.to_owned(),
            csrf: mark.csrf.to_owned(),
            nav: client_navigation(words, navigation, mark.rights, Some(here)),
            toast: toast(words, mark.done),
            session_seconds: mark.session_seconds,
            ..self
        }
    }

    /// With the toast of this word of `?done=`, if there is one.
    pub fn with_done(mut self, done: Option<&str>) -> Self {
        self.toast = toast(self.words, done);
        self
    }
}

/// The entries that these rights open; `here` is the page's own.
pub(super) fn client_navigation(
    words: Words,
    navigation: &Navigation,
    rights: &[Right],
    here: Option<Section>,
) -> Vec<NavEntry> {
    let open =
        navigation.client.iter().filter(|entry| entry.needs.is_none_or(|right| rights.contains(&right)));
    open.map(|entry| NavEntry {
        href: entry.section.0,
        label: words.get(entry.label),
        icon: entry.icon,
        current: Some(entry.section) == here,
        waiting: None,
    })
    .collect()
}

/// What came of the last form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Toast {
    /// It was done.
    Done(String),
    /// Nothing was done, and why.
    NotDone(String),
    /// Why this page is shown and not the one that was asked for. It stays on the page.
    Reason(String),
}

impl Toast {
    /// The sentence.
    pub fn text(&self) -> &str {
        match self {
            Self::Done(text) | Self::NotDone(text) | Self::Reason(text) => text,
        }
    }

    /// Its look as a toast: only what was done has a check mark. `None` for what stays on the page.
    pub fn class(&self) -> Option<&'static str> {
        match self {
            Self::Done(_) => Some("toast"),
            Self::NotDone(_) => Some("toast is-note"),
            Self::Reason(_) => None,
        }
    }
}

/// The sentence `done-WORD`, `not-done-WORD` or `reason-WORD` of the catalogue; nothing for a word that
/// somebody made up.
pub fn toast(words: Words, done: Option<&str>) -> Option<Toast> {
    let word = done?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if word.is_empty() || word.len() > 60 || !word.chars().all(plain) {
        return None;
    }
    let find = |kind: &str| words.find(&format!("{kind}-{word}"));
    let found = find("done").map(Toast::Done).or_else(|| find("not-done").map(Toast::NotDone));
    found.or_else(|| find("reason").map(Toast::Reason))
}

/// The value of `done` in a query string.
pub fn done_of(query: Option<&str>) -> Option<String> {
    query?.split('&').find_map(|pair| pair.strip_prefix("done=")).map(ToOwned::to_owned)
}

/// Words around a name that are no part of it, folded and without their dots.
const TITLES: &[&str] = &["dr", "mr", "mrs", "ms", "mx", "prof", "rev", "sr", "sra", "dra"];
const SUFFIXES: &[&str] = &["jr", "sr", "ii", "iii", "iv", "md", "phd", "psyd", "lcsw"];

/// The first letters of the first and the last word of a name, for the round mark; without titles
/// before it and suffixes after it, as long as a word is left.
pub fn initials(name: &str) -> String {
    let is_one_of = |part: &str, list: &[&str]| {
        let plain: String =
            part.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        list.contains(&plain.as_str())
    };
    let parts: Vec<&str> = name.split_whitespace().collect();
    let mut parts = parts.as_slice();
    while let [title, rest @ ..] = parts
        && !rest.is_empty()
        && is_one_of(title, TITLES)
    {
        parts = rest;
    }
    while let [rest @ .., suffix] = parts
        && !rest.is_empty()
        && is_one_of(suffix, SUFFIXES)
    {
        parts = rest;
    }
    let mut letters = parts.iter().filter_map(|part| part.chars().find(|c| c.is_alphanumeric()));
    let first = letters.next();
    let last = letters.next_back();
    first.into_iter().chain(last).flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::i18n::Language;

    #[test]
    fn a_toast_is_only_a_word_of_the_catalogue() {
        let words = Words::of(Language::English);
        assert!(matches!(toast(words, Some("signed-out")), Some(Toast::Done(_))));
        assert!(matches!(toast(words, Some("worklist-nothing-chosen")), Some(Toast::NotDone(_))));
        assert!(matches!(toast(words, Some("session-over")), Some(Toast::Reason(_))));
        for wrong in ["", "made-up", "Signed-Out", "signed out", "<b>", &"a".repeat(80)] {
            assert!(toast(words, Some(wrong)).is_none(), "{wrong}");
        }
        assert_eq!(done_of(Some("a=1&done=saved")).as_deref(), Some("saved"));
    }

    #[test]
    fn initials_are_taken_from_any_script() {
        for (name, wanted) in [
            ("Ana María Duarte", "AD"),
            ("李", "李"),
            ("", ""),
            ("ólafur", "Ó"),
            ("(Bo) x", "BX"),
            ("DeShawn Price Jr.", "DP"),
            ("Dr. Priya Raman", "PR"),
            ("Dr. Jr.", "J"),
        ] {
            assert_eq!(initials(name), wanted, "{name}");
        }
    }
}
