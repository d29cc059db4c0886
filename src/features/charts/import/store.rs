//! What an import in the browser keeps: the file between its steps, and the practice's mapping of columns.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::features::charts::import::columns::{Mapping, named};
use crate::kernel::ids::{ImportId, StaffId};
use crate::platform::db::schema::{import_column, import_file};
use crate::platform::db::{Scoped, System};
use crate::platform::fault::Fault;

/// Hours that a file waits for whoever uploaded it.
const HOURS: i64 = 24;

/// The practice's mapping. A column of ours that is no longer known is as good as not mapped.
pub(super) fn mapping(c: &mut Scoped<'_>) -> Result<Mapping, Fault> {
    let rows: Vec<(String, Option<String>)> =
        c.rows(import_column::table).select((import_column::header, import_column::column_name)).load(c)?;
    let columns = rows.into_iter().filter_map(|(header, column)| match column {
        None => Some((header, None)),
        Some(column) => Some((header, Some(named(&column)?))),
    });
    Ok(Mapping(columns.collect::<HashMap<_, _>>()))
}

/// Keeps what these columns are; others stay as they were mapped before.
pub(super) fn keep_mapping(
    c: &mut Scoped<'_>,
    columns: &[(String, Option<&'static str>)],
) -> Result<(), Fault> {
    for (header, column) in columns {
        let of_header = c.rows(import_column::table).filter(import_column::header.eq(header));
        of_header.delete(c)?;
        c.insert(
            import_column::table,
            (import_column::header.eq(header), import_column::column_name.eq(*column)),
        )?;
    }
    Ok(())
}

/// Keeps a file for its next step.
pub(super) fn put_file(c: &mut Scoped<'_>, who: StaffId, name: &str, body: &[u8]) -> Result<ImportId, Fault> {
    let id = ImportId::fresh(c.rng(), c.now());
    c.insert(
        import_file::table,
        (
            import_file::import_id.eq(id),
            import_file::staff_id.eq(who),
            import_file::name.eq(name),
            import_file::body.eq(body),
            import_file::created_at.eq(c.now()),
        ),
    )?;
    Ok(id)
}

/// A file that this member of staff uploaded: its name, its bytes, which are none once it is imported, and how many
/// of its rows are written.
pub(super) fn file(
    c: &mut Scoped<'_>,
    who: StaffId,
    id: ImportId,
) -> Result<Option<(String, Vec<u8>, i64)>, Fault> {
    c.rows(import_file::table)
        .filter(import_file::import_id.eq(id))
        .filter(import_file::staff_id.eq(who))
        .select((import_file::name, import_file::body, import_file::rows_done))
        .optional(c)
}

/// How far the import of a file has come, and what the rows came to that are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Queryable)]
pub(super) struct Progress {
    pub rows: i64,
    pub created: i64,
    pub updated: i64,
}

pub(super) fn progress(c: &mut Scoped<'_>, id: ImportId) -> Result<Option<Progress>, Fault> {
    c.rows(import_file::table)
        .filter(import_file::import_id.eq(id))
        .select((import_file::rows_done, import_file::created, import_file::updated))
        .optional(c)
}

/// Notes a further piece as written; `false` where another process has written it.
pub(super) fn advance(c: &mut Scoped<'_>, id: ImportId, from: Progress, to: Progress) -> Result<bool, Fault> {
    let noted = c
        .rows(import_file::table)
        .filter(import_file::import_id.eq(id))
        .filter(import_file::rows_done.eq(from.rows))
        .filter(import_file::body.ne(Vec::<u8>::new()))
        .set((
            import_file::rows_done.eq(to.rows),
            import_file::created.eq(to.created),
            import_file::updated.eq(to.updated),
        ))
        .execute(c)?;
    Ok(noted == 1)
}

/// Whose file it is, and its bytes, which are none once it is imported.
pub(super) fn begun_file(c: &mut Scoped<'_>, id: ImportId) -> Result<Option<(StaffId, Vec<u8>)>, Fault> {
    c.rows(import_file::table)
        .filter(import_file::import_id.eq(id))
        .select((import_file::staff_id, import_file::body))
        .optional(c)
}

/// Empties a file that was imported. What is left of it says so to whoever sends the last step again; an
/// upload is never empty.
pub(super) fn empty_file(c: &mut Scoped<'_>, id: ImportId) -> Result<(), Fault> {
    let file = c.rows(import_file::table).filter(import_file::import_id.eq(id));
    file.set(import_file::body.eq(Vec::<u8>::new())).execute(c)?;
    Ok(())
}

/// Takes away what is left of files after a day. A file whose import was begun stays until it is done.
pub fn tidy(system: &mut System<'_>) -> Result<usize, Fault> {
    let before = system.now.plus_hours(-HOURS);
    let over = import_file::table
        .filter(import_file::created_at.lt(before))
        .filter(import_file::rows_done.eq(0).or(import_file::body.eq(Vec::<u8>::new())));
    Ok(diesel::delete(over).execute(system.conn)?)
}
