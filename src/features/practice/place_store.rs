//! The places where a practice sees its clients: rooms to come to, video, the phone. The zone of a place decides
//! what a wall clock there means.

use diesel::prelude::*;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::PlaceId;
use crate::kernel::zone::Zone;
use crate::platform::db::Scoped;
use crate::platform::db::schema::place;
use crate::platform::fault::Fault;
use crate::word_enum;

word_enum! {
    /// How client and clinician meet.
    pub enum PlaceKind {
        /// The client comes there.
        Office = "office",
        /// By video.
        Video = "video",
        /// By phone.
        Phone = "phone",
    }
}

/// Where appointments are held.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = place)]
pub struct Place {
    /// The place.
    pub place_id: PlaceId,
    /// How client and clinician meet there.
    pub kind: PlaceKind,
    /// What clients and staff call it.
    pub name: String,
    /// Whose clock counts there.
    pub time_zone: Zone,
    /// Postal address; empty where nobody comes.
    pub address: String,
    /// Its phone; empty for the practice's own.
    pub phone: String,
    /// How to find it.
    pub directions: String,
    /// Since when nothing more is booked there.
    pub closed_at: Option<Timestamp>,
    /// Counts changes.
    pub version: i64,
}

/// What is written of a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceFields {
    /// See [`Place::kind`].
    pub kind: PlaceKind,
    /// See [`Place::name`].
    pub name: String,
    /// See [`Place::time_zone`].
    pub time_zone: Zone,
    /// See [`Place::address`].
    pub address: String,
    /// See [`Place::phone`].
    pub phone: String,
    /// See [`Place::directions`].
    pub directions: String,
}

/// Places that a practice can have.
pub const MOST_PLACES: i64 = 100;

/// Every place, those first where appointments can be booked, then by name.
pub fn places(c: &mut Scoped<'_>) -> Result<Vec<Place>, Fault> {
    let mut all: Vec<Place> = c
        .rows(place::table)
        .order(place::name.asc())
        .limit(MOST_PLACES)
        .select(Place::as_select())
        .load(c)?;
    all.sort_by_key(|place| place.closed_at.is_some());
    Ok(all)
}

/// One place; `None` if this practice has no such place.
pub fn find_place(c: &mut Scoped<'_>, id: PlaceId) -> Result<Option<Place>, Fault> {
    c.rows(place::table).filter(place::place_id.eq(id)).select(Place::as_select()).optional(c)
}

/// Adds a place.
pub fn insert_place(c: &mut Scoped<'_>, new: &PlaceFields) -> Result<PlaceId, Fault> {
    let id = PlaceId::fresh(c.rng(), c.now());
    c.insert(
        place::table,
        (
            place::place_id.eq(id),
            place::kind.eq(new.kind),
            place::name.eq(&new.name),
            place::time_zone.eq(&new.time_zone),
            place::address.eq(&new.address),
            place::phone.eq(&new.phone),
            place::directions.eq(&new.directions),
            place::version.eq(1i64),
        ),
    )?;
    Ok(id)
}

/// Writes a place over the version that was read; `false` if somebody else has changed it since.
pub fn save_place(c: &mut Scoped<'_>, id: PlaceId, to: &PlaceFields, version: i64) -> Result<bool, Fault> {
    let changed = c
        .rows(place::table)
        .filter(place::place_id.eq(id))
        .filter(place::version.eq(version))
        .set((
            place::kind.eq(to.kind),
            place::name.eq(to.name.clone()),
            place::time_zone.eq(to.time_zone.clone()),
            place::address.eq(to.address.clone()),
            place::phone.eq(to.phone.clone()),
            place::directions.eq(to.directions.clone()),
            place::version.eq(version + 1),
        ))
        .execute(c)?;
    Ok(changed == 1)
}

/// Closes a place from a moment on, or opens it again; `false` if somebody else has changed it since.
pub fn set_closed(
    c: &mut Scoped<'_>,
    id: PlaceId,
    closed_at: Option<Timestamp>,
    version: i64,
) -> Result<bool, Fault> {
    let changed = c
        .rows(place::table)
        .filter(place::place_id.eq(id))
        .filter(place::version.eq(version))
        .set((place::closed_at.eq(closed_at), place::version.eq(version + 1)))
        .execute(c)?;
    Ok(changed == 1)
}
