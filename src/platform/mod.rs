//! Floor 2: what every feature stands on. Knows no feature.
