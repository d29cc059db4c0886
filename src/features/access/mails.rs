//! What the mails about portal access say. Never a last name, a birth date or a clinical word; one
//! button, its address in plain text, until when it is good, and how to reach the practice.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::features::access::news;
use crate::features::people::Person;
use crate::features::practice::{Policy, Practice};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::AccessId;
use crate::kernel::secrets::Token;
use crate::mail_kinds;
use crate::platform::i18n::{Language, Words};
use crate::platform::mail::MailBody;
use crate::platform::outbox::Subject;
use crate::platform::state::App;

/// Who writes to whom.
#[derive(Clone, Copy)]
pub struct MailContext<'a> {
    /// The practice that writes.
    pub practice: &'a Practice,
    /// Its policies.
    pub policy: &'a Policy,
    /// The reader.
    pub person: &'a Person,
}

impl MailContext<'_> {
    /// The reader's language; the practice's where theirs is not known.
    pub fn language(&self) -> Language {
        if self.person.language.is_empty() {
            self.practice.language()
        } else {
            Language::read(&self.person.language)
        }
    }

    /// The reader's zone: their own, or the practice's.
    pub fn zone(&self) -> TimeZone {
        zone_of(self.person, self.practice)
    }

    fn words(&self) -> Words {
        Words::of(self.language())
    }

    /// The name in subject and body: the practice's, or none that tells what it is.
    fn name(&self) -> String {
        if self.policy.neutral_mail {
            self.words().get("letter-neutral-name")
        } else {
            self.practice.name.clone()
        }
    }

    fn contact(&self) -> Vec<String> {
        let words = self.words();
        let practice = self.practice;
        let mut lines = Vec::new();
        let mut line = |key: &str, value: &str| {
            if !value.is_empty() {
                lines.push(words.with1(key, "value", value));
            }
        };
        line("letter-contact-phone", &practice.phone);
        line("letter-contact-text", &practice.text_phone);
        // An address or a web page mostly spells the practice's name.
        if !self.policy.neutral_mail {
            line("letter-contact-email", &practice.email);
            line("letter-contact-web", &practice.website);
        }
        lines
    }

    fn letter(&self, subject: &str, before: Vec<String>, after: Vec<String>) -> MailBody {
        let words = self.words();
        let called = self.person.called();
        let greeting = if called.is_empty() {
            words.get("letter-greeting-nameless")
        } else {
            words.with1("letter-greeting", "name", called)
        };
        MailBody {
            words,
            practice: self.name(),
            accent: self.practice.accent.clone(),
            reply_to: if self.policy.neutral_mail { String::new() } else { self.practice.email.clone() },
            subject: words.with1(subject, "practice", self.name()),
            greeting,
            before,
            button: None,
            after,
            contact: self.contact(),
        }
    }
}

/// A person's zone: their own, or the practice's.
pub fn zone_of(person: &Person, practice: &Practice) -> TimeZone {
    own_zone(person).unwrap_or_else(|| practice.zone())
}

/// The person's own zone, where the face sheet has one.
pub fn own_zone(person: &Person) -> Option<TimeZone> {
    person.time_zone.get().map(|zone| zone.rules().clone())
}

/// The address of a link: always the configured origin (INV-10), under 76 characters.
pub fn link(app: &App, practice: &Practice, token: &Token) -> String {
    app.absolute(&format!("/{}/i/{}", practice.slug, token.reveal()))
}

fn sign_in(app: &App, practice: &Practice) -> String {
    app.absolute(&format!("/{}/sign-in", practice.slug))
}

/// Is the invited person a related contact rather than the client? Then the mail says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// The client.
    Client,
    /// A parent, partner or another contact.
    Contact,
}

/// The invitation.
pub fn invitation(
    app: &App,
    desk: MailContext<'_>,
    reader: Reader,
    token: &Token,
    expires_at: Timestamp,
) -> MailBody {
    let words = desk.words();
    let opening = match reader {
        Reader::Client => "letter-invitation-client",
        Reader::Contact => "letter-invitation-contact",
    };
    let before =
        vec![words.with1(opening, "practice", desk.name()), words.get("letter-invitation-what-it-is")];
    MailBody {
        button: Some((words.get("letter-invitation-button"), link(app, desk.practice, token))),
        ..desk.letter("letter-invitation-subject", before, until(desk, expires_at))
    }
}

/// The reminder: the same link, the same end.
pub fn reminder(app: &App, desk: MailContext<'_>, token: &Token, expires_at: Timestamp) -> MailBody {
    let words = desk.words();
    let before = vec![words.with1("letter-reminder-opening", "practice", desk.name())];
    MailBody {
        button: Some((words.get("letter-invitation-button"), link(app, desk.practice, token))),
        ..desk.letter("letter-reminder-subject", before, until(desk, expires_at))
    }
}

fn until(desk: MailContext<'_>, expires_at: Timestamp) -> Vec<String> {
    let words = desk.words();
    vec![
        words.with1("letter-good-until", "moment", words.date_time_zone(expires_at, &desk.zone())),
        words.get("letter-what-is-asked"),
        words.get("letter-not-expected"),
    ]
}

/// Where "you are registered" leads: to one page with the sign-in and "that was not me" on it, which is the
/// page of the link that was used. A letter's code leads to no such page.
#[derive(Clone, Copy, Debug)]
pub enum RegisteredBy<'a> {
    /// The link of this token.
    Link(&'a Token),
    /// A letter's code.
    Code,
}

/// "You are registered", to the address on file (IDP-04): with what to do if it was somebody else.
pub fn registered(
    app: &App,
    desk: MailContext<'_>,
    by: RegisteredBy<'_>,
    sign_in_name: &str,
    at: Timestamp,
) -> MailBody {
    let words = desk.words();
    let when = words.date_time_zone(at, &desk.zone());
    let before = vec![
        words.with2("letter-registered-opening", "practice", desk.name(), "moment", when),
        words.with1("letter-registered-name", "name", sign_in_name),
    ];
    let (button, after) = match by {
        RegisteredBy::Link(token) => {
            let button = (words.get("letter-registered-button"), link(app, desk.practice, token));
            (button, words.get("letter-registered-not-me"))
        }
        RegisteredBy::Code => {
            ((words.get("letter-sign-in"), sign_in(app, desk.practice)), words.get("letter-was-not-me"))
        }
    };
    MailBody { button: Some(button), ..desk.letter("letter-registered-subject", before, vec![after]) }
}

/// "Your access is back": the old password works again.
pub fn restored(app: &App, desk: MailContext<'_>) -> MailBody {
    let words = desk.words();
    let before = vec![words.with1("letter-restored-opening", "practice", desk.name())];
    let after = vec![words.get("letter-restored-forgotten"), words.get("letter-was-not-me")];
    MailBody {
        button: Some((words.get("letter-sign-in"), sign_in(app, desk.practice))),
        ..desk.letter("letter-restored-subject", before, after)
    }
}

mail_kinds! {
    /// The mails of this feature.
    pub enum AccessMail {
        /// The link that registers.
        Invitation = "access.invitation",
        /// The same link once more.
        Reminder = "access.reminder",
        /// To whoever registered.
        Registered = "access.registered",
        /// The access is back.
        Restored = "access.restored",
        /// To the address that no longer counts.
        AddressChanged = "access.address_changed",
        /// See [`AccessNews::Changed`].
        Changed = "access.changed",
        /// See [`AccessNews::Paused`].
        Paused = "access.paused",
        /// See [`AccessNews::Ended`].
        Ended = "access.ended",
        /// To the client: the access of somebody else to their chart was changed.
        OthersChanged = "access.others_changed",
        /// Less is open from a day on.
        Ahead = "access.ahead",
        /// The chart was closed.
        ChartClosed = "access.chart_closed",
    }
}

/// What became of somebody's access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessNews {
    /// They may see or do something else than before.
    Changed,
    /// It counts for nothing, for a while.
    Paused,
    /// It counts for nothing any more.
    Ended,
}

impl AccessNews {
    /// The mail's kind.
    pub const fn kind(self) -> AccessMail {
        match self {
            Self::Changed => AccessMail::Changed,
            Self::Paused => AccessMail::Paused,
            Self::Ended => AccessMail::Ended,
        }
    }

    /// What the mail is about: it is true while the grant is open, or while it is not.
    pub fn subject(self, access: &AccessId) -> Subject {
        let kind = match self {
            Self::Changed => news::OPEN_GRANT,
            Self::Paused | Self::Ended => news::CLOSED_GRANT,
        };
        Subject { kind: kind.word, id: access.uuid() }
    }
}

/// What became of the reader's access: no reason, no name, and of a chart only that there is one, because one
/// person may hold several.
pub fn access_news(app: &App, desk: MailContext<'_>, news: AccessNews) -> MailBody {
    let words = desk.words();
    let (part, button) = match news {
        AccessNews::Changed => ("changed", Some((words.get("letter-sign-in"), sign_in(app, desk.practice)))),
        AccessNews::Paused => ("paused", None),
        AccessNews::Ended => ("ended", None),
    };
    let before = vec![words.with1(&format!("letter-{part}-opening"), "practice", desk.name())];
    let after = vec![words.get("letter-access-questions")];
    MailBody { button, ..desk.letter(&format!("letter-{part}-subject"), before, after) }
}

/// To the holder of a grant: they will see less one day soon. No day, no age, no name.
pub fn ahead(app: &App, desk: MailContext<'_>) -> MailBody {
    let words = desk.words();
    let before = vec![words.with1("letter-ahead-opening", "practice", desk.name())];
    let after = vec![words.get("letter-access-questions")];
    let button = Some((words.get("letter-sign-in"), sign_in(app, desk.practice)));
    MailBody { button, ..desk.letter("letter-ahead-subject", before, after) }
}

/// To the holder of a grant: the record was closed; until when they can read it, and whom to ask afterwards.
pub fn chart_closed(app: &App, desk: MailContext<'_>, until: Option<Date>) -> MailBody {
    let words = desk.words();
    let reading = match until {
        Some(day) => words.with1("letter-closed-until", "day", words.civil_date(day)),
        None => words.get("letter-closed-reading"),
    };
    let before = vec![words.with1("letter-closed-opening", "practice", desk.name()), reading];
    let after = vec![words.get("letter-closed-afterwards")];
    let button = Some((words.get("letter-sign-in"), sign_in(app, desk.practice)));
    MailBody { button, ..desk.letter("letter-closed-subject", before, after) }
}

/// To the client: somebody else's access to their chart was changed, paused or ended.
pub fn others_changed(desk: MailContext<'_>) -> MailBody {
    let words = desk.words();
    let before = vec![words.with1("letter-others-changed-opening", "practice", desk.name())];
    let after = vec![words.get("letter-access-questions")];
    desk.letter("letter-others-changed-subject", before, after)
}

/// To an address that is no longer this person's (INV-08). No greeting by name, no button: whoever
/// reads it now may be somebody else.
pub fn address_changed(desk: MailContext<'_>) -> MailBody {
    let words = desk.words();
    let before = vec![
        words.with1("letter-address-changed-opening", "practice", desk.name()),
        words.get("letter-address-changed-links"),
    ];
    let after = vec![words.get("letter-address-changed-not-asked")];
    MailBody {
        greeting: words.get("letter-greeting-nameless"),
        ..desk.letter("letter-address-changed-subject", before, after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::people::{Typed, TypedPerson};
    use crate::kernel::ids::{PersonId, PracticeId};
    use crate::kernel::rng::SeededChance;

    const NOW: Timestamp = Timestamp::from_micros(1_796_137_200_000_000);

    fn practice() -> Practice {
        Practice {
            practice_id: PracticeId::fresh(&SeededChance::new(1), NOW),
            slug: "riverbend".into(),
            name: "Riverbend Counseling".into(),
            time_zone: crate::kernel::zone::Zone::read("America/New_York").unwrap(),
            language: "en".into(),
            accent: "#2f6f62".into(),
            phone: "555-0100".into(),
            text_phone: "555-0101".into(),
            email: "desk@riverbend.example.org".into(),
            website: "https://riverbend.example.org".into(),
            postal_address: String::new(),
            policy: String::new(),
            suspended_at: None,
            version: 1,
        }
    }

    fn person(language: &str, zone: &str) -> Person {
        let client = TypedPerson {
            first_name: "Ana".into(),
            last_name: "Duarte".into(),
            language: language.into(),
            time_zone: zone.into(),
            ..TypedPerson::default()
        };
        let sheet = Typed { client, ..Typed::default() }.check(jiff::civil::date(2026, 12, 1)).unwrap();
        let chance = SeededChance::new(1);
        Person::fresh(PracticeId::fresh(&chance, NOW), PersonId::fresh(&chance, NOW), &sheet.client, NOW)
    }

    fn whole(letter: &MailBody) -> String {
        let mut lines = vec![letter.practice.clone(), letter.subject.clone(), letter.greeting.clone()];
        lines.extend(letter.before.clone());
        lines.extend(letter.after.clone());
        lines.extend(letter.contact.clone());
        lines.join("\n")
    }

    #[test]
    fn every_word_of_a_letter_stands_in_both_catalogues() {
        for (language, zone) in [("en", ""), ("es", "America/Los_Angeles")] {
            let (practice, person) = (practice(), person(language, zone));
            for neutral_mail in [false, true] {
                let policy = Policy { neutral_mail, ..Policy::default() };
                let desk = MailContext { practice: &practice, policy: &policy, person: &person };
                let mut texts = vec![whole(&address_changed(desk)), whole(&others_changed(desk))];
                texts.extend(until(desk, NOW));
                for text in texts {
                    assert!(!text.contains("letter-") && !text.contains('{'), "{text}");
                    assert!(!text.contains("Duarte"), "a last name: {text}");
                    assert!(!neutral_mail || !text.contains("Riverbend"), "neutral: {text}");
                }
            }
        }
    }

    #[test]
    fn the_end_of_a_link_is_told_in_the_readers_zone_by_its_name() {
        let (practice, policy) = (practice(), Policy::default());
        let rendered = |language: &str, zone: &str| {
            let person = person(language, zone);
            let lines = until(MailContext { practice: &practice, policy: &policy, person: &person }, NOW);
            lines[0].replace('\u{a0}', " ")
        };
        assert!(rendered("en", "").contains("Tuesday, December 1, 2026, 10:00 AM EST"));
        assert!(rendered("", "America/Los_Angeles").contains("7:00 AM PST"));
        assert!(
            rendered("es", "").contains("martes 1 de diciembre de 2026 a las 10:00 a. m. (hora del Este)")
        );
    }
}
