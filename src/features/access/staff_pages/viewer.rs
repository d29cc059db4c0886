//! Who looks at a page of portal access, and when.

use jiff::tz::TimeZone;

use super::when::When;
use crate::kernel::clock::Timestamp;
use crate::platform::i18n::Words;

/// Who looks, and when.
#[derive(Clone, Copy)]
pub struct Viewer<'a> {
    /// Words.
    pub words: Words,
    /// The practice's zone.
    pub zone: &'a TimeZone,
    /// Now.
    pub now: Timestamp,
    /// May they act?
    pub may_manage: bool,
    /// May they say what others may see?
    pub may_set_rights: bool,
}

impl Viewer<'_> {
    pub(super) fn when(&self, moment: Timestamp) -> When {
        When::new(self.words, self.zone, moment, self.now)
    }
}
