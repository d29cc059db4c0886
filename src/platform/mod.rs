//! Floor 2: what every feature uses. It knows no feature.

pub mod audit;
pub mod audit_action;
pub mod buckets;
pub mod config;
pub mod crypto;
pub mod db;
pub mod fault;
pub mod feature;
pub mod hashing;
pub mod health;
pub mod i18n;
pub mod jobs;
pub mod limits;
pub mod live;
pub mod mail;
pub mod outbox;
pub mod passwords;
pub mod pdf_writer;
pub mod permissions;
pub mod server;
pub mod state;
pub mod stop;
pub mod telemetry;
pub mod tidy;
pub mod web;
