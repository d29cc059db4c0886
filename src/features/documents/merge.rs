//! The blanks of a template, from a closed list, and how they are filled. Pure. A text is taken apart once, and what is
//! put into a blank is never read again: whatever a client is called stands there as it is written.

use std::collections::BTreeMap;

use crate::features::documents::kinds::DocumentKind;
use crate::platform::i18n::Words;
use crate::word_enum;

const OPEN: &str = "{{";
const CLOSE: &str = "}}";
const ASK: &str = "ask:";
/// The most different blanks of a text.
pub const MOST_BLANKS: usize = 60;
/// The longest question of the sender's, in characters.
pub const LONGEST_QUESTION: usize = 80;
/// Characters of a text that an error quotes.
const QUOTED: usize = 40;

word_enum! {
    /// A blank by its name.
    pub enum MergeName {
        /// The client's legal name.
        ClientName = "client_name",
        /// Its first part.
        ClientFirstName = "client_first_name",
        /// Its middle part.
        ClientMiddleName = "client_middle_name",
        /// Its last part.
        ClientLastName = "client_last_name",
        /// What they like to be called.
        ClientPreferredName = "client_preferred_name",
        /// Their pronouns.
        ClientPronouns = "client_pronouns",
        /// Their birth date.
        ClientBirthDate = "client_birth_date",
        /// Where they get letters.
        ClientAddress = "client_address",
        /// The first phone number.
        ClientPhone = "client_phone",
        /// The first e-mail address.
        ClientEmail = "client_email",
        /// The chart's number.
        ChartNumber = "chart_number",
        /// The practice's name.
        PracticeName = "practice_name",
        /// Its postal address.
        PracticeAddress = "practice_address",
        /// Its phone number.
        PracticePhone = "practice_phone",
        /// Its e-mail address.
        PracticeEmail = "practice_email",
        /// A clinician, whom the sender chooses.
        ClinicianName = "clinician_name",
        /// Who makes the document.
        SenderName = "sender_name",
        /// The day on which it is made, in the practice's zone.
        Today = "today",
        /// Of an authorization: what may be disclosed.
        AuthorizationInformation = "authorization_information",
        /// Who may disclose it.
        AuthorizationDiscloser = "authorization_discloser",
        /// To whom.
        AuthorizationRecipient = "authorization_recipient",
        /// What for.
        AuthorizationPurpose = "authorization_purpose",
        /// Its last day.
        AuthorizationExpiry = "authorization_expiry",
        /// The sentence that it can be revoked, and how.
        RightToRevoke = "right_to_revoke",
        /// The sentence that treatment does not depend on it.
        NoCondition = "no_condition",
        /// The sentence that the recipient may disclose it further.
        Redisclosure = "redisclosure",
    }
}

/// Where the value of a blank comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The face sheet; the part of the form's page that has the field.
    FaceSheet(&'static str),
    /// The practice's profile; likewise.
    Profile(&'static str),
    /// It is always there.
    Given,
    /// The sender types one line.
    Line,
    /// The sender types one line or more.
    Lines,
    /// The sender chooses a clinician.
    Clinician,
    /// The sender chooses a day that is still to come.
    Day,
}

/// What an authorization must say: 45 CFR 164.508(c)(1) and (2), 42 CFR 2.31(a).
pub const OF_AN_AUTHORIZATION: &[MergeName] = &[
    MergeName::ClientName,
    MergeName::AuthorizationInformation,
    MergeName::AuthorizationDiscloser,
    MergeName::AuthorizationRecipient,
    MergeName::AuthorizationPurpose,
    MergeName::AuthorizationExpiry,
    MergeName::RightToRevoke,
    MergeName::NoCondition,
    MergeName::Redisclosure,
];

impl MergeName {
    /// Where its value comes from.
    pub const fn source(self) -> Source {
        match self {
            Self::ClientName | Self::ClientFirstName => Source::FaceSheet("f-first_name"),
            Self::ClientMiddleName => Source::FaceSheet("f-middle_name"),
            Self::ClientLastName => Source::FaceSheet("f-last_name"),
            Self::ClientPreferredName => Source::FaceSheet("f-preferred_name"),
            Self::ClientPronouns => Source::FaceSheet("f-pronouns"),
            Self::ClientBirthDate => Source::FaceSheet("f-birth_month"),
            Self::ClientAddress => Source::FaceSheet("f-postal_address"),
            Self::ClientPhone => Source::FaceSheet("f-phone-0-value"),
            Self::ClientEmail => Source::FaceSheet("f-email-0-value"),
            Self::ChartNumber => Source::FaceSheet("f-chart_number"),
            Self::PracticeName => Source::Profile("f-name"),
            Self::PracticeAddress => Source::Profile("f-postal_address"),
            Self::PracticePhone => Source::Profile("f-phone"),
            Self::PracticeEmail => Source::Profile("f-email"),
            Self::SenderName | Self::Today | Self::RightToRevoke | Self::NoCondition | Self::Redisclosure => {
                Source::Given
            }
            Self::ClinicianName => Source::Clinician,
            Self::AuthorizationExpiry => Source::Day,
            Self::AuthorizationDiscloser | Self::AuthorizationRecipient => Source::Line,
            Self::AuthorizationInformation | Self::AuthorizationPurpose => Source::Lines,
        }
    }

    /// In words.
    pub fn label(self, words: Words) -> String {
        words.get(&format!("templates-name-{}", self.word()))
    }

    /// As it stands in a text.
    pub fn written(self) -> String {
        format!("{OPEN}{self}{CLOSE}")
    }
}

/// A blank.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Blank {
    /// One of the list.
    Name(MergeName),
    /// What the sender is asked, in the template's own words.
    Ask(String),
}

impl Blank {
    fn read(inner: &str) -> Result<Self, Wrong> {
        if let Some(question) = inner.strip_prefix(ASK) {
            let question = question.split_whitespace().collect::<Vec<_>>().join(" ");
            let fits = (1..=LONGEST_QUESTION).contains(&question.chars().count());
            return if fits { Ok(Self::Ask(question)) } else { Err(Wrong::Question) };
        }
        inner.parse().map(Self::Name).map_err(|_| Wrong::Unknown(quoted(inner)))
    }

    /// Its name in the API and beside the frozen value.
    pub fn key(&self) -> String {
        match self {
            Self::Name(name) => name.word().to_owned(),
            Self::Ask(question) => format!("{ASK}{question}"),
        }
    }

    /// What it is called on a page.
    pub fn label(&self, words: Words) -> String {
        match self {
            Self::Name(name) => name.label(words),
            Self::Ask(question) => question.clone(),
        }
    }

    /// Where its value comes from.
    pub const fn source(&self) -> Source {
        match self {
            Self::Name(name) => name.source(),
            Self::Ask(_) => Source::Line,
        }
    }
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// As it stands.
    Text(String),
    /// Something to be filled.
    Blank(Blank),
}

/// Why a template cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// A name that is not in the list.
    Unknown(String),
    /// `{{` without `}}` on the same line; what follows it.
    Unclosed(String),
    /// A question that is empty or too long.
    Question,
    /// More blanks than [`MOST_BLANKS`].
    TooMany,
    /// An authorization that does not say what it must.
    Lacks(MergeName),
}

fn quoted(text: &str) -> String {
    text.chars().take(QUOTED).take_while(|c| *c != '\n').collect()
}

/// Takes a text apart, or names everything that is wrong with it.
pub fn parse(text: &str) -> Result<Vec<Piece>, Vec<Wrong>> {
    let (mut pieces, mut wrong) = (Vec::new(), Vec::new());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(OPEN) {
        pieces.push(Piece::Text(before.to_owned()));
        let closed = after.split_once(CLOSE).filter(|(inner, _)| !inner.contains(['\n', '{']));
        let Some((inner, behind)) = closed else {
            wrong.push(Wrong::Unclosed(quoted(after)));
            rest = after;
            continue;
        };
        match Blank::read(inner.trim()) {
            Ok(blank) => pieces.push(Piece::Blank(blank)),
            Err(why) => wrong.push(why),
        }
        rest = behind;
    }
    pieces.push(Piece::Text(rest.to_owned()));
    if blanks(&pieces).len() > MOST_BLANKS {
        wrong.push(Wrong::TooMany);
    }
    if wrong.is_empty() { Ok(pieces) } else { Err(wrong) }
}

/// The blanks of a text, each once, in the order in which they stand.
pub fn blanks(pieces: &[Piece]) -> Vec<&Blank> {
    let mut found: Vec<&Blank> = Vec::new();
    for piece in pieces {
        if let Piece::Blank(blank) = piece
            && !found.contains(&blank)
        {
            found.push(blank);
        }
    }
    found
}

/// Everything that keeps a text of a template of this kind from being published.
pub fn faults(kind: DocumentKind, text: &str) -> Vec<Wrong> {
    let (pieces, mut wrong) = match parse(text) {
        Ok(pieces) => (pieces, Vec::new()),
        Err(wrong) => return wrong,
    };
    if kind == DocumentKind::Authorization {
        let there = blanks(&pieces);
        let lacks = OF_AN_AUTHORIZATION.iter().filter(|name| !there.contains(&&Blank::Name(**name)));
        wrong.extend(lacks.map(|name| Wrong::Lacks(*name)));
    }
    wrong
}

/// What stands in each blank.
pub type Values = BTreeMap<Blank, String>;

/// The text with every blank filled; the blanks without a value where there are any, so that nothing is half filled.
pub fn fill(pieces: &[Piece], values: &Values) -> Result<String, Vec<Blank>> {
    let value = |blank: &Blank| values.get(blank).filter(|value| !value.trim().is_empty());
    let missing: Vec<Blank> =
        blanks(pieces).into_iter().filter(|blank| value(blank).is_none()).cloned().collect();
    if !missing.is_empty() {
        return Err(missing);
    }
    let part = |piece: &Piece| match piece {
        Piece::Text(text) => text.clone(),
        Piece::Blank(blank) => value(blank).cloned().unwrap_or_default(),
    };
    Ok(pieces.iter().map(part).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: MergeName) -> Blank {
        Blank::Name(name)
    }

    #[test]
    fn d_28_what_a_client_is_called_is_not_read_again() {
        let pieces = parse("Dear {{client_name}}, {{ ask:Fee per  visit }} from {{today}}.").unwrap();
        let values = Values::from([
            (name(MergeName::ClientName), "{{practice}} <b>&amp;".to_owned()),
            (Blank::Ask("Fee per visit".into()), "{{today}}".to_owned()),
            (name(MergeName::Today), "December 1, 2026".to_owned()),
        ]);
        let wanted = "Dear {{practice}} <b>&amp;, {{today}} from December 1, 2026.";
        assert_eq!(fill(&pieces, &values), Ok(wanted.to_owned()));
    }

    #[test]
    fn d_27_nothing_is_filled_by_half() {
        let pieces = parse("{{client_name}} {{client_address}} {{client_name}} {{ask:Fee}}").unwrap();
        let values = Values::from([
            (name(MergeName::ClientName), "Ana".to_owned()),
            (Blank::Ask("Fee".into()), "  ".to_owned()),
        ]);
        let missing = vec![name(MergeName::ClientAddress), Blank::Ask("Fee".into())];
        assert_eq!(fill(&pieces, &values), Err(missing));
    }

    #[test]
    fn everything_that_is_wrong_is_named_at_once() {
        let text = "{{client}} {{ask:}} {{client_name\n}} {{{client_name}} {{CLIENT_NAME}} {{}}";
        let wanted = vec![
            Wrong::Unknown("client".into()),
            Wrong::Question,
            Wrong::Unclosed("client_name".into()),
            Wrong::Unclosed("{client_name}} {{CLIENT_NAME}} {{}}".into()),
            Wrong::Unknown("CLIENT_NAME".into()),
            Wrong::Unknown(String::new()),
        ];
        assert_eq!(parse(text), Err(wanted));
        let many: String = (0..=MOST_BLANKS).map(|n| format!("{{{{ask:{n}}}}}")).collect();
        assert_eq!(parse(&many), Err(vec![Wrong::TooMany]));
        assert_eq!(parse("a } b {c} }} d"), Ok(vec![Piece::Text("a } b {c} }} d".into())]));
        let long = format!("{{{{ask:{}}}}}", "x".repeat(LONGEST_QUESTION + 1));
        assert_eq!(parse(&long), Err(vec![Wrong::Question]));
    }

    #[test]
    fn d_32_an_authorization_says_what_the_law_asks_for() {
        let whole: String = OF_AN_AUTHORIZATION.iter().map(|name| name.written()).collect();
        assert!(faults(DocumentKind::Authorization, &whole).is_empty());
        for name in OF_AN_AUTHORIZATION {
            let without = whole.replace(&name.written(), "");
            assert_eq!(faults(DocumentKind::Authorization, &without), vec![Wrong::Lacks(*name)]);
            assert!(faults(DocumentKind::Agreement, &without).is_empty());
        }
    }

    #[test]
    fn each_name_has_its_word_in_both_languages() {
        use crate::platform::i18n::Language;
        for name in MergeName::ALL {
            for language in Language::ALL {
                let label = name.label(Words::of(*language));
                assert!(!label.starts_with("templates-"), "{name} has no word in {language}");
            }
            assert_eq!(parse(&name.written()).map(|pieces| blanks(&pieces).len()), Ok(1));
        }
    }
}
