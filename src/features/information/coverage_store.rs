//! The rows of coverages and of the pictures of their cards.

use diesel::prelude::*;

use crate::features::documents::Blob;
use crate::features::information::coverage::{CardSide, Coverage, Position};
use crate::kernel::ids::{AccountId, BlobId, ChartId, CoverageId, InfoChangeId};
use crate::platform::db::Scoped;
use crate::platform::db::schema::{blob, coverage, info_change, insurance_card};
use crate::platform::fault::{Fault, is_duplicate};

/// A coverage's columns.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = coverage)]
struct Row {
    position: Position,
    payer: String,
    member_id: String,
    group_number: String,
    subscriber: String,
    subscriber_name: String,
    subscriber_born: String,
    subscriber_relation: String,
    valid_from: String,
    valid_until: String,
    front_blob: Option<BlobId>,
    back_blob: Option<BlobId>,
}

impl From<Row> for Coverage {
    fn from(row: Row) -> Self {
        Self {
            payer: row.payer,
            member_id: row.member_id,
            group_number: row.group_number,
            subscriber: row.subscriber,
            subscriber_name: row.subscriber_name,
            subscriber_born: row.subscriber_born,
            subscriber_relation: row.subscriber_relation,
            valid_from: row.valid_from,
            valid_until: row.valid_until,
            front: row.front_blob,
            back: row.back_blob,
        }
    }
}

/// The coverages of a chart that count, at most one a position.
pub fn active(c: &mut Scoped<'_>, chart: &ChartId) -> Result<Vec<(Position, Coverage)>, Fault> {
    let rows: Vec<Row> = c
        .rows(coverage::table)
        .filter(coverage::chart_id.eq(*chart))
        .filter(coverage::ended_at.is_null())
        .order(coverage::position.asc())
        .select(Row::as_select())
        .load(c)?;
    Ok(rows.into_iter().map(|row| (row.position, row.into())).collect())
}

/// A coverage begins to count; the one of that position before it ends, and is not changed.
pub fn replace(
    c: &mut Scoped<'_>,
    chart: &ChartId,
    position: Position,
    new: &Coverage,
    by_name: &str,
) -> Result<(), Fault> {
    let now = c.now();
    c.rows(coverage::table)
        .filter(coverage::chart_id.eq(*chart))
        .filter(coverage::position.eq(position))
        .filter(coverage::ended_at.is_null())
        .set(coverage::ended_at.eq(Some(now)))
        .execute(c)?;
    let id = CoverageId::fresh(c.rng(), now);
    c.insert(
        coverage::table,
        (
            (
                coverage::coverage_id.eq(id),
                coverage::chart_id.eq(*chart),
                coverage::position.eq(position),
                coverage::payer.eq(&new.payer),
                coverage::member_id.eq(&new.member_id),
                coverage::group_number.eq(&new.group_number),
                coverage::subscriber.eq(&new.subscriber),
                coverage::subscriber_name.eq(&new.subscriber_name),
                coverage::subscriber_born.eq(&new.subscriber_born),
            ),
            (
                coverage::subscriber_relation.eq(&new.subscriber_relation),
                coverage::valid_from.eq(&new.valid_from),
                coverage::valid_until.eq(&new.valid_until),
                coverage::front_blob.eq(new.front),
                coverage::back_blob.eq(new.back),
                coverage::by_name.eq(by_name),
                coverage::created_at.eq(now),
            ),
        ),
    )
    .map_err(|fault| match fault {
        Fault::Database(error) if is_duplicate(&error) => Fault::lost_race("two coverages at once"),
        other => other,
    })
}

/// Keeps which picture came with which change.
pub fn insert_card(
    c: &mut Scoped<'_>,
    chart: &ChartId,
    change: &InfoChangeId,
    side: CardSide,
    picture: &BlobId,
) -> Result<(), Fault> {
    c.insert(
        insurance_card::table,
        (
            insurance_card::blob_id.eq(*picture),
            insurance_card::chart_id.eq(*chart),
            insurance_card::change_id.eq(*change),
            insurance_card::side.eq(side),
        ),
    )
}

/// A card's picture on this chart, and the account that sent it.
pub fn find_card(
    c: &mut Scoped<'_>,
    chart: &ChartId,
    id: &BlobId,
) -> Result<Option<(Blob, AccountId)>, Fault> {
    c.rows(insurance_card::table)
        .inner_join(blob::table.on(
            blob::practice_id.eq(insurance_card::practice_id).and(blob::blob_id.eq(insurance_card::blob_id)),
        ))
        .inner_join(
            info_change::table.on(info_change::practice_id
                .eq(insurance_card::practice_id)
                .and(info_change::change_id.eq(insurance_card::change_id))),
        )
        .filter(insurance_card::blob_id.eq(*id))
        .filter(insurance_card::chart_id.eq(*chart))
        .select((Blob::as_select(), info_change::account_id))
        .optional(c)
}
