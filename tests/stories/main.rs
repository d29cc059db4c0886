//! The stories: each tests one promise of the product, on SQLite and on PostgreSQL.
//!
//! A feature has its stories in the file of its name; `../support` has the world that they run in.

// Clippy sees tests only in functions marked as such; here everything is one.
#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod access;
mod access_log;
mod address_changes;
mod age_rules;
mod ahead;
mod api;
mod appointments;
mod at_once;
mod attachments;
mod availability;
mod billing;
mod billing_cases;
mod bookings;
mod bounces;
mod bucket;
mod calendar;
mod chart_owner_box;
mod charts;
mod cli;
mod client_link;
mod closing;
mod confined;
mod database;
mod document_requests;
mod documents;
mod drafts;
mod email_change;
mod families;
mod filled;
mod ground;
mod groups;
mod hand_over;
mod headers;
mod import;
mod in_person;
mod information;
mod jobs;
mod ledger;
mod mails;
mod many_hands;
mod message_acts;
mod message_cases;
mod message_drafts;
mod message_ends;
mod message_parties;
mod message_races;
mod message_search;
mod messages;
mod online;
mod outbox;
mod packets;
mod page_pictures;
mod page_rules;
mod pictures;
mod portal_home;
mod portal_people;
mod portal_sign_in;
mod practice_profile;
mod preview;
mod promises;
mod races;
mod recorded_revocations;
mod relay;
mod requests;
mod rights;
mod rights_cases;
mod rights_staff;
mod routes;
mod safeguards;
mod said_truly;
mod scanning;
mod schema;
mod sealing;
mod series;
mod signing;
mod staff_notes;
mod staff_sign_in;
mod statements;
mod team;
mod templates;
mod upgrades;
mod uploads;
mod video;
mod withheld_items;
mod worklist;
