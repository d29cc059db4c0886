//! Words: one catalogue a language (Fluent), English and Spanish from the first day. What a client
//! reads, on a page or in a mail, comes from here.

mod dates;

pub use dates::Stamp;

use std::borrow::Cow;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};

use crate::word_enum;

word_enum! {
    /// A language that the catalogue speaks.
    pub enum Language {
        /// English.
        English = "en",
        /// Spanish.
        Spanish = "es",
    }
}

impl Language {
    /// The first language of an `Accept-Language` header that we speak, or `otherwise`.
    pub fn accepted(header: Option<&str>, otherwise: Language) -> Language {
        let Some(header) = header else { return otherwise };
        header
            .split(',')
            .filter_map(|part| part.split([';', '-']).next()?.trim().to_ascii_lowercase().parse().ok())
            .next()
            .unwrap_or(otherwise)
    }

    /// From a language tag (BCP 47) such as `en`, `es-MX` or `en_US`, by its first part.
    pub fn of_tag(tag: &str) -> Option<Language> {
        tag.trim().split(['-', '_']).next()?.to_ascii_lowercase().parse().ok()
    }

    /// From a column; English for anything unknown.
    pub fn read(text: &str) -> Language {
        text.parse().unwrap_or(Language::English)
    }

    /// Its own name, for a menu.
    pub fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Spanish => "Español",
        }
    }
}

macro_rules! catalogue {
    ($($file:literal),+ $(,)?) => {
        /// Every file of the catalogue, in both languages.
        const FILES: &[(&str, &str, &str)] = &[$((
            $file,
            include_str!(concat!("../../../locales/en/", $file, ".ftl")),
            include_str!(concat!("../../../locales/es/", $file, ".ftl")),
        )),+];
    };
}

// One file a feature, one a line, so that features grow without touching each other.
#[rustfmt::skip]
catalogue!(
    "platform",
    "access",
    "access_log",
    "api",
    "appointments",
    "billing",
    "charts",
    "closing",
    "leaving",
    "import",
    "demo",
    "documents",
    "information",
    "account_mails",
    "mail",
    "messages",
    "packets",
    "passwords",
    "portal",
    "practice",
    "signing",
    "staff",
    "timeline",
    "worklist",
);

type Bundle = FluentBundle<FluentResource>;

fn bundle(language: Language) -> Bundle {
    let name = match language {
        Language::English => "en-US",
        Language::Spanish => "es-US",
    };
    let name: unic_langid::LanguageIdentifier = name.parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![name]);
    // Isolation marks would end up in mails and form values; no sentence of ours mixes directions.
    bundle.set_use_isolating(false);
    for (file, english, spanish) in FILES {
        let text = if language == Language::English { english } else { spanish };
        let resource = FluentResource::try_new((*text).to_owned()).unwrap_or_else(|(resource, errors)| {
            tracing::error!(file, ?errors, "a file of the catalogue has errors");
            resource
        });
        if let Err(errors) = bundle.add_resource(resource) {
            tracing::error!(file, ?errors, "two words of the catalogue have one name");
        }
    }
    bundle
}

static ENGLISH: LazyLock<Bundle> = LazyLock::new(|| bundle(Language::English));
static SPANISH: LazyLock<Bundle> = LazyLock::new(|| bundle(Language::Spanish));

/// The words of one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words(Language);

impl Words {
    /// Speaks this language.
    pub fn of(language: Language) -> Self {
        Self(language)
    }

    /// Which language.
    pub fn language(self) -> Language {
        self.0
    }

    /// A sentence without blanks. An unknown key shows as itself; a test keeps that from happening.
    pub fn get(&self, key: &str) -> String {
        self.format(key, None)
    }

    /// A sentence without blanks, if the catalogue has it.
    pub fn find(&self, key: &str) -> Option<String> {
        self.bundle().get_message(key)?.value()?;
        Some(self.get(key))
    }

    /// A sentence with one blank filled, for templates.
    pub fn with1(&self, key: &str, name: &str, value: impl std::fmt::Display) -> String {
        self.with(key, &[(name, value.to_string())])
    }

    /// A sentence with two blanks filled, for templates.
    pub fn with2(
        &self,
        key: &str,
        name1: &str,
        value1: impl std::fmt::Display,
        name2: &str,
        value2: impl std::fmt::Display,
    ) -> String {
        self.with(key, &[(name1, value1.to_string()), (name2, value2.to_string())])
    }

    /// A sentence that depends on a number ("1 day", "2 days").
    pub fn count(&self, key: &str, name: &str, number: i64) -> String {
        let mut args = FluentArgs::new();
        args.set(name, FluentValue::from(number));
        self.format(key, Some(&args))
    }

    /// A sentence with its blanks filled.
    pub fn with(&self, key: &str, values: &[(&str, String)]) -> String {
        let mut args = FluentArgs::with_capacity(values.len());
        for (name, value) in values {
            args.set(*name, FluentValue::from(value.as_str()));
        }
        self.format(key, Some(&args))
    }

    fn bundle(&self) -> &'static Bundle {
        match self.0 {
            Language::English => &ENGLISH,
            Language::Spanish => &SPANISH,
        }
    }

    fn format(&self, key: &str, args: Option<&FluentArgs<'_>>) -> String {
        let bundle = self.bundle();
        let Some(pattern) = bundle.get_message(key).and_then(|m| m.value()) else {
            tracing::error!(key, language = self.0.word(), "a word is missing in the catalogue");
            return key.to_owned();
        };
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, args, &mut errors);
        if !errors.is_empty() {
            tracing::error!(key, ?errors, "a sentence of the catalogue was not filled");
        }
        match text {
            // The catalogue's own text, with nothing filled in.
            Cow::Borrowed(text) => text.to_owned(),
            // After "3:14 p. m." a sentence has its point already.
            Cow::Owned(text) if self.0 == Language::Spanish && text.contains(".\u{a0}m..") => {
                text.replace(".\u{a0}m..", ".\u{a0}m.")
            }
            Cow::Owned(text) => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// Each message's name and the blanks in it.
    fn shape(text: &str) -> BTreeMap<String, Vec<String>> {
        let mut shape: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut current = String::new();
        for line in text.lines().filter(|l| !l.starts_with('#')) {
            if let Some((name, _)) = line.split_once('=')
                && !line.starts_with([' ', '[', '*', '}'])
            {
                current = name.trim().to_owned();
                assert!(!shape.contains_key(&current), "{current} stands twice");
                shape.entry(current.clone()).or_default();
            }
            for part in line.split('$').skip(1) {
                let blank: String =
                    part.chars().take_while(|c| c.is_alphanumeric() || *c == '-' || *c == '_').collect();
                let blanks = shape.entry(current.clone()).or_default();
                if !blanks.contains(&blank) {
                    blanks.push(blank);
                    blanks.sort();
                }
            }
        }
        shape
    }

    #[test]
    fn both_languages_know_the_same_words_with_the_same_blanks() {
        for (file, english, spanish) in FILES {
            assert_eq!(shape(english), shape(spanish), "in {file}.ftl");
            for (text, language) in [(english, "en"), (spanish, "es")] {
                assert!(FluentResource::try_new((*text).to_owned()).is_ok(), "{language}/{file}.ftl");
            }
        }
    }

    /// The sources and templates below a folder.
    fn sources(folder: &std::path::Path, found: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path())
        {
            if entry.is_dir() {
                sources(&entry, found);
            } else if entry.extension().is_some_and(|end| end == "rs" || end == "html") {
                let text = std::fs::read_to_string(&entry).expect("a text");
                found.push((entry.display().to_string(), text));
            }
        }
    }

    #[test]
    fn every_word_that_a_page_asks_for_stands_in_the_catalogue() {
        let known: Vec<BTreeMap<String, Vec<String>>> =
            FILES.iter().map(|(_, text, _)| shape(text)).collect();
        let is_known = |key: &str| known.iter().any(|file| file.contains_key(key));
        let has_blanks =
            |key: &str| known.iter().any(|file| file.get(key).is_some_and(|blanks| !blanks.is_empty()));
        let mut texts = Vec::new();
        sources(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../src"), &mut texts);
        let (mut unknown, mut seen) = (Vec::new(), 0);
        for (file, text) in &texts {
            for asks in [
                "words.get(\"",
                "words.with1(\"",
                "words.with2(\"",
                "words.count(\"",
                "words.with(\"",
                "?done=",
            ] {
                for rest in text.split(asks).skip(1) {
                    let ends = |c: char| !(c.is_alphanumeric() || c == '-' || c == '_');
                    let key = rest.split(ends).next().unwrap_or_default();
                    // A key that is put together, or a word that comes from elsewhere.
                    let is_whole = rest[key.len()..].starts_with(['"', '#', '&']);
                    if key.is_empty() || !is_whole {
                        continue;
                    }
                    seen += 1;
                    let found = match asks {
                        "?done=" => {
                            ["done-", "not-done-"].iter().any(|kind| is_known(&format!("{kind}{key}")))
                        }
                        _ => is_known(key),
                    };
                    if !found {
                        unknown.push(format!("{file}: {key}"));
                    }
                    if asks == "words.get(\"" && has_blanks(key) {
                        unknown.push(format!("{file}: {key} has blanks, and nothing is given for them"));
                    }
                }
            }
        }
        assert!(seen > 500, "only {seen} words found");
        assert!(unknown.is_empty(), "{unknown:#?}");
    }

    #[test]
    fn a_browser_gets_the_first_language_that_we_speak() {
        use Language::{English, Spanish};
        assert_eq!(Language::accepted(Some("es-MX,es;q=0.9,en;q=0.8"), English), Spanish);
        assert_eq!(Language::accepted(Some("fr,de"), Spanish), Spanish);
        assert_eq!(Language::accepted(None, English), English);
    }
}
