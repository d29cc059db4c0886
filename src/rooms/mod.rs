//! Floor 3: one folder a feature.
