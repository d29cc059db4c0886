//! What lists and open pages read of grants.

use diesel::prelude::*;

use crate::features::access::lifecycle::{Phase, State};
use crate::features::access::store::AccessRow;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, ChartId, MailId};
use crate::platform::db::schema::{chart, outbox, person, portal_access};
use crate::platform::db::{InLists as _, Scoped, System};
use crate::platform::fault::Fault;
use crate::platform::outbox::Delivery;

/// What the box shows, in short: equal means nothing to redraw.
pub type Picture = (i64, Vec<(AccessId, i64, bool)>, Vec<(MailId, Delivery, i32, bool)>);

/// What the box of a chart shows now; `None` if the practice has no such chart.
pub fn picture(c: &mut Scoped<'_>, id: &ChartId) -> Result<Option<Picture>, Fault> {
    let now = c.now();
    let version: Option<i64> =
        c.rows(chart::table).filter(chart::chart_id.eq(id.clone())).select(chart::version).optional(c)?;
    let Some(version) = version else { return Ok(None) };
    let grants: Vec<(AccessId, i64, State, Option<Timestamp>)> = c
        .rows(portal_access::table)
        .filter(portal_access::chart_id.eq(id.clone()))
        .order(portal_access::access_id.asc())
        .select((
            portal_access::access_id,
            portal_access::version,
            portal_access::state,
            portal_access::expires_at,
        ))
        .load(c)?;
    let mails: Vec<(MailId, Delivery, i32, Option<Timestamp>)> = c
        .rows(outbox::table)
        .filter(outbox::access_id.in_list(grants.iter().map(|(id, ..)| id)))
        .order(outbox::created_at.desc())
        .limit(10)
        .select((outbox::mail_id, outbox::state, outbox::tries, outbox::bounced_at))
        .load(c)?;
    let grants = grants
        .into_iter()
        .map(|(id, version, state, end)| {
            let over = state == State::Invited && end.is_some_and(|end| now >= end);
            (id, version, over)
        })
        .collect();
    let mails =
        mails.into_iter().map(|(id, state, tries, bounced)| (id, state, tries, bounced.is_some())).collect();
    Ok(Some((version, grants, mails)))
}

/// One page of grants by id, which is by birth. "Expired" is computed, so the filter computes it too.
pub fn page(
    c: &mut Scoped<'_>,
    phase: Option<Phase>,
    after: Option<AccessId>,
    most: usize,
) -> Result<Vec<AccessRow>, Fault> {
    let now = c.now();
    let mut rows = c
        .rows(portal_access::table)
        .order(portal_access::access_id.asc())
        .limit(i64::try_from(most).unwrap_or(1) + 1)
        .select(AccessRow::as_select())
        .into_boxed();
    if let Some(after) = after {
        rows = rows.filter(portal_access::access_id.gt(after));
    }
    let state = phase.map(|phase| match phase {
        Phase::NotInvited => State::None,
        Phase::Invited | Phase::Expired => State::Invited,
        Phase::Locked => State::Locked,
        Phase::Declined => State::Declined,
        Phase::Canceled => State::Canceled,
        Phase::Active => State::Active,
        Phase::NoPortalAccess => State::Revoked,
    });
    if let Some(state) = state {
        rows = rows.filter(portal_access::state.eq(state));
    }
    match phase {
        Some(Phase::Invited) => rows = rows.filter(portal_access::expires_at.gt(now)),
        Some(Phase::Expired) => rows = rows.filter(portal_access::expires_at.le(now)),
        _ => {}
    }
    rows.load(c)
}

/// A link that is out: its chart, the first and last name of whose it is, and when it ends.
pub type OpenLinkRow = (ChartId, String, String, Option<Timestamp>);

/// The links of every practice that end next, at most `limit`.
pub fn next_open_links(system: &mut System<'_>, limit: i64) -> Result<Vec<OpenLinkRow>, Fault> {
    let now = system.now;
    Ok(portal_access::table
        .inner_join(
            chart::table.on(chart::practice_id
                .eq(portal_access::practice_id)
                .and(chart::chart_id.eq(portal_access::chart_id))),
        )
        .inner_join(
            person::table.on(person::practice_id
                .eq(portal_access::practice_id)
                .and(person::person_id.eq(portal_access::person_id))),
        )
        .filter(portal_access::state.eq(State::Invited))
        .filter(portal_access::expires_at.gt(now))
        .order(portal_access::expires_at.asc())
        .limit(limit)
        .select((portal_access::chart_id, person::first_name, person::last_name, portal_access::expires_at))
        .load(system.conn)?)
}
