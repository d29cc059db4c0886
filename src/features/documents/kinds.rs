//! What documents there are, and which of them a role may see.

use crate::features::access::permission::Label;
use crate::platform::i18n::Words;
use crate::platform::permissions::Role;
use crate::{mail_kinds, word_enum};

mail_kinds! {
    /// The mails of this feature.
    pub enum DocumentMail {
        /// Something new is there to read.
        SomethingNew = "documents.something_new",
        /// It is the reader's turn to sign.
        SigningTurn = "signing.turn",
        /// To somebody of the practice: it is their turn to sign.
        SigningTurnStaff = "signing.turn_staff",
        /// Everybody signed: the copy is there.
        SigningCopy = "signing.copy",
        /// Not everybody signed.
        SigningNews = "signing.news",
    }
}

word_enum! {
    /// What a document is.
    pub enum DocumentKind {
        /// What the practice must tell, such as its privacy notice.
        Notice = "notice",
        /// What both sides agree on, such as the fees.
        Agreement = "agreement",
        /// What the client authorizes the practice to disclose; made of a template, which has what the law asks for.
        Authorization = "authorization",
        /// A letter to this client.
        Letter = "letter",
        /// Something to read or to try at home.
        Handout = "handout",
        /// A plan of treatment or of safety.
        Plan = "plan",
        /// A card, such as that of an insurance.
        Card = "card",
        /// Anything else.
        Other = "other",
    }
}

impl DocumentKind {
    /// In words.
    pub fn label(self, words: Words) -> String {
        words.get(&format!("documents-kind-{}", self.word()))
    }

    /// May staff make one that is no template's? An authorization must say what the law asks for, so it comes from a
    /// published template.
    pub fn is_free(self) -> bool {
        self != Self::Authorization
    }

    /// May somebody of this role see documents of this kind? The front desk sees what is not about treatment, and
    /// nothing that is labelled.
    pub fn is_seen_by(self, role: Role, label: Option<Label>) -> bool {
        let is_about_treatment =
            matches!(self, Self::Authorization | Self::Letter | Self::Handout | Self::Plan);
        match role {
            Role::Administrator | Role::Clinician => true,
            Role::FrontDesk => !is_about_treatment && label.is_none(),
            Role::Biller => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_desk_sees_what_is_not_about_treatment() {
        for kind in DocumentKind::ALL {
            for label in Label::ALL.iter().copied().map(Some).chain([None]) {
                assert!(
                    kind.is_seen_by(Role::Administrator, label) && kind.is_seen_by(Role::Clinician, label)
                );
                assert!(!kind.is_seen_by(Role::Biller, label), "has no permission to see documents");
                let wanted = label.is_none()
                    && matches!(
                        kind,
                        DocumentKind::Notice
                            | DocumentKind::Agreement
                            | DocumentKind::Card
                            | DocumentKind::Other
                    );
                assert_eq!(kind.is_seen_by(Role::FrontDesk, label), wanted, "{kind} {label:?}");
            }
        }
    }
}
