//! The stories: each is one promise of the product, told on SQLite and on PostgreSQL.
//!
//! A room's stories stand in the file of its name; `../support` has the world that they happen in.

#[path = "../support/mod.rs"]
mod support;

mod access;
mod api;
mod bounces;
mod charts;
mod cli;
mod ground;
mod headers;
mod outbox;
mod practice_profile;
mod routes;
mod schema;
mod staff_sign_in;
mod team;
