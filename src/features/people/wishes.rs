//! What mail somebody wants, and when: their own wish, which holds for what a practice tells, never for what guards a
//! sign-in or an access.

use crate::kernel::quiet::QuietHours;
use crate::platform::outbox::MailKind;
use crate::word_enum;

word_enum! {
    /// What a mail tells of, where somebody may do without it.
    pub enum MailTopic {
        /// Appointments, also reminders of them.
        Appointments = "appointments",
        /// New documents, and requests to sign.
        Documents = "documents",
        /// New messages.
        Messages = "messages",
        /// Statements.
        Billing = "billing",
    }
}

impl MailTopic {
    /// What mails of a kind tell of; `None` for those that nobody can do without.
    pub fn of(kind: MailKind) -> Option<Self> {
        match kind.word().split('.').next()? {
            "signing" => Some(Self::Documents),
            area => area.parse().ok(),
        }
    }
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailWishes {
    /// Mail of a topic waits until these hours are over.
    pub quiet: Option<QuietHours>,
    /// About these topics no mail goes out.
    pub without: Vec<MailTopic>,
}

impl MailWishes {
    /// As they are stored: `quiet=22-7 messages=none`. What cannot be read is no wish.
    pub fn read(text: &str) -> Self {
        let mut wishes = Self::default();
        for word in text.split_whitespace() {
            match word.split_once('=') {
                Some(("quiet", hours)) => wishes.quiet = QuietHours::read(hours),
                Some((topic, "none")) => wishes.without.extend(topic.parse::<MailTopic>().ok()),
                _ => {}
            }
        }
        wishes.without.sort_unstable();
        wishes.without.dedup();
        wishes
    }

    /// Does mail about this topic go out?
    pub fn wants(&self, topic: MailTopic) -> bool {
        !self.without.contains(&topic)
    }
}

impl std::fmt::Display for MailWishes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let quiet = self.quiet.iter().map(|hours| format!("quiet={hours}"));
        let without = self.without.iter().map(|topic| format!("{topic}=none"));
        f.write_str(&quiet.chain(without).collect::<Vec<_>>().join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_are_read_as_they_are_written_and_what_is_unknown_is_none() {
        let wishes = MailWishes {
            quiet: QuietHours::new(22, 7),
            without: vec![MailTopic::Messages, MailTopic::Billing],
        };
        assert_eq!(wishes.to_string(), "quiet=22-7 messages=none billing=none");
        assert_eq!(MailWishes::read(&wishes.to_string()), wishes);
        assert_eq!(MailWishes::read(""), MailWishes::default());
        assert_eq!(
            MailWishes::read("quiet=25-7 security=none messages=later nothing"),
            MailWishes::default()
        );
    }

    #[test]
    fn case_59_what_guards_a_sign_in_or_an_access_has_no_topic() {
        let topic = |word| MailTopic::of(MailKind::of_a_table(word));
        for word in
            ["portal.reset", "portal.email_undo", "access.changed", "information.phones", "staff.reset"]
        {
            assert_eq!(topic(word), None, "{word}");
        }
        assert_eq!(topic("messages.notice"), Some(MailTopic::Messages));
        assert_eq!(topic("signing.turn"), Some(MailTopic::Documents));
        assert_eq!(topic("appointments.moved"), Some(MailTopic::Appointments));
        assert_eq!(topic("billing.new"), Some(MailTopic::Billing));
    }
}
