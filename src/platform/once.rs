//! A request that comes twice (a double click where scripts are off, a program that never got its answer) does its
//! work once, and both get the same answer. The work and the row that knows the request are one transaction.

use diesel::prelude::*;

use crate::platform::db::schema::handled_request;
use crate::platform::db::{Lock, Scoped, lock};
use crate::platform::fault::Fault;

/// By what a request is known when it comes again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestKey {
    /// Its name in the practice.
    pub name: String,
    /// The hash of what is asked; empty where the name says it already.
    pub asked: String,
    /// For how long it is known.
    pub hours: i64,
}

/// A request that came before.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Before {
    /// The hash of what was asked then.
    pub asked: String,
    /// What was made or answered.
    pub answer: String,
}

/// What became of a request.
#[derive(Clone, Debug)]
pub enum Handled<T> {
    /// It was done.
    Now(T),
    /// It was done when it came before.
    Before(Before),
}

/// What this very request came to when it came before, if it did.
pub fn handled_before(c: &mut Scoped<'_>, key: &RequestKey) -> Result<Option<Before>, Fault> {
    c.rows(handled_request::table)
        .filter(handled_request::request_key.eq(&key.name))
        .select((handled_request::request_hash, handled_request::answer))
        .optional(c)
}

/// Does what is asked, unless the same request came before. `act` says beside its outcome what a repetition is
/// answered with; after `None`, a refusal, it may be tried again. The second of two that come at once waits for the
/// first.
pub fn once<T>(
    c: &mut Scoped<'_>,
    key: &RequestKey,
    act: impl FnOnce(&mut Scoped<'_>) -> Result<(T, Option<String>), Fault>,
) -> Result<Handled<T>, Fault> {
    lock(c, Lock::Request(&key.name))?;
    if let Some(before) = handled_before(c, key)? {
        return Ok(Handled::Before(before));
    }
    let (outcome, answer) = act(c)?;
    if let Some(answer) = answer {
        keep_answer(c, key, &answer)?;
    }
    Ok(Handled::Now(outcome))
}

/// Keeps what a request came to.
fn keep_answer(c: &mut Scoped<'_>, key: &RequestKey, answer: &str) -> Result<(), Fault> {
    let keep_until = c.now().plus_hours(key.hours);
    c.insert(
        handled_request::table,
        (
            handled_request::request_key.eq(&key.name),
            handled_request::request_hash.eq(&key.asked),
            handled_request::answer.eq(answer),
            handled_request::keep_until.eq(keep_until),
        ),
    )
}
