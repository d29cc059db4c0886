//! What codes of diagnoses say: in the practice's own words, or as the code's own list has it.

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::platform::db::Scoped;
use crate::platform::db::schema::diagnosis_words;
use crate::platform::fault::Fault;

/// Codes of ICD-10-CM that are common in behavioral health, with the words of that list, which is in the public domain.
const KNOWN: &[(&str, &str)] = &[
    ("F10.10", "Alcohol abuse, uncomplicated"),
    ("F10.20", "Alcohol dependence, uncomplicated"),
    ("F11.20", "Opioid dependence, uncomplicated"),
    ("F12.10", "Cannabis abuse, uncomplicated"),
    ("F12.20", "Cannabis dependence, uncomplicated"),
    ("F20.9", "Schizophrenia, unspecified"),
    ("F25.0", "Schizoaffective disorder, bipolar type"),
    ("F25.1", "Schizoaffective disorder, depressive type"),
    ("F31.81", "Bipolar II disorder"),
    ("F31.9", "Bipolar disorder, unspecified"),
    ("F32.0", "Major depressive disorder, single episode, mild"),
    ("F32.1", "Major depressive disorder, single episode, moderate"),
    ("F32.2", "Major depressive disorder, single episode, severe without psychotic features"),
    ("F32.9", "Major depressive disorder, single episode, unspecified"),
    ("F32.A", "Depression, unspecified"),
    ("F33.0", "Major depressive disorder, recurrent, mild"),
    ("F33.1", "Major depressive disorder, recurrent, moderate"),
    ("F33.2", "Major depressive disorder, recurrent severe without psychotic features"),
    ("F33.9", "Major depressive disorder, recurrent, unspecified"),
    ("F34.1", "Dysthymic disorder"),
    ("F40.00", "Agoraphobia, unspecified"),
    ("F40.10", "Social phobia, unspecified"),
    ("F41.0", "Panic disorder [episodic paroxysmal anxiety]"),
    ("F41.1", "Generalized anxiety disorder"),
    ("F41.8", "Other specified anxiety disorders"),
    ("F41.9", "Anxiety disorder, unspecified"),
    ("F42.2", "Mixed obsessional thoughts and acts"),
    ("F42.9", "Obsessive-compulsive disorder, unspecified"),
    ("F43.0", "Acute stress reaction"),
    ("F43.10", "Post-traumatic stress disorder, unspecified"),
    ("F43.12", "Post-traumatic stress disorder, chronic"),
    ("F43.20", "Adjustment disorder, unspecified"),
    ("F43.21", "Adjustment disorder with depressed mood"),
    ("F43.22", "Adjustment disorder with anxiety"),
    ("F43.23", "Adjustment disorder with mixed anxiety and depressed mood"),
    ("F50.9", "Eating disorder, unspecified"),
    ("F60.3", "Borderline personality disorder"),
    ("F84.0", "Autistic disorder"),
    ("F90.0", "Attention-deficit hyperactivity disorder, predominantly inattentive type"),
    ("F90.1", "Attention-deficit hyperactivity disorder, predominantly hyperactive type"),
    ("F90.2", "Attention-deficit hyperactivity disorder, combined type"),
    ("F90.9", "Attention-deficit hyperactivity disorder, unspecified type"),
    ("F91.3", "Oppositional defiant disorder"),
    ("F93.0", "Separation anxiety disorder of childhood"),
    ("Z63.0", "Problems in relationship with spouse or partner"),
];

/// The practice's own words.
#[derive(Clone, Debug, Default)]
pub struct DiagnosisWords(BTreeMap<String, String>);

impl DiagnosisWords {
    /// All of them.
    pub fn of(c: &mut Scoped<'_>) -> Result<Self, Fault> {
        let rows: Vec<(String, String)> = c
            .rows(diagnosis_words::table)
            .order(diagnosis_words::code.asc())
            .limit(1_000)
            .select((diagnosis_words::code, diagnosis_words::words))
            .load(c)?;
        Ok(Self(rows.into_iter().collect()))
    }

    /// What a code says; `None` where nobody has said it.
    pub fn words(&self, code: &str) -> Option<&str> {
        let known = || KNOWN.iter().find(|(known, _)| *known == code).map(|(_, words)| *words);
        self.0.get(code).map(String::as_str).or_else(known)
    }

    /// The practice's own, by code.
    pub fn own(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(code, words)| (code.as_str(), words.as_str()))
    }
}

/// Sets what a code says; without words, what the code's own list has holds again.
pub(super) fn save(c: &mut Scoped<'_>, by_name: &str, code: &str, words: &str) -> Result<(), Fault> {
    c.rows(diagnosis_words::table).filter(diagnosis_words::code.eq(code)).delete(c)?;
    if words.is_empty() {
        return Ok(());
    }
    let row = (
        diagnosis_words::code.eq(code),
        diagnosis_words::words.eq(words),
        diagnosis_words::by_name.eq(by_name),
        diagnosis_words::changed_at.eq(c.now()),
    );
    c.insert(diagnosis_words::table, row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_practices_own_words_stand_before_those_of_the_list() {
        let own = DiagnosisWords(BTreeMap::from([("F41.1".to_owned(), "Anxiety".to_owned())]));
        assert_eq!(
            (own.words("F41.1"), own.words("F33.0")),
            (Some("Anxiety"), Some("Major depressive disorder, recurrent, mild"))
        );
        assert_eq!(own.words("X99.9"), None);
        let mut codes: Vec<&str> = KNOWN.iter().map(|(code, _)| *code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), KNOWN.len());
    }
}
