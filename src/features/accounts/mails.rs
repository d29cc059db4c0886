//! What the mails about a sign-in and about news in the portal say. Nothing clinical, no last name,
//! nothing of what the news is: that is read after signing in.

use crate::features::practice::Practice;
use crate::kernel::clock::Timestamp;
use crate::kernel::email::EmailAddress;
use crate::mail_kinds;
use crate::platform::i18n::Words;
use crate::platform::mail::MailBody;
use crate::platform::outbox::{MailKind, MailReader, NewMail};
use crate::platform::state::App;

mail_kinds! {
    /// The mails of this feature.
    pub enum AccountMail {
        /// The link that sets a password.
        Reset = "portal.reset",
        /// To whoever was invited, never registered, and says that they forgot their password.
        InvitedHint = "portal.invited_hint",
        /// To whoever forgot the password of an account that opens nothing.
        NoAccess = "portal.no_access",
        /// A new password counts.
        PasswordChanged = "portal.password_changed",
        /// The link by which a new address counts.
        EmailConfirm = "portal.email_confirm",
        /// The link by which the old address stops that.
        EmailStop = "portal.email_stop",
        /// To the new address: it counts.
        EmailChanged = "portal.email_changed",
        /// The link by which the old address takes it back.
        EmailUndo = "portal.email_undo",
        /// To the address that counted until it was taken back.
        EmailUndone = "portal.email_undone",
    }
}

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
    pub fn name(&self) -> String {
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

/// "The practice has answered you." Not a word of what was asked.
pub fn answered(app: &App, desk: MailContext<'_>) -> MailBody {
    let before = vec![desk.sentence("portal-mail-answered-text")];
    let after = vec![desk.words.get("portal-mail-not-expected")];
    MailBody { button: desk.sign_in(app), ..desk.letter("portal-mail-answered-subject", before, after) }
}

/// "There is something for you to sign." Not a word of what it is.
pub fn to_sign(app: &App, desk: MailContext<'_>) -> MailBody {
    let before = vec![desk.sentence("portal-mail-sign-text")];
    let after = vec![desk.words.get("portal-mail-not-expected")];
    MailBody { button: desk.sign_in(app), ..desk.letter("portal-mail-sign-subject", before, after) }
}

/// "Your signed copy is ready." Not a word of what was signed.
pub fn signed_copy(app: &App, desk: MailContext<'_>) -> MailBody {
    let before = vec![desk.sentence("portal-mail-copy-text")];
    let after = vec![desk.words.get("portal-mail-not-expected")];
    MailBody { button: desk.sign_in(app), ..desk.letter("portal-mail-copy-subject", before, after) }
}

/// "Not everybody signed." Not a word of what was to be signed.
pub fn signing_news(app: &App, desk: MailContext<'_>) -> MailBody {
    let before = vec![desk.sentence("portal-mail-signed-text")];
    let after = vec![desk.words.get("portal-mail-not-expected")];
    MailBody { button: desk.sign_in(app), ..desk.letter("portal-mail-signed-subject", before, after) }
}

/// "There is something new in your account": a statement. Never an amount, nor what it is for.
pub fn account_news(app: &App, desk: MailContext<'_>) -> MailBody {
    let before = vec![desk.sentence("portal-mail-account-text")];
    let after = vec![desk.words.get("portal-mail-not-expected")];
    MailBody { button: desk.sign_in(app), ..desk.letter("portal-mail-account-subject", before, after) }
}

/// "The practice has looked at what you changed." Not a word of which field, nor of what came of it.
pub fn changes_decided(app: &App, desk: MailContext<'_>) -> MailBody {
    let before = vec![desk.sentence("portal-mail-decided-text")];
    let after = vec![desk.words.get("portal-mail-not-expected")];
    MailBody { button: desk.sign_in(app), ..desk.letter("portal-mail-decided-subject", before, after) }
}

/// "The phone numbers on file for you were changed", with what to do if it was somebody else.
pub fn phones_changed(app: &App, desk: MailContext<'_>) -> MailBody {
    let before = vec![desk.sentence("portal-mail-phones-text")];
    let after = vec![desk.words.get("portal-mail-phones-not-me")];
    MailBody { button: desk.sign_in(app), ..desk.letter("portal-mail-phones-subject", before, after) }
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

/// To a new mailbox: confirm that mail about the sign-in goes there from now on.
pub fn email_confirm(app: &App, desk: MailContext<'_>, path: &str, until: Timestamp) -> MailBody {
    let before = vec![desk.sentence("portal-mail-email-confirm-text")];
    let until = desk.words.date_time_zone(until, &desk.practice.zone());
    let after = vec![
        desk.words.with1("portal-mail-email-until", "moment", until),
        desk.words.get("portal-mail-email-confirm-not-asked"),
    ];
    MailBody {
        button: Some((desk.words.get("portal-mail-email-confirm-button"), app.absolute(path))),
        ..desk.letter("portal-mail-email-confirm-subject", before, after)
    }
}

/// To the mailbox until now: another address was asked for, and how to stop it. Not a word of which one.
pub fn email_stop(app: &App, desk: MailContext<'_>, path: &str, until: Timestamp) -> MailBody {
    let before =
        vec![desk.sentence("portal-mail-email-stop-text"), desk.words.get("portal-mail-email-stop-nothing")];
    let until = desk.words.date_time_zone(until, &desk.practice.zone());
    let after = vec![desk.words.with1("portal-mail-email-until", "moment", until)];
    MailBody {
        button: Some((desk.words.get("portal-mail-email-stop-button"), app.absolute(path))),
        ..desk.letter("portal-mail-email-stop-subject", before, after)
    }
}

/// To the new mailbox: it counts from now on.
pub fn email_changed(app: &App, desk: MailContext<'_>, name: &str) -> MailBody {
    let before = vec![
        desk.sentence("portal-mail-email-changed-text"),
        desk.words.with1("portal-mail-reset-name", "name", name),
    ];
    let after = vec![desk.words.get("portal-mail-email-changed-not-me")];
    MailBody { button: desk.sign_in(app), ..desk.letter("portal-mail-email-changed-subject", before, after) }
}

/// To the mailbox until now: it no longer counts, and how to take that back.
pub fn email_undo(app: &App, desk: MailContext<'_>, path: &str, until: Timestamp) -> MailBody {
    let before =
        vec![desk.sentence("portal-mail-email-undo-text"), desk.words.get("portal-mail-email-undo-what")];
    let until = desk.words.date_time_zone(until, &desk.practice.zone());
    let after = vec![desk.words.with1("portal-mail-email-until", "moment", until)];
    MailBody {
        button: Some((desk.words.get("portal-mail-email-undo-button"), app.absolute(path))),
        ..desk.letter("portal-mail-email-undo-subject", before, after)
    }
}

/// To the mailbox that counted until the change was taken back.
pub fn email_undone(desk: MailContext<'_>) -> MailBody {
    let before = vec![desk.sentence("portal-mail-email-undone-text")];
    let after = vec![desk.words.get("portal-mail-email-undone-objection")];
    desk.letter("portal-mail-email-undone-subject", before, after)
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

/// A mail to somebody on the client's side, ready for the outbox.
pub fn mail(
    kind: impl Into<MailKind>,
    dedupe_key: String,
    reader: MailReader,
    recipient: EmailAddress,
    letter: MailBody,
) -> NewMail {
    let kind = kind.into();
    NewMail { kind, dedupe_key, chart: None, access: None, subject: None, reader, recipient, letter }
}
