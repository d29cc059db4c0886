//! Floor 3: one folder a feature.

pub mod access;
