//! Floor 2: what every feature stands on. Knows no feature.

pub mod audit;
pub mod crypto;
pub mod db;
pub mod fault;
