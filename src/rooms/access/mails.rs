//! What the mails about portal access say. Never a last name, a birth date or a clinical word; one
//! button, its address in plain text, until when it is good, and how to reach the practice.

use jiff::tz::TimeZone;

use crate::kernel::clock::Moment;
use crate::kernel::secrets::Token;
use crate::platform::i18n::{Language, Words};
use crate::platform::mail::Letter;
use crate::platform::state::App;
use crate::rooms::charts::Person;
use crate::rooms::practice::{Policy, Practice};

/// Who writes to whom.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    /// The practice that writes.
    pub practice: &'a Practice,
    /// Its policies.
    pub policy: &'a Policy,
    /// The reader.
    pub person: &'a Person,
}

impl Desk<'_> {
    /// The reader's language; the practice's where theirs is not known.
    pub fn language(&self) -> Language {
        if self.person.language.is_empty() {
            self.practice.language()
        } else {
            Language::read(&self.person.language)
        }
    }

    /// The reader's zone; the practice's where theirs is not known.
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

    fn letter(&self, subject: &str, before: Vec<String>, after: Vec<String>) -> Letter {
        let words = self.words();
        let called = self.person.called();
        let greeting = if called.is_empty() {
            words.get("letter-greeting-nameless")
        } else {
            words.with1("letter-greeting", "name", called)
        };
        Letter {
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

/// A person's zone; the practice's where theirs is not known.
pub fn zone_of(person: &Person, practice: &Practice) -> TimeZone {
    if person.time_zone.is_empty() {
        return practice.zone();
    }
    TimeZone::get(&person.time_zone).unwrap_or_else(|_| practice.zone())
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
pub fn invitation(app: &App, desk: Desk<'_>, reader: Reader, token: &Token, expires_at: Moment) -> Letter {
    let words = desk.words();
    let opening = match reader {
        Reader::Client => "letter-invitation-client",
        Reader::Contact => "letter-invitation-contact",
    };
    let before =
        vec![words.with1(opening, "practice", desk.name()), words.get("letter-invitation-what-it-is")];
    Letter {
        button: Some((words.get("letter-invitation-button"), link(app, desk.practice, token))),
        ..desk.letter("letter-invitation-subject", before, until(desk, expires_at))
    }
}

/// The reminder: the same link, the same end.
pub fn reminder(app: &App, desk: Desk<'_>, token: &Token, expires_at: Moment) -> Letter {
    let words = desk.words();
    let before = vec![words.with1("letter-reminder-opening", "practice", desk.name())];
    Letter {
        button: Some((words.get("letter-invitation-button"), link(app, desk.practice, token))),
        ..desk.letter("letter-reminder-subject", before, until(desk, expires_at))
    }
}

fn until(desk: Desk<'_>, expires_at: Moment) -> Vec<String> {
    let words = desk.words();
    vec![
        words.with1("letter-good-until", "moment", words.date_time_zone(expires_at, &desk.zone())),
        words.get("letter-what-is-asked"),
        words.get("letter-not-expected"),
    ]
}

/// "You are registered", to the address on file (IDP-04): with what to do if it was somebody else.
pub fn registered(app: &App, desk: Desk<'_>, sign_in_name: &str, at: Moment) -> Letter {
    let words = desk.words();
    let when = words.date_time_zone(at, &desk.zone());
    let before = vec![
        words.with2("letter-registered-opening", "practice", desk.name(), "moment", when),
        words.with1("letter-registered-name", "name", sign_in_name),
    ];
    let after = vec![words.get("letter-was-not-me")];
    Letter {
        button: Some((words.get("letter-sign-in"), sign_in(app, desk.practice))),
        ..desk.letter("letter-registered-subject", before, after)
    }
}

/// "Your access is back": the old password works again.
pub fn restored(app: &App, desk: Desk<'_>) -> Letter {
    let words = desk.words();
    let before = vec![words.with1("letter-restored-opening", "practice", desk.name())];
    let after = vec![words.get("letter-restored-forgotten"), words.get("letter-was-not-me")];
    Letter {
        button: Some((words.get("letter-sign-in"), sign_in(app, desk.practice))),
        ..desk.letter("letter-restored-subject", before, after)
    }
}

/// To an address that is no longer this person's (INV-08). No greeting by name, no button: whoever
/// reads it now may be somebody else.
pub fn address_changed(desk: Desk<'_>) -> Letter {
    let words = desk.words();
    let before = vec![
        words.with1("letter-address-changed-opening", "practice", desk.name()),
        words.get("letter-address-changed-links"),
    ];
    let after = vec![words.get("letter-address-changed-not-asked")];
    Letter {
        greeting: words.get("letter-greeting-nameless"),
        ..desk.letter("letter-address-changed-subject", before, after)
    }
}
