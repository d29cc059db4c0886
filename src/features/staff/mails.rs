//! The mails to staff members.

use crate::features::practice::Practice;
use crate::features::staff::store::StaffMember;
use crate::kernel::clock::Timestamp;
use crate::mail_kinds;
use crate::platform::i18n::Words;
use crate::platform::mail::MailBody;
use crate::platform::outbox::{MailReader, NewMail};
use crate::platform::web::links::Purpose;

mail_kinds! {
    /// The mails of this feature.
    pub enum StaffMail {
        /// The link that sets the first password.
        Invitation = "staff.invitation",
        /// The link that sets another one.
        Reset = "staff.reset",
        /// A new password counts.
        PasswordSet = "staff.password_set",
    }
}

/// A mail to a staff member: its subject is `KEY-subject`, its first paragraph `KEY-text`.
pub fn letter(practice: &Practice, member: &StaffMember, key: &str) -> MailBody {
    let words = Words::of(practice.language());
    MailBody {
        words,
        practice: practice.name.clone(),
        accent: practice.accent.clone(),
        reply_to: practice.email.clone(),
        subject: words.with1(&format!("{key}-subject"), "practice", &practice.name),
        greeting: words.with1("staff-mail-greeting", "name", &member.name),
        before: vec![words.with1(&format!("{key}-text"), "practice", &practice.name)],
        button: None,
        after: Vec::new(),
        contact: practice.contact_lines(words),
    }
}

/// The mail with a link that sets a password.
pub fn link(
    practice: &Practice,
    member: &StaffMember,
    purpose: Purpose,
    address: &str,
    until: Timestamp,
    token_hash: &str,
) -> NewMail {
    let (kind, key) = match purpose {
        Purpose::StaffInvitation => (StaffMail::Invitation, "staff-mail-invitation"),
        _ => (StaffMail::Reset, "staff-mail-reset"),
    };
    let mut letter = letter(practice, member, key);
    let words = letter.words;
    letter.button = Some((words.get(&format!("{key}-button")), address.to_owned()));
    letter.after = vec![
        words.with1("staff-mail-until", "until", words.date_time_zone(until, &practice.zone())),
        words.get("staff-mail-not-you"),
    ];
    NewMail {
        kind: kind.into(),
        dedupe_key: format!("{kind}/{token_hash}"),
        chart: None,
        access: None,
        subject: None,
        reader: MailReader::Staff,
        recipient: member.email.clone(),
        letter,
    }
}

/// The mail that tells of a new password.
pub fn password_set(practice: &Practice, member: &StaffMember, at: Timestamp, dedupe_key: String) -> NewMail {
    let mut letter = letter(practice, member, "staff-mail-password");
    let words = letter.words;
    letter.after = vec![
        words.with1("staff-mail-password-when", "when", words.date_time_zone(at, &practice.zone())),
        words.get("staff-mail-password-not-you"),
    ];
    NewMail {
        kind: StaffMail::PasswordSet.into(),
        dedupe_key,
        chart: None,
        access: None,
        subject: None,
        reader: MailReader::Staff,
        recipient: member.email.clone(),
        letter,
    }
}
