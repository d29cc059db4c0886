//! Consent to electronic records and signatures: what is told before it (15 USC 7001(c)(1)), the code that shows that
//! the client can open what we would send, and its end. It covers every document of the practice.

use serde_json::json;

use crate::features::access::load_access;
use crate::features::documents::audit::DocumentAction;
use crate::features::documents::signing::store::{self, Consent, ConsentAct, MaybeOnPaper, StaffLine};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, AccountId, ConsentId, PracticeId};
use crate::kernel::secrets::sha256_hex;
use crate::platform::audit::{self, By, Event};
use crate::platform::crypto::Keys;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::limits::{self, Limit};
use crate::platform::pdf_writer::{self, Block, Content, PdfError, Weight};

/// Counts changes of the text: who agreed to an older one is asked again.
pub const TEXT_VERSION: i32 = 2;
/// What is told, paragraph by paragraph: the catalogue keys behind `signing-consent-`.
const PARAGRAPHS: &[&str] = &["paper", "withdraw", "after", "scope", "contact", "copy", "needs"];
/// What is told on the practice's device: the keys of a heading and of its paragraph.
const IN_PERSON: &[(&str, &str)] = &[
    ("paper", "paper"),
    ("withdraw", "withdraw-in-person"),
    ("after", "after"),
    ("scope", "scope-in-person"),
    ("copy", "copy"),
];
/// Wrong codes in a day; then the way on is paper.
const CODES: Limit = Limit { most: 3, seconds: 86_400 };
/// Letters and digits that nobody mistakes for each other.
const ALPHABET: &[u8] = b"ACDEFGHJKMNPQRTUVWXY34679";
/// How many of them a code has.
const CODE_LENGTH: usize = 4;

/// Whose consent it is: an account, which may be at home in another practice.
pub type Whose<'a> = (&'a PracticeId, &'a AccountId);

/// The text in a language: a heading and a paragraph for each thing that is told.
pub fn text(words: Words, practice: &str) -> Vec<(String, String)> {
    let part = |name: &&str| {
        let heading = words.get(&format!("signing-consent-{name}-title"));
        (heading, words.with1(&format!("signing-consent-{name}"), "practice", practice))
    };
    PARAGRAPHS.iter().map(part).collect()
}

/// The same for somebody who signs on the practice's device, for this signing alone: they need no device and no address.
pub fn text_in_person(words: Words, practice: &str) -> Vec<(String, String)> {
    let part = |(heading, text): &(&str, &str)| {
        let heading = words.get(&format!("signing-consent-{heading}-title"));
        (heading, words.with1(&format!("signing-consent-{text}"), "practice", practice))
    };
    IN_PERSON.iter().map(part).collect()
}

/// SHA-256 of a text as it was shown.
pub fn sha256_of(text: &[(String, String)]) -> String {
    let whole: Vec<String> = text.iter().map(|(heading, text)| format!("{heading}\n{text}")).collect();
    sha256_hex(whole.join("\n").as_bytes())
}

fn text_sha256(words: Words, practice: &str) -> String {
    sha256_of(&text(words, practice))
}

/// The code in an account's file.
pub fn code(keys: &Keys, practice: &PracticeId, (home, account): Whose<'_>) -> String {
    let of = format!("{practice}.{home}.{account}.{TEXT_VERSION}");
    let tag = sha256_hex(keys.sign("econsent", &of).as_bytes());
    let letters = tag.as_bytes().chunks(4).take(CODE_LENGTH).map(|part| {
        let number = usize::from_str_radix(&String::from_utf8_lossy(part), 16).unwrap_or(0);
        char::from(ALPHABET[number % ALPHABET.len()])
    });
    letters.collect()
}

/// The file that shows that the client can open one: the text, and the code.
pub fn file(words: Words, practice: &str, code: &str) -> Result<Vec<u8>, PdfError> {
    let mut blocks = vec![
        Block::Heading(1, words.get("signing-consent-title")),
        Block::Paragraph(Weight::Regular, words.get("signing-code-in-file")),
        Block::Heading(2, words.with1("signing-code-is", "code", code)),
    ];
    for (heading, text) in text(words, practice) {
        blocks.push(Block::Paragraph(Weight::Bold, heading));
        blocks.push(Block::Paragraph(Weight::Regular, text));
    }
    let content = Content {
        title: words.get("signing-consent-title"),
        language: words.language().word().to_owned(),
        blocks,
    };
    pdf_writer::write(&content, |page, pages| words.with2("signing-page-of", "page", page, "pages", pages))
}

/// The consent of an account, where it holds now.
pub fn active(c: &mut Scoped<'_>, whose: Whose<'_>) -> Result<Option<Consent>, Fault> {
    let newest = store::newest_consent(c, whose)?;
    Ok(newest.filter(|consent| consent.act == ConsentAct::Given && consent.text_version == TEXT_VERSION))
}

/// Where the consent of an account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// They never agreed.
    None,
    /// It holds, since then.
    Holds(Timestamp),
    /// They agreed to an older text.
    OlderText,
    /// They took it back then.
    TakenBack(Timestamp),
}

/// See [`Agreement`].
pub fn agreement(c: &mut Scoped<'_>, whose: Whose<'_>) -> Result<Agreement, Fault> {
    Ok(match store::newest_consent(c, whose)? {
        None => Agreement::None,
        Some(newest) => match newest.act {
            ConsentAct::Withdrawn => Agreement::TakenBack(newest.at),
            ConsentAct::Given if newest.text_version == TEXT_VERSION => Agreement::Holds(newest.at),
            ConsentAct::Given => Agreement::OlderText,
        },
    })
}

/// Since when whoever holds a grant has taken their consent back. Until they give it again, what they are asked to sign they
/// get on paper, as they were told before they agreed.
pub fn on_paper_since(c: &mut Scoped<'_>, access: &AccessId) -> Result<Option<Timestamp>, Fault> {
    let Some(row) = load_access(c, access)? else { return Ok(None) };
    match (row.account_practice_id, row.account_id) {
        (Some(home), Some(account)) => taken_back(c, (&home, &account)),
        _ => Ok(None),
    }
}

fn taken_back(c: &mut Scoped<'_>, whose: Whose<'_>) -> Result<Option<Timestamp>, Fault> {
    Ok(match agreement(c, whose)? {
        Agreement::TakenBack(at) => Some(at),
        Agreement::None | Agreement::Holds(_) | Agreement::OlderText => None,
    })
}

/// Somebody who is to sign now, and gets it on paper.
#[derive(Clone, Debug)]
pub struct OnPaper {
    /// The request.
    pub line: StaffLine,
    /// Their name, as it was when they were asked.
    pub name: String,
    /// When they took their consent back.
    pub since: Timestamp,
}

/// Whom staff give paper, in all the practice; what ends first at the top.
pub fn on_paper(c: &mut Scoped<'_>) -> Result<Vec<OnPaper>, Fault> {
    let mut found = Vec::new();
    for MaybeOnPaper { line, name, account: (home, account) } in store::maybe_on_paper(c)? {
        if let Some(since) = taken_back(c, (&home, &account))? {
            found.push(OnPaper { line, name, since });
        }
    }
    Ok(found)
}

/// What came of a consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It holds.
    Given,
    /// The code is not the one in the file.
    WrongCode,
    /// Too many wrong ones: the way on is paper.
    PaperOnly,
}

fn bucket((home, account): Whose<'_>) -> String {
    format!("econsent.{home}.{account}")
}

/// Whether somebody may type the code again today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tries {
    /// They may.
    Left,
    /// They typed a wrong one too often.
    UsedUp,
}

/// See [`Tries`].
pub fn tries(c: &mut Scoped<'_>, whose: Whose<'_>) -> Result<Tries, Fault> {
    Ok(if limits::allows(c, &bucket(whose), CODES)? { Tries::Left } else { Tries::UsedUp })
}

/// Somebody types the code of their file. A wrong one counts, whatever else is wrong with the form. `None` where it is
/// the right one.
pub fn refuse_code(
    c: &mut Scoped<'_>,
    whose: Whose<'_>,
    (typed, wanted): (&str, &str),
) -> Result<Option<Outcome>, Fault> {
    if tries(c, whose)? == Tries::UsedUp {
        return Ok(Some(Outcome::PaperOnly));
    }
    let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    if typed.eq_ignore_ascii_case(wanted) {
        return Ok(None);
    }
    let count = limits::count(c, &bucket(whose), CODES)?;
    Ok(Some(if count < CODES.most { Outcome::WrongCode } else { Outcome::PaperOnly }))
}

/// Somebody agrees and types the code of their file. Agreeing twice is agreeing once.
pub fn give(
    c: &mut Scoped<'_>,
    by: &By,
    whose: Whose<'_>,
    code: (&str, &str),
    (words, practice): (Words, &str),
) -> Result<Outcome, Fault> {
    if active(c, whose)?.is_some() {
        return Ok(Outcome::Given);
    }
    if let Some(refused) = refuse_code(c, whose, code)? {
        return Ok(refused);
    }
    write(c, by, whose, ConsentAct::Given, text_sha256(words, practice))?;
    Ok(Outcome::Given)
}

/// Somebody takes their consent back. What they signed stays signed.
pub fn withdraw(c: &mut Scoped<'_>, by: &By, whose: Whose<'_>) -> Result<(), Fault> {
    match store::newest_consent(c, whose)? {
        Some(given) if given.act == ConsentAct::Given => {
            write(c, by, whose, ConsentAct::Withdrawn, given.text_sha256)
        }
        _ => Ok(()),
    }
}

fn write(
    c: &mut Scoped<'_>,
    by: &By,
    (home, account): Whose<'_>,
    act: ConsentAct,
    text_sha256: String,
) -> Result<(), Fault> {
    let consent = Consent {
        practice_id: *c.practice(),
        consent_id: ConsentId::fresh(c.rng(), c.now()),
        seq: store::newest_consent(c, (home, account))?.map_or(1, |newest| newest.seq + 1),
        account_practice_id: *home,
        account_id: *account,
        act,
        text_version: TEXT_VERSION,
        text_sha256,
        at: c.now(),
    };
    let action = match act {
        ConsentAct::Given => DocumentAction::ConsentGiven,
        ConsentAct::Withdrawn => DocumentAction::ConsentWithdrawn,
    };
    let event = Event::new(by.clone(), action)
        .with(json!({ "consent": consent.consent_id, "text_sha256": consent.text_sha256 }));
    store::insert_consent(c, consent)?;
    audit::record(c, event)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::i18n::Language;

    #[test]
    fn case_41_a_code_is_an_accounts_own_and_stands_in_its_file() {
        let keys = Keys::from_master(&[7; 32]);
        let (practice, account) = (PracticeId::NIL, AccountId::NIL);
        let of = |id: u128| AccountId::from_uuid(uuid::Uuid::from_u128(id));
        let own = code(&keys, &practice, (&practice, &account));
        assert_eq!(own, code(&keys, &practice, (&practice, &account)), "the same each time");
        assert!(own.len() == CODE_LENGTH && own.bytes().all(|b| ALPHABET.contains(&b)), "{own}");
        let others: std::collections::BTreeSet<String> =
            (1..200).map(|id| code(&keys, &practice, (&practice, &of(id)))).collect();
        assert!(others.len() > 190, "{}", others.len());
        for language in Language::ALL {
            let words = Words::of(*language);
            assert_eq!(text(words, "Riverbend").len(), PARAGRAPHS.len());
            let file = file(words, "Riverbend", &own).unwrap();
            assert!(file.starts_with(b"%PDF-"));
        }
    }
}
