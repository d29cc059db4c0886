//! What a mail is. Each feature declares its mails in one table ([`mail_kinds!`](crate::mail_kinds)); nothing else can
//! be queued.

/// What a mail is, `feature.purpose`, such as `access.invitation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MailKind(&'static str);

impl MailKind {
    /// For [`mail_kinds!`](crate::mail_kinds) alone.
    #[doc(hidden)]
    pub const fn of_a_table(word: &'static str) -> Self {
        Self(word)
    }

    /// Its word in the row.
    pub const fn word(self) -> &'static str {
        self.0
    }
}

/// Declares a feature's mails: an enum whose members know their word.
///
/// `mail_kinds! { /// doc
/// pub enum AccessMail { Invitation = "access.invitation", Reminder = "access.reminder" } }`
#[macro_export]
macro_rules! mail_kinds {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$vmeta:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $crate::word_enum! {
            $(#[$meta])*
            pub enum $name { $($(#[$vmeta])* $variant = $word),+ }
        }

        impl $name {
            /// The whole table.
            pub const KINDS: &'static [$crate::platform::outbox::MailKind] =
                &[$($crate::platform::outbox::MailKind::of_a_table($word)),+];
        }

        impl From<$name> for $crate::platform::outbox::MailKind {
            fn from(kind: $name) -> Self { Self::of_a_table(kind.word()) }
        }
    };
}
