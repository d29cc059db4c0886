//! The two navigations and the tabs of a chart, as the features declare them. The platform knows no page:
//! it sorts what it is given and shows what the reader may open.

use crate::kernel::ids::ChartId;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::permissions::{Permission, Right, Role};

/// A part of the site, named by the address of its first page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section(pub &'static str);

impl Section {
    /// A page that no entry of a navigation leads to, such as one before sign-in.
    pub const NONE: Self = Self("");
}

/// Counts what waits for staff, up to [`MOST_COUNTED`] and one.
pub type Counter = fn(&mut Scoped<'_>) -> Result<i64, Fault>;

/// Beyond this a count is shown as "99+".
pub const MOST_COUNTED: i64 = 99;

/// A count as it is shown beside a word.
pub fn shown_count(count: i64) -> String {
    if count > MOST_COUNTED { format!("{MOST_COUNTED}+") } else { count.to_string() }
}

/// What waits for staff behind an entry.
#[derive(Clone, Copy, Debug)]
pub struct Waiting {
    /// Counts it.
    pub count: Counter,
    /// The catalogue key of its name for screen readers, with `$count`.
    pub label: &'static str,
}

/// An entry of the staff side's navigation.
#[derive(Clone, Copy, Debug)]
pub struct StaffNav {
    /// Where it leads.
    pub section: Section,
    /// The catalogue key of its word.
    pub label: &'static str,
    /// Its picture in the icon sprite of the layout.
    pub icon: &'static str,
    /// Who sees it.
    pub needs: Permission,
    /// Its place: smaller numbers come first.
    pub order: u8,
    /// What waits behind it.
    pub waiting: Option<Waiting>,
    /// Roles that come here after sign-in.
    pub first_for: &'static [Role],
}

/// An entry of the client side's navigation.
#[derive(Clone, Copy, Debug)]
pub struct ClientNav {
    /// Where it leads.
    pub section: Section,
    /// The catalogue key of its word.
    pub label: &'static str,
    /// Its picture in the icon sprite of the layout.
    pub icon: &'static str,
    /// The right that the grant in view must have.
    pub needs: Option<Right>,
    /// Its place: smaller numbers come first.
    pub order: u8,
}

/// A tab of a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChartTab {
    /// What its address has behind the chart's: empty, or `/billing`.
    pub path: &'static str,
    /// The catalogue key of its word.
    pub label: &'static str,
    /// Who sees it.
    pub needs: Permission,
    /// Its place: smaller numbers come first.
    pub order: u8,
}

/// A tag in the head of a chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChartTag {
    /// waiting, good, attention, stopped, or empty.
    pub tone: &'static str,
    /// Its word.
    pub text: String,
    /// The tab that explains it, as in [`ChartTab::path`].
    pub path: &'static str,
}

/// Reads the tags of a chart's head, with who may see them.
#[derive(Clone, Copy, Debug)]
pub struct ChartTags {
    /// Who sees them.
    pub needs: Permission,
    /// Reads them.
    pub read: fn(&mut Scoped<'_>, &ChartId, Words) -> Result<Vec<ChartTag>, Fault>,
}

/// Everything that features show in navigations and in the head of a chart, in its order.
#[derive(Debug, Default)]
pub struct Navigation {
    /// The staff side's entries.
    pub staff: Vec<StaffNav>,
    /// The client side's entries.
    pub client: Vec<ClientNav>,
    /// The tabs of a chart.
    pub tabs: Vec<ChartTab>,
    /// The tags of a chart's head.
    pub tags: Vec<ChartTags>,
}

impl Navigation {
    /// In the order in which it is shown.
    pub fn sorted(mut self) -> Self {
        self.staff.sort_by_key(|entry| entry.order);
        self.client.sort_by_key(|entry| entry.order);
        self.tabs.sort_by_key(|tab| tab.order);
        self
    }

    /// Where a role comes after sign-in; `None` when it may open no page.
    pub fn first_page(&self, role: Role) -> Option<Section> {
        let mut seen = self.staff.iter().filter(|entry| role.may(entry.needs));
        let preferred = seen.clone().find(|entry| entry.first_for.contains(&role));
        preferred.or_else(|| seen.next()).map(|entry| entry.section)
    }

    /// What waits for this role, a number a section.
    pub fn count_waiting(&self, c: &mut Scoped<'_>, role: Role) -> Result<Vec<(Section, i64)>, Fault> {
        let mut counts = Vec::new();
        for entry in self.staff.iter().filter(|entry| role.may(entry.needs)) {
            if let Some(waiting) = entry.waiting {
                counts.push((entry.section, (waiting.count)(c)?));
            }
        }
        Ok(counts)
    }
}
