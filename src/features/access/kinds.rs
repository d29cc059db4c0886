//! By what right a grant is held, and the kinds and labels of items.

use crate::word_enum;

word_enum! {
    /// By what right somebody holds a grant.
    pub enum Basis {
        /// The holder is the chart's client.
        Client = "self",
        /// A parent of a minor.
        Parent = "parent",
        /// Somebody who stands in a parent's place (in loco parentis).
        InLocoParentis = "in_loco_parentis",
        /// A guardian of a minor.
        MinorGuardian = "minor_guardian",
        /// A guardian of an adult, appointed by a court.
        AdultGuardian = "adult_guardian",
        /// An agent under a power of attorney for health care.
        PowerOfAttorney = "power_of_attorney",
        /// The adult client chose this person.
        ClientChoice = "client_choice",
        /// A parent whose part a court's order describes.
        CoParentOrder = "co_parent_order",
        /// The personal representative of a client who has died.
        Executor = "executor",
        /// A named person of an agency, such as a foster care worker.
        Agency = "agency",
        /// Not recorded.
        Other = "other",
    }
}

impl Basis {
    /// Does it end when the client is no longer a minor?
    pub const fn ends_at_majority(self) -> bool {
        matches!(self, Self::Parent | Self::InLocoParentis | Self::MinorGuardian | Self::CoParentOrder)
    }
}

word_enum! {
    /// What protects an item beyond the right to its kind.
    pub enum Label {
        /// Psychotherapy notes: never in the portal (45 CFR 164.501).
        Psychotherapy = "psychotherapy",
        /// Counseling notes on substance use: never in the portal (42 CFR 2.11).
        SudCounseling = "sud_counseling",
        /// A record on substance use under 42 CFR Part 2.
        Sud = "sud",
        /// Care that the minor may consent to alone (45 CFR 164.502(g)(3)).
        MinorConsented = "minor_consented",
        /// Marked as sensitive by staff.
        Sensitive = "sensitive",
        /// Tells of a third person.
        ThirdParty = "third_party",
    }
}

word_enum! {
    /// What a note of staff on a chart or a grant is about.
    pub enum NoteKind {
        /// An order of a court.
        CourtOrder = "court_order",
        /// Somebody's safety.
        Safety = "safety",
        /// What proves by what right somebody has access.
        Proof = "proof",
    }
}

word_enum! {
    /// What follows from such a note.
    pub enum NoteEffect {
        /// Staff know it.
        Nothing = "nothing",
        /// Rights of one holder are withheld while it holds.
        Deny = "deny",
        /// Both parents must sign.
        BothSign = "both_sign",
        /// One holder sees the client under supervision alone.
        Supervised = "supervised",
    }
}

word_enum! {
    /// What an item is.
    pub enum ItemKind {
        /// A document.
        Document = "document",
        /// A form to fill.
        Form = "form",
        /// A thread of messages.
        Thread = "thread",
        /// An appointment or a request for one.
        Appointment = "appointment",
        /// A line of the ledger.
        LedgerEntry = "ledger_entry",
    }
}
