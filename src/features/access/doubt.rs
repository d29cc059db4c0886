//! What staff should look at before a mail goes to an address.

use crate::platform::i18n::Words;
use crate::word_enum;

word_enum! {
    /// Something about an address that staff should look at before a mail goes there.
    pub enum Doubt {
        /// Another chart's person has this address.
        UsedByAnotherChart = "used_by_another_chart",
        /// A staff member of this practice has it.
        StaffMembersOwn = "staff_members_own",
        /// The domain looks like a typing error ("gmial.com").
        LikelyTypingError = "likely_typing_error",
        /// A mail to it came back for good.
        Undeliverable = "undeliverable",
        /// Whoever reads it said that an invitation was not for them.
        Refused = "refused",
        /// The client is between 12 and 17, and a guardian or other contact of the chart has it
        /// (IDP-06).
        GuardiansOwn = "guardians_own",
    }
}

impl Doubt {
    /// As a question to staff about this address.
    pub fn label(self, words: Words, address: &str, suggestion: &str) -> String {
        let key = format!("access-doubt-{}", self.word().replace('_', "-"));
        words.with2(&key, "address", address, "suggestion", suggestion)
    }
}
