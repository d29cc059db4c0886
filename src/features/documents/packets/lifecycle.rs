//! How an item of a packet stands, and how the packet does: computed from what became of its documents, and never stored.

use crate::features::access::permission::Label;
use crate::features::documents::lifecycle::{DocumentState, ShareStanding, is_never_shared};
use crate::features::documents::signing::lifecycle::Standing;
use crate::word_enum;

word_enum! {
    /// What a client does with an item.
    pub enum Task {
        /// They read it.
        Read = "read",
        /// They sign it.
        Sign = "sign",
    }
}

word_enum! {
    /// How an item stands.
    pub enum ItemState {
        /// The client has still to do it.
        Open = "open",
        /// They have done it.
        Done = "done",
        /// They cannot do it any more: they refused, the time to sign is over, or it was canceled.
        Stopped = "stopped",
        /// The practice took it back.
        Gone = "gone",
    }
}

word_enum! {
    /// How a packet stands.
    pub enum PacketState {
        /// Nothing is done yet.
        Sent = "sent",
        /// Something is.
        PartlyDone = "partly_done",
        /// Everything is that was not taken back.
        Done = "done",
        /// The practice took it back.
        Withdrawn = "withdrawn",
    }
}

/// What decides how an item stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemFacts {
    /// See [`Task`].
    pub task: Task,
    /// Its document.
    pub document: DocumentState,
    /// How that is shared with the packet's grant.
    pub share: ShareStanding,
    /// The newest version that its holder has opened.
    pub opened: Option<i32>,
    /// Where somebody was asked to sign it, how that stands.
    pub signing: Option<Standing>,
}

/// How an item stands. What was signed stays done, whatever becomes of the share.
pub fn item(of: ItemFacts) -> ItemState {
    if of.document == DocumentState::Withdrawn {
        return ItemState::Gone;
    }
    if of.task == Task::Sign && of.signing == Some(Standing::Completed) {
        return ItemState::Done;
    }
    if of.share != ShareStanding::Live {
        return ItemState::Gone;
    }
    match (of.task, of.signing) {
        (Task::Sign, Some(Standing::Open)) => ItemState::Open,
        (Task::Sign, _) => ItemState::Stopped,
        (Task::Read, _) if of.opened.is_some() => ItemState::Done,
        (Task::Read, _) => ItemState::Open,
    }
}

/// Whether the practice took a packet back as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakenBack {
    /// It did.
    Yes,
    /// It did not.
    No,
}

/// How a packet stands.
pub fn packet(taken_back: TakenBack, items: &[ItemState]) -> PacketState {
    let mut there = items.iter().filter(|item| **item != ItemState::Gone).peekable();
    if taken_back == TakenBack::Yes || there.peek().is_none() {
        return PacketState::Withdrawn;
    }
    let (done, open): (Vec<&ItemState>, Vec<&ItemState>) = there.partition(|item| **item == ItemState::Done);
    match (done.is_empty(), open.is_empty()) {
        (true, _) => PacketState::Sent,
        (false, false) => PacketState::PartlyDone,
        (false, true) => PacketState::Done,
    }
}

/// May a document with this label be in a packet? What is never shared may not (45 CFR 164.501, 42 CFR 2.11), and what
/// asks for a second look at each client is not sent by the dozen.
pub fn may_be_in_packet(label: Option<Label>) -> bool {
    !is_never_shared(label) && !matches!(label, Some(Label::Sensitive | Label::ThirdParty))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_of_an_item() {
        use ItemState::{Done, Gone, Open, Stopped};
        let signings = [
            None,
            Some(Standing::Open),
            Some(Standing::Expired),
            Some(Standing::Completed),
            Some(Standing::Refused),
            Some(Standing::Canceled),
        ];
        for document in DocumentState::ALL {
            for share in [ShareStanding::Never, ShareStanding::Ended, ShareStanding::Live] {
                for opened in [None, Some(1)] {
                    for task in Task::ALL {
                        for signing in signings {
                            let of = ItemFacts { task: *task, document: *document, share, opened, signing };
                            let wanted = match (document, task, signing, share) {
                                (DocumentState::Withdrawn, ..) => Gone,
                                (_, Task::Sign, Some(Standing::Completed), _) => Done,
                                (.., ShareStanding::Never | ShareStanding::Ended) => Gone,
                                (_, Task::Sign, Some(Standing::Open), _) => Open,
                                (_, Task::Sign, ..) => Stopped,
                                (_, Task::Read, ..) if opened.is_some() => Done,
                                (_, Task::Read, ..) => Open,
                            };
                            assert_eq!(item(of), wanted, "{of:?}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_packet_is_what_its_items_are() {
        use ItemState::{Done, Gone, Open, Stopped};
        for (items, wanted) in [
            (&[Open, Open][..], PacketState::Sent),
            (&[Open, Stopped], PacketState::Sent),
            (&[Done, Open], PacketState::PartlyDone),
            (&[Done, Stopped], PacketState::PartlyDone),
            (&[Done, Done], PacketState::Done),
            (&[Done, Gone], PacketState::Done),
            (&[Open, Gone], PacketState::Sent),
            (&[Gone, Gone], PacketState::Withdrawn),
            (&[], PacketState::Withdrawn),
        ] {
            assert_eq!(packet(TakenBack::No, items), wanted, "{items:?}");
            assert_eq!(packet(TakenBack::Yes, items), PacketState::Withdrawn, "{items:?}");
        }
    }

    #[test]
    fn no_note_that_is_never_shared_is_in_a_packet() {
        for label in Label::ALL {
            let wanted = matches!(label, Label::Sud | Label::MinorConsented);
            assert_eq!(may_be_in_packet(Some(*label)), wanted, "{label}");
        }
        assert!(may_be_in_packet(None));
    }
}
