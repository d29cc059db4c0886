//! The rows of requests that came with an Idempotency-Key, and of their answers.

use diesel::prelude::*;

use crate::kernel::ids::KeyId;
use crate::platform::db::Scoped;
use crate::platform::db::schema::idempotent_request;
use crate::platform::fault::{Fault, is_duplicate};

/// What was asked with this Idempotency-Key of an API key, as a hash, and the answer, once there is one.
pub fn find(c: &mut Scoped<'_>, key: &KeyId, text: &str) -> Result<Option<(String, Option<String>)>, Fault> {
    c.rows(idempotent_request::table)
        .filter(idempotent_request::key_id.eq(key))
        .filter(idempotent_request::idempotency_key.eq(text))
        .select((idempotent_request::request_hash, idempotent_request::body))
        .optional(c)
}

/// Takes an Idempotency-Key. Whoever has the same key at the same time waits here for our commit.
pub fn claim(c: &mut Scoped<'_>, key: &KeyId, text: &str, request: &str) -> Result<(), Fault> {
    let values = (
        idempotent_request::key_id.eq(key),
        idempotent_request::idempotency_key.eq(text),
        idempotent_request::request_hash.eq(request),
        idempotent_request::created_at.eq(c.now()),
    );
    c.insert(idempotent_request::table, values).map_err(|fault| match fault {
        Fault::Database(error) if is_duplicate(&error) => {
            Fault::lost_race("one Idempotency-Key twice at once")
        }
        other => other,
    })
}

/// Keeps the answer of a request whose Idempotency-Key was taken.
pub fn keep(c: &mut Scoped<'_>, key: &KeyId, text: &str, status: u16, body: &str) -> Result<(), Fault> {
    c.rows(idempotent_request::table)
        .filter(idempotent_request::key_id.eq(key))
        .filter(idempotent_request::idempotency_key.eq(text))
        .set((idempotent_request::status.eq(i32::from(status)), idempotent_request::body.eq(body)))
        .execute(c)?;
    Ok(())
}
