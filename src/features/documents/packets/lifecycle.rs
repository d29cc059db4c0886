//! How an item of a packet stands, and how the packet does: computed from what became of its documents, and never stored.

use diesel::prelude::*;

use crate::features::access::permission::Label;
use crate::features::documents::lifecycle::{DocumentState, ShareStanding, is_never_shared};
use crate::features::documents::signing::lifecycle::Standing;
use crate::kernel::ids::PacketId;
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
        /// The same, and in a packet in order another one comes first.
        Waits = "waits",
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

/// How an item stands by itself. What was signed stays done, whatever becomes of the share.
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

/// The place of an item in a packet in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable)]
pub struct Turn {
    /// The packet.
    pub packet: PacketId,
    /// From 1.
    pub position: i32,
    /// See [`Task`].
    pub task: Task,
}

/// The item that is done before this open one; `None` where it is this one's turn. `open` are the places of all that are
/// open: what is done, cannot be done any more or was taken back holds up nothing.
pub fn waits_for(of: Turn, open: &[Turn]) -> Option<Turn> {
    let is_before = |other: &&Turn| other.packet == of.packet && other.position < of.position;
    open.iter().filter(is_before).min_by_key(|other| other.position).copied()
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
    use uuid::Uuid;

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
    fn only_what_is_open_holds_up_what_comes_after_it() {
        use ItemState::{Done, Gone, Open, Stopped};
        let states = [Open, Done, Stopped, Gone];
        let place = |packet, position| Turn { packet, position, task: Task::Read };
        let (packet, other) =
            (PacketId::from_uuid(Uuid::from_u128(1)), PacketId::from_uuid(Uuid::from_u128(2)));
        for first in states {
            for second in states {
                for third in states {
                    let items = [(1, first), (2, second), (3, third)];
                    let is_open = |(_, state): &&(i32, ItemState)| *state == Open;
                    let mut open: Vec<Turn> =
                        items.iter().filter(is_open).map(|(position, _)| place(packet, *position)).collect();
                    // Neither another packet nor the order of what was read counts.
                    open.push(place(other, 1));
                    open.reverse();
                    let wanted = |position| match (first, second) {
                        (Open, _) if position > 1 => Some(place(packet, 1)),
                        (_, Open) if position > 2 => Some(place(packet, 2)),
                        _ => None,
                    };
                    for position in 1..=3 {
                        let waits = waits_for(place(packet, position), &open);
                        assert_eq!(waits, wanted(position), "{position} of {items:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_packet_is_what_its_items_are() {
        use ItemState::{Done, Gone, Open, Stopped, Waits};
        for (items, wanted) in [
            (&[Open, Open][..], PacketState::Sent),
            (&[Open, Waits], PacketState::Sent),
            (&[Open, Stopped], PacketState::Sent),
            (&[Done, Open], PacketState::PartlyDone),
            (&[Done, Open, Waits], PacketState::PartlyDone),
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
