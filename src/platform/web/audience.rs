//! The two sides of the program: the practice's and the client's.

use crate::word_enum;

word_enum! {
    /// Which side a session, a sign-in or a known browser belongs to.
    pub enum Audience {
        /// The practice's side.
        Staff = "staff",
        /// The client's side.
        Client = "client",
    }
}

impl Audience {
    /// What the addresses of the pages after sign-in begin with.
    pub const fn root(self) -> &'static str {
        match self {
            Self::Staff => "/staff",
            Self::Client => "/portal",
        }
    }

    /// The path of the sign-in page after the practice's name.
    pub const fn sign_in_tail(self) -> &'static str {
        match self {
            Self::Staff => "/staff/sign-in",
            Self::Client => "/sign-in",
        }
    }

    /// Minutes without a request after which a session ends (SES-03).
    pub const fn idle_minutes(self) -> i64 {
        match self {
            Self::Staff => 15,
            Self::Client => 30,
        }
    }
}
