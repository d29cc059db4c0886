//! Do the months of clinicians say what is taken?

use std::collections::BTreeSet;

use anteroom::kernel::cells::Runs;
use anteroom::kernel::ids::ResourceId;
use anteroom::kernel::wall_clock::first_moment;
use anteroom::platform::db::schema::{busy, busy_month, calendar_resource};
use diesel::prelude::*;
use jiff::civil::date;
use jiff::tz::TimeZone;

use crate::support::world::World;

/// Microseconds of a cell.
const CELL: i64 = 300_000_000;

/// Fails where a cell of a month differs from the appointments.
pub async fn months_are_true(w: &World) {
    let staff: BTreeSet<ResourceId> = w
        .look(|c| {
            calendar_resource::table
                .filter(calendar_resource::kind.eq("staff"))
                .filter(calendar_resource::keeps_months.eq(true))
                .select(calendar_resource::resource_id)
                .load(c)
        })
        .await
        .into_iter()
        .collect();
    let taken: Vec<(ResourceId, i64, i64)> =
        w.look(|c| busy::table.select((busy::resource_id, busy::starts_at, busy::ends_at)).load(c)).await;
    let of_rows: BTreeSet<(ResourceId, i64)> = taken
        .into_iter()
        .filter(|(who, ..)| staff.contains(who))
        .flat_map(|(who, from, until)| {
            (from.div_euclid(CELL)..(until + CELL - 1).div_euclid(CELL)).map(move |cell| (who, cell))
        })
        .collect();
    let months: Vec<(ResourceId, i32, Vec<u8>)> = w
        .look(|c| {
            busy_month::table.select((busy_month::resource_id, busy_month::month, busy_month::runs)).load(c)
        })
        .await;
    let of_months: BTreeSet<(ResourceId, i64)> = months
        .into_iter()
        .flat_map(|(who, month, runs)| {
            let (year, month) = (i16::try_from(month / 12).expect("a year"), month % 12 + 1);
            let first = date(year, i8::try_from(month).expect("a month"), 1);
            let first = first_moment(first.at(0, 0, 0, 0), &TimeZone::UTC).expect("a moment").micros() / CELL;
            let runs: Vec<_> = Runs::from_bytes(runs).expect("runs").ranges().collect();
            runs.into_iter().flatten().map(move |cell| (who, first + cell))
        })
        .collect();
    assert_eq!(of_months, of_rows, "the months differ from what is taken");
}
