//! Whoever wrote for the practice takes their own message back: in the first minutes, while nobody on the client's side has read it. Its
//! words are gone for the client, kept for the practice's records, and stand in the draft of a staff member again.

use crate::features::documents::put_back_files;
use crate::features::messages::actions::{
    Author, NotDone, Outcome, PracticeReader, Row, apply, slot_of_staff,
};
use crate::features::messages::draft;
use crate::features::messages::draft_store::{self, Slot, Typed};
use crate::features::messages::lifecycle::{self, Left, ThreadEvent};
use crate::features::messages::readers::{StaffReader, StaffReads, staff_reads};
use crate::features::messages::store::{self, AuthorKind, Message, MessageKind, Thread};
use crate::features::staff::StaffSession;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{BlobId, ChartId, PersonId, StaffId, ThreadId};
use crate::platform::db::Scoped;
use crate::platform::fault::{Fault, granted};
use crate::platform::state::AppState;

/// Seconds in which a message can be taken back.
const TIME: i64 = 10 * 60;

/// May this staff member still take this message back, of a thread that the client's side has read up to a message?
pub(super) fn may_withdraw(message: &Message, staff: &StaffId, read_up_to: i32, now: Timestamp) -> bool {
    is_own(message, AuthorKind::Staff, staff.uuid())
        && message.withdrawn_at.is_none()
        && refusal(message, read_up_to, now).is_none()
}

/// Is it a message of this author?
fn is_own(message: &Message, kind: AuthorKind, id: uuid::Uuid) -> bool {
    message.kind == MessageKind::Text && message.author_kind == kind && message.author_id == id.as_bytes()
}

fn refusal(message: &Message, read_up_to: i32, now: Timestamp) -> Option<NotDone> {
    if read_up_to >= message.seq {
        Some(NotDone::ReadAlready)
    } else if now > message.sent_at.plus_seconds(TIME) {
        Some(NotDone::TooLate)
    } else {
        None
    }
}

/// Where the author finds the words again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BackIn {
    /// In the answer to the thread.
    Thread,
    /// In a new message: the thread had no other one.
    NewMessage,
}

/// What was taken back, and what it leaves.
struct Taken {
    typed: Typed,
    left: Left,
    /// Who took part before.
    parties: Vec<PersonId>,
}

/// Takes a message of this author back; `None` where it was taken back before.
fn take_back(c: &mut Scoped<'_>, author: &Author, thread: &mut Thread, seq: i32) -> Outcome<Option<Taken>> {
    // Nobody reads it, or has read it, until this is done.
    store::hold_reading(c, &thread.id)?;
    let found = store::find_message(c, &thread.id, seq)?;
    let Some(message) = found.filter(|message| is_own(message, author.mark.kind, author.mark.id)) else {
        return Ok(Err(NotDone::NotFound));
    };
    // The same form sent twice.
    if message.withdrawn_at.is_some() {
        return Ok(Ok(None));
    }
    let read_up_to = store::read_by_client(c, &thread.id)?;
    if let Some(why) = refusal(&message, read_up_to, c.now()) {
        return Ok(Err(why));
    }
    let files = store::attachments(c, &thread.id, std::slice::from_ref(&message))?;
    let (left, newest) = store::left_without(c, &thread.id, seq)?;
    let parties = store::parties_of(c, &thread.id)?;
    let decision = lifecycle::decide(thread.standing, ThreadEvent::Withdraw(left))
        .ok_or_else(|| Fault::other("a message that cannot be taken back"))?;
    thread.last_at = newest.unwrap_or(thread.last_at);
    apply(c, thread, author, decision, Row::Withdrawn(&message, &files))?;
    let blobs: Vec<BlobId> = files.iter().map(|file| file.blob.blob_id).collect();
    let uploads = put_back_files(c, &thread.chart, &author.by, &blobs)?;
    let uploads: Vec<String> = uploads.iter().map(ToString::to_string).collect();
    let typed = Typed { body: message.body, files: uploads.join(" "), ..Typed::default() };
    Ok(Ok(Some(Taken { typed, left, parties })))
}

/// Puts what was taken back into the draft of the staff member who wrote it.
fn keep(c: &mut Scoped<'_>, reader: &StaffReader, thread: &Thread, taken: Taken) -> Result<BackIn, Fault> {
    let Taken { typed, left, parties } = taken;
    if left != Left::Nothing {
        add_to_draft(c, &slot_of_staff(reader.staff, thread.chart, Some(thread.id)), typed)?;
        return Ok(BackIn::Thread);
    }
    let holder =
        store::holders(c, &thread.chart)?.into_iter().find(|holder| parties.contains(&holder.person));
    let typed = Typed {
        addressee: holder.map(|holder| holder.access.to_string()).unwrap_or_default(),
        sender: draft::sender_of(thread.to).to_owned(),
        subject: thread.subject.clone(),
        ..typed
    };
    add_to_draft(c, &slot_of_staff(reader.staff, thread.chart, None), typed)?;
    Ok(BackIn::NewMessage)
}

/// A key takes one of its messages back, in the caller's transaction.
pub fn withdraw_by_key(c: &mut Scoped<'_>, author: &Author, thread: &ThreadId, seq: i32) -> Outcome<Thread> {
    let is_theirs = |thread: &Thread| {
        PracticeReader::ApiKey.reads(thread.to) == StaffReads::Words && seq >= thread.read_from
    };
    let Some(mut thread) = store::find(c, thread)?.filter(is_theirs) else {
        return Ok(Err(NotDone::NotFound));
    };
    Ok(take_back(c, author, &mut thread, seq)?.map(|_| thread))
}

/// Puts words into a draft; what stands there already stays below them.
fn add_to_draft(c: &mut Scoped<'_>, slot: &Slot, mut typed: Typed) -> Result<(), Fault> {
    let known = draft_store::find(c, slot)?;
    let over = known.as_ref().map_or(0, |draft| draft.revision);
    if let Some(there) = known.map(|draft| draft.typed).filter(|there| !there.is_empty()) {
        let both = |first: &str, second: &str, between: &str| {
            [first, second].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(between)
        };
        typed.body = both(&typed.body, &there.body, "\n\n");
        typed.files = both(&typed.files, &there.files, " ");
    }
    typed.body.truncate(typed.body.floor_char_boundary(draft::LARGEST));
    draft_store::put(c, slot, &typed, over)?;
    Ok(())
}

/// A staff member takes one of their messages back.
pub(super) async fn withdraw_by_staff(
    app: &AppState,
    staff: &StaffSession,
    (chart, thread): (ChartId, ThreadId),
    seq: i32,
) -> Outcome<BackIn> {
    let author = Author::of_practice(&staff.by())?;
    let (who, role) = (staff.staff_id, staff.role);
    let unit = move |c: &mut Scoped<'_>| -> Outcome<BackIn> {
        let reader = StaffReader::load(c, who, role)?;
        let is_theirs = |thread: &Thread| {
            let reads = staff_reads(thread.to, &reader) == StaffReads::Words;
            thread.chart == chart && reads && seq >= thread.read_from
        };
        let Some(mut thread) = store::find(c, &thread)?.filter(is_theirs) else {
            return Ok(Err(NotDone::NotFound));
        };
        match granted!(take_back(c, &author, &mut thread, seq)?) {
            Some(taken) => keep(c, &reader, &thread, taken).map(Ok),
            None => Ok(Ok(BackIn::Thread)),
        }
    };
    let outcome = app.db.write(&staff.scope, unit).await?;
    if outcome.is_ok() {
        app.live.chart_changed(staff.scope.id(), &chart);
    }
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::messages::lifecycle::Side;
    use crate::kernel::ids::MessageId;

    #[test]
    fn case_76_a_message_is_taken_back_by_its_author_in_ten_minutes_and_unread_alone() {
        let me = StaffId::from_uuid(uuid::Uuid::from_u128(1));
        let other = StaffId::from_uuid(uuid::Uuid::from_u128(2));
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        let message = Message {
            seq: 2,
            message_id: MessageId::NIL,
            side: Side::Practice,
            author_kind: AuthorKind::Staff,
            author_id: me.as_bytes().to_vec(),
            author_name: "Casey".into(),
            body: "Words.".into(),
            sent_at: at(0),
            kind: MessageKind::Text,
            withdrawn_at: None,
        };
        assert!(may_withdraw(&message, &me, 1, at(600)));
        assert!(!may_withdraw(&message, &me, 1, at(601)), "too late");
        assert!(!may_withdraw(&message, &me, 2, at(1)), "it was read");
        assert!(!may_withdraw(&message, &other, 1, at(1)), "somebody else's");
        for message in [
            Message { author_kind: AuthorKind::ApiKey, ..message.clone() },
            Message { kind: MessageKind::Moved, ..message.clone() },
            Message { withdrawn_at: Some(at(1)), ..message.clone() },
        ] {
            assert!(!may_withdraw(&message, &me, 1, at(1)), "{message:?}");
        }
    }
}
