//! Grants and invitations: who may enter which chart's portal, and how they get in.

pub mod lifecycle;
