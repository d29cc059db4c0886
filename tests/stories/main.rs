//! The stories: each tests one promise of the product, on SQLite and on PostgreSQL.
//!
//! A feature has its stories in the file of its name; `../support` has the world that they run in.

// Clippy sees tests only in functions marked as such; here everything is one.
#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod access;
mod address_changes;
mod age_rules;
mod api;
mod appointments;
mod at_once;
mod bookings;
mod bounces;
mod chart_owner_box;
mod charts;
mod cli;
mod client_link;
mod database;
mod documents;
mod drafts;
mod ground;
mod hand_over;
mod headers;
mod import;
mod jobs;
mod ledger;
mod mails;
mod messages;
mod outbox;
mod page_rules;
mod portal_home;
mod portal_people;
mod portal_sign_in;
mod practice_profile;
mod relay;
mod rights;
mod rights_cases;
mod rights_staff;
mod routes;
mod safeguards;
mod schema;
mod staff_sign_in;
mod statements;
mod team;
mod upgrades;
mod worklist;
