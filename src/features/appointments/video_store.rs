//! The rows of video links.

use diesel::prelude::*;

use crate::kernel::ids::{AppointmentId, PlaceId, StaffId, VideoOwnerId};
use crate::platform::db::schema::video_link;
use crate::platform::db::{InLists as _, Scoped};
use crate::platform::fault::{Fault, is_duplicate};
use crate::word_enum;

word_enum! {
    /// Of what a video link is. Of several the first one counts.
    pub enum LinkKind {
        /// Of one appointment.
        Appointment = "appointment",
        /// The standing one of a clinician.
        Staff = "staff",
        /// Of a place of kind video.
        Place = "place",
    }
}

/// What a video link is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkOf {
    /// One appointment.
    Appointment(AppointmentId),
    /// A clinician.
    Staff(StaffId),
    /// A place of kind video.
    Place(PlaceId),
}

impl LinkOf {
    /// Which of them.
    pub fn kind(self) -> LinkKind {
        match self {
            Self::Appointment(_) => LinkKind::Appointment,
            Self::Staff(_) => LinkKind::Staff,
            Self::Place(_) => LinkKind::Place,
        }
    }

    /// Whose row it is.
    pub fn id(self) -> VideoOwnerId {
        VideoOwnerId::from_uuid(match self {
            Self::Appointment(id) => id.uuid(),
            Self::Staff(id) => id.uuid(),
            Self::Place(id) => id.uuid(),
        })
    }
}

/// Which of these have a link.
pub(super) fn have_links(c: &mut Scoped<'_>, of: &[LinkOf]) -> Result<Vec<VideoOwnerId>, Fault> {
    c.rows(video_link::table)
        .filter(video_link::owner_id.in_list(of.iter().map(|one| one.id())))
        .select(video_link::owner_id)
        .load(c)
}

/// The sealed link of one of them.
pub(super) fn sealed_of(c: &mut Scoped<'_>, of: LinkOf) -> Result<Option<Vec<u8>>, Fault> {
    c.rows(video_link::table).filter(video_link::owner_id.eq(of.id())).select(video_link::sealed).optional(c)
}

/// Writes a link over the one before.
pub(super) fn save(c: &mut Scoped<'_>, of: LinkOf, sealed: Vec<u8>, by_name: &str) -> Result<(), Fault> {
    let now = c.now();
    let values = (
        video_link::sealed.eq(sealed),
        video_link::set_at.eq(now),
        video_link::set_by_name.eq(by_name.to_owned()),
    );
    let known = have_links(c, &[of])?;
    if !known.is_empty() {
        c.rows(video_link::table).filter(video_link::owner_id.eq(of.id())).set(values).execute(c)?;
        return Ok(());
    }
    let row = (video_link::owner_id.eq(of.id()), video_link::kind.eq(of.kind()), values);
    match c.insert(video_link::table, row) {
        Err(Fault::Database(error)) if is_duplicate(&error) => {
            Err(Fault::lost_race("a video link, set for the first time twice at once"))
        }
        other => other,
    }
}

/// Takes a link away; was there one?
pub(super) fn remove(c: &mut Scoped<'_>, of: LinkOf) -> Result<bool, Fault> {
    let removed = c.rows(video_link::table).filter(video_link::owner_id.eq(of.id())).delete(c)?;
    Ok(removed > 0)
}
