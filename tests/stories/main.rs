//! The stories: each is one promise of the product, told on SQLite and on PostgreSQL.
//!
//! A room's stories stand in the file of its name; `../support` has the world that they happen in.

// Clippy sees tests only in functions marked as such; here everything is one.
#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod access;
mod address_changes;
mod api;
mod appointments;
mod at_once;
mod bounces;
mod chart_owner_box;
mod charts;
mod cli;
mod client_link;
mod database;
mod documents;
mod drafts;
mod ground;
mod headers;
mod import;
mod jobs;
mod mails;
mod outbox;
mod portal_home;
mod portal_people;
mod portal_sign_in;
mod practice_profile;
mod relay;
mod rights;
mod rights_staff;
mod routes;
mod safeguards;
mod schema;
mod staff_sign_in;
mod statements;
mod team;
mod upgrades;
mod worklist;
