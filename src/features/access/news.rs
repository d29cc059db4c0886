//! Whether a mail about a grant is still true when it is about to leave.

use crate::features::access::ahead::narrows_next;
use crate::features::access::limits_store::{facts_of, limits_of};
use crate::features::access::permission::{ChartStanding, open_rights};
use crate::kernel::ids::AccessId;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::outbox::{Standing, SubjectKind};

/// What a mail is about that is true while the grant opens something.
pub const OPEN_GRANT: SubjectKind = SubjectKind { word: "open_grant", standing: is_open };

/// What a mail is about that is true while the grant opens nothing.
pub const CLOSED_GRANT: SubjectKind = SubjectKind { word: "closed_grant", standing: is_closed };

/// What a mail is about that is true while the grant will open less within a month.
pub const NARROWING_GRANT: SubjectKind = SubjectKind { word: "narrowing_grant", standing: narrows_soon };

/// What a mail is about that is true while the chart of the grant is closed and its holder can read it.
pub const CLOSED_CHART: SubjectKind = SubjectKind { word: "closed_chart", standing: is_read_closed };

fn is_read_closed(c: &mut Scoped<'_>, id: uuid::Uuid) -> Result<Standing, Fault> {
    let facts = facts_of(c, &AccessId::from_uuid(id))?;
    let is_read = facts.is_some_and(|facts| {
        matches!(facts.chart, ChartStanding::Closed(_)) && !open_rights(&facts).is_empty()
    });
    Ok(if is_read { Standing::Wanted } else { Standing::Over })
}

/// Days within which that has to be.
const SOON_DAYS: i32 = 31;

fn narrows_soon(c: &mut Scoped<'_>, id: uuid::Uuid) -> Result<Standing, Fault> {
    let found = limits_of(c, &AccessId::from_uuid(id))?;
    let is_soon = found.is_some_and(|(row, limits)| {
        narrows_next(&limits, &row).is_some_and(|next| next.days_left <= SOON_DAYS)
    });
    Ok(if is_soon { Standing::Wanted } else { Standing::Over })
}

fn opens_something(c: &mut Scoped<'_>, id: uuid::Uuid) -> Result<bool, Fault> {
    let facts = facts_of(c, &AccessId::from_uuid(id))?;
    Ok(facts.is_some_and(|facts| !open_rights(&facts).is_empty()))
}

fn is_open(c: &mut Scoped<'_>, id: uuid::Uuid) -> Result<Standing, Fault> {
    Ok(if opens_something(c, id)? { Standing::Wanted } else { Standing::Over })
}

fn is_closed(c: &mut Scoped<'_>, id: uuid::Uuid) -> Result<Standing, Fault> {
    Ok(if opens_something(c, id)? { Standing::Over } else { Standing::Wanted })
}
