//! The actions that the audit trail records. Each feature declares its actions in one table
//! ([`audit_actions!`](crate::audit_actions)); the word is stored, everything else follows from it.

use crate::word_enum;

word_enum! {
    /// The colour of an event in a history.
    pub enum Tone {
        /// None.
        Plain = "",
        /// Something is on its way.
        Waiting = "waiting",
        /// The client came in.
        Good = "good",
        /// Somebody should look.
        Attention = "attention",
        /// Something ended.
        Stopped = "stopped",
    }
}

/// Does a reason belong to an event?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Never.
    None,
    /// Where somebody gave one; its sentence has a second form that says it.
    Optional,
    /// Always: an event without one is refused.
    Required,
}

/// One row of a feature's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Action {
    /// `area.verb`, as the trail stores it.
    pub word: &'static str,
    /// Its colour.
    pub tone: Tone,
    /// Whether a reason belongs to it.
    pub reason: Reason,
}

impl Action {
    /// The key of its sentence in one of the catalogue's groups: `access.resent` in the group `timeline`
    /// is `timeline-access-resent`.
    pub fn key(&self, group: &str) -> String {
        format!("{group}-{}", self.word.replace(['.', '_'], "-"))
    }
}

/// Declares a feature's actions: an enum whose members know their word, tone and reason.
///
/// `audit_actions! { /// doc
/// pub enum ChartAction { Opened = "chart.opened", Good, None; Closed = "chart.closed", Stopped, Optional; } }`
#[macro_export]
macro_rules! audit_actions {
    ($(#[$meta:meta])* pub enum $name:ident {
        $($(#[$vmeta:meta])* $variant:ident = $word:literal, $tone:ident, $reason:ident;)+
    }) => {
        $crate::word_enum! {
            $(#[$meta])*
            pub enum $name { $($(#[$vmeta])* $variant = $word),+ }
        }

        impl $name {
            /// The whole table.
            pub const ACTIONS: &'static [$crate::platform::audit_action::Action] = &[$($name::$variant.action()),+];

            /// Its row of the table.
            pub const fn action(self) -> $crate::platform::audit_action::Action {
                use $crate::platform::audit_action::{Action, Reason, Tone};
                match self {
                    $(Self::$variant => Action { word: $word, tone: Tone::$tone, reason: Reason::$reason }),+
                }
            }
        }

        impl From<$name> for $crate::platform::audit_action::Action {
            fn from(action: $name) -> Self { action.action() }
        }
    };
}
