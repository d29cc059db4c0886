//! The rows that a unit of work holds until its commit, so that what decides about them and what changes them
//! happens one after the other. What is to be decided is read after the lock.

use diesel::prelude::*;
use sha2::{Digest as _, Sha256};

use crate::kernel::ids::{AccountId, ChartId, MailId, RequestId, StaffId};
use crate::platform::db::schema::{
    appointment_request, chart, outbox, portal_account, practice, staff_member,
};
use crate::platform::db::{Conn, InLists as _, Scoped};
use crate::platform::fault::Fault;

/// What is held. A unit that holds several takes them in this order, and counts failed sign-ins after all of
/// them, so that no two units wait for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lock<'a> {
    /// A request that may come twice, by its name: it has no row before it is done.
    Request(&'a str),
    /// The practice itself: for numbers and hours of which each is given once.
    Practice,
    /// Charts, with everything that touches access to them. They are taken in the order of their ids.
    Charts(&'a [ChartId]),
    /// Mails, between their outcome at the mail server and what is written of it.
    Mails(&'a [MailId]),
    /// A portal account: what opens a session or gives a grant by its password, and what ends both.
    Account(&'a AccountId),
    /// A staff member: what opens a session by their password, and what ends it.
    Staff(&'a StaffId),
    /// A request for an appointment: what answers it, and what takes it back. The people whose time it asks for are held
    /// after it.
    Asked(RequestId),
}

diesel::define_sql_function! {
    /// Until the end of the transaction; what it answers is of no type that Diesel knows, and is not read.
    fn pg_advisory_xact_lock(key: diesel::sql_types::BigInt) -> diesel::sql_types::Text;
}

/// Holds rows until the end of the transaction. On SQLite a unit that writes holds the whole database already.
pub fn lock(c: &mut Scoped<'_>, what: Lock<'_>) -> Result<(), Fault> {
    let here = *c.practice();
    let Conn::Postgres(conn) = &mut *c.conn else { return Ok(()) };
    match what {
        Lock::Request(name) => {
            let hash = Sha256::new().chain_update(here.as_bytes()).chain_update(name).finalize();
            let mut number = [0u8; 8];
            number.copy_from_slice(&hash[..8]);
            diesel::select(pg_advisory_xact_lock(i64::from_be_bytes(number))).execute(conn)?
        }
        // Not FOR UPDATE: that waits for every row that is written with a foreign key to the practice.
        Lock::Practice => practice::table
            .filter(practice::practice_id.eq(here))
            .for_no_key_update()
            .select(practice::practice_id)
            .execute(conn)?,
        Lock::Charts(charts) => chart::table
            .filter(chart::practice_id.eq(here))
            .filter(chart::chart_id.in_list(charts))
            .order(chart::chart_id.asc())
            .for_update()
            .select(chart::chart_id)
            .execute(conn)?,
        Lock::Mails(mails) => outbox::table
            .filter(outbox::practice_id.eq(here))
            .filter(outbox::mail_id.in_list(mails))
            .order(outbox::mail_id.asc())
            .for_update()
            .select(outbox::mail_id)
            .execute(conn)?,
        Lock::Account(id) => portal_account::table
            .filter(portal_account::practice_id.eq(here))
            .filter(portal_account::account_id.eq(id))
            .for_update()
            .select(portal_account::account_id)
            .execute(conn)?,
        Lock::Staff(id) => staff_member::table
            .filter(staff_member::practice_id.eq(here))
            .filter(staff_member::staff_id.eq(id))
            .for_update()
            .select(staff_member::staff_id)
            .execute(conn)?,
        Lock::Asked(id) => appointment_request::table
            .filter(appointment_request::practice_id.eq(here))
            .filter(appointment_request::request_id.eq(id))
            .for_no_key_update()
            .select(appointment_request::request_id)
            .execute(conn)?,
    };
    Ok(())
}
