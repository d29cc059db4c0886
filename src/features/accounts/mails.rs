//! What the mails about a sign-in and about news in the portal say. Nothing clinical, no last name,
//! nothing of what the news is: that is read after signing in.

use crate::features::practice::Practice;
use crate::kernel::clock::Timestamp;
use crate::kernel::email::EmailAddress;
use crate::platform::i18n::Words;
use crate::platform::mail::MailBody;
use crate::platform::state::App;

/// Who writes, in which language, and to whom.
#[derive(Clone, Copy, Debug)]
pub struct MailContext<'a> {
    /// The practice that writes.
    pub practice: &'a Practice,
    /// The reader's language.
    pub words: Words,
    /// How the reader likes to be called; empty for a greeting without a name.
    pub called: &'a str,
}

impl MailContext<'_> {
    /// The practice's name, or none that tells what it is, where the practice wants it so.
    fn name(&self) -> String {
        if self.practice.policy().neutral_mail {
            self.words.get("portal-mail-neutral-name")
        } else {
            self.practice.name.clone()
        }
    }

    fn contact(&self) -> Vec<String> {
        let (practice, neutral) = (self.practice, self.practice.policy().neutral_mail);
        // An address or a web page mostly spells the practice's name.
        let lines = [
            ("portal-mail-phone", &practice.phone, true),
            ("portal-mail-text", &practice.text_phone, true),
            ("portal-mail-email", &practice.email, !neutral),
            ("portal-mail-web", &practice.website, !neutral),
        ];
        lines
            .into_iter()
            .filter(|(_, value, shown)| *shown && !value.is_empty())
            .map(|(key, value, _)| self.words.with1(key, "value", value))
            .collect()
    }

    /// A mail with the greeting, these paragraphs and how to reach the practice.
    pub fn letter(&self, subject: &str, before: Vec<String>, after: Vec<String>) -> MailBody {
        let greeting = if self.called.is_empty() {
            self.words.get("portal-mail-hello")
        } else {
            self.words.with1("portal-mail-hello-name", "name", self.called)
        };
        let neutral = self.practice.policy().neutral_mail;
        MailBody {
            words: self.words,
            practice: self.name(),
            accent: self.practice.accent.clone(),
            reply_to: if neutral { String::new() } else { self.practice.email.clone() },
            subject: self.words.with1(subject, "practice", self.name()),
            greeting,
            before,
            button: None,
            after,
            contact: self.contact(),
        }
    }

    /// A sentence that names the practice.
    pub fn sentence(&self, key: &str) -> String {
        self.words.with1(key, "practice", self.name())
    }

    /// The button that leads to the sign-in page.
    pub fn sign_in(&self, app: &App) -> Option<(String, String)> {
        let address = app.absolute(&format!("/{}/sign-in", self.practice.slug));
        Some((self.words.get("portal-mail-sign-in"), address))
    }
}

/// "There is news about your appointment request."
pub fn appointment_news(app: &App, desk: MailContext<'_>) -> MailBody {
    let before = vec![desk.sentence("portal-mail-news-text")];
    let after = vec![desk.words.get("portal-mail-not-expected")];
    MailBody { button: desk.sign_in(app), ..desk.letter("portal-mail-news-subject", before, after) }
}

/// "Something new is there for you." Not a word of what it is.
pub fn something_new(app: &App, desk: MailContext<'_>) -> MailBody {
    let before = vec![desk.sentence("portal-mail-new-text")];
    let after = vec![desk.words.get("portal-mail-new-pause"), desk.words.get("portal-mail-not-expected")];
    MailBody { button: desk.sign_in(app), ..desk.letter("portal-mail-new-subject", before, after) }
}

/// "There is something new in your account": a statement. Never an amount, nor what it is for.
pub fn account_news(app: &App, desk: MailContext<'_>) -> MailBody {
    let before = vec![desk.sentence("portal-mail-account-text")];
    let after = vec![desk.words.get("portal-mail-not-expected")];
    MailBody { button: desk.sign_in(app), ..desk.letter("portal-mail-account-subject", before, after) }
}

/// The link that sets a new password.
pub fn reset(
    app: &App,
    desk: MailContext<'_>,
    sign_in_name: &str,
    path: &str,
    ends: Timestamp,
    by_staff: bool,
) -> MailBody {
    let opening = if by_staff { "portal-mail-reset-by-staff" } else { "portal-mail-reset-asked" };
    let before =
        vec![desk.sentence(opening), desk.words.with1("portal-mail-reset-name", "name", sign_in_name)];
    let until = desk.words.date_time_zone(ends, &desk.practice.zone());
    let after = vec![
        desk.words.with1("portal-mail-reset-until", "moment", until),
        desk.words.get("portal-mail-reset-not-asked"),
    ];
    MailBody {
        button: Some((desk.words.get("portal-mail-reset-button"), app.absolute(path))),
        ..desk.letter("portal-mail-reset-subject", before, after)
    }
}

/// "Your password was changed", with what to do if it was somebody else.
pub fn password_changed(app: &App, desk: MailContext<'_>, at: Timestamp) -> MailBody {
    let when = desk.words.date_time_zone(at, &desk.practice.zone());
    let before = vec![desk.words.with2("portal-mail-changed-text", "practice", desk.name(), "moment", when)];
    let after = vec![desk.words.get("portal-mail-changed-not-me")];
    MailBody { button: desk.sign_in(app), ..desk.letter("portal-mail-changed-subject", before, after) }
}

/// To somebody who was invited, never registered, and says that they forgot their password.
pub fn not_registered_yet(desk: MailContext<'_>) -> MailBody {
    let before = vec![desk.sentence("portal-mail-invited-text"), desk.words.get("portal-mail-invited-what")];
    let after = vec![desk.words.get("portal-mail-not-expected")];
    desk.letter("portal-mail-reset-subject", before, after)
}

/// To somebody whose access was taken away.
pub fn no_access(desk: MailContext<'_>) -> MailBody {
    let before = vec![desk.sentence("portal-mail-closed-text")];
    let after = vec![desk.words.get("portal-mail-not-expected")];
    desk.letter("portal-mail-reset-subject", before, after)
}

/// A mail of this room, ready for the outbox.
pub fn mail(
    kind: &'static str,
    dedupe_key: String,
    recipient: EmailAddress,
    letter: MailBody,
) -> crate::platform::outbox::NewMail {
    crate::platform::outbox::NewMail {
        kind,
        dedupe_key,
        chart: None,
        access: None,
        subject: None,
        recipient,
        letter,
    }
}
