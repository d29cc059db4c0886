//! The two navigations and the tabs of a chart, as the features declare them. The platform knows no page:
//! it sorts what it is given and shows what the reader may open.

use jiff::tz::TimeZone;

use crate::kernel::ids::{ChartId, StaffId};
use crate::platform::db::Scoped;
use crate::platform::enclosures::Enclosures;
use crate::platform::fault::Fault;
use crate::platform::i18n::{Stamp, Words};
use crate::platform::permissions::{Permission, Right, Role};

/// A part of the site, named by the address of its first page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section(pub &'static str);

impl Section {
    /// A page that no entry of a navigation leads to, such as one before sign-in.
    pub const NONE: Self = Self("");
}

/// Counts what waits for a staff member of this role, up to [`MOST_COUNTED`] and one.
pub type Counter = fn(&mut Scoped<'_>, &StaffId, Role) -> Result<i64, Fault>;

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

impl ChartTab {
    /// Is it about a part of what another tab shows?
    pub fn is_part_of(&self, other: &Self) -> bool {
        !other.path.is_empty() && self.path.strip_prefix(other.path).is_some_and(|rest| rest.starts_with('/'))
    }
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

/// Who looks at a chart, for a section of one of its tabs.
#[derive(Clone, Debug)]
pub struct ChartReader {
    /// Who.
    pub staff: StaffId,
    /// As what.
    pub role: Role,
    /// In which language.
    pub words: Words,
    /// In which zone.
    pub zone: TimeZone,
}

/// A line of a section.
#[derive(Clone, Debug)]
pub struct SectionLine {
    /// Where it leads; none where the reader may not look further.
    pub href: Option<String>,
    /// What it is.
    pub title: String,
    /// What more is said of it.
    pub note: String,
    /// When it last changed.
    pub at: Stamp,
    /// How it stands: tone and words.
    pub tag: (&'static str, String),
    /// Is something in it new to the reader?
    pub is_new: bool,
}

/// What stands in a section.
#[derive(Clone, Debug)]
pub struct TabSectionContent {
    /// Its id in the page.
    pub id: &'static str,
    /// Its heading.
    pub title: String,
    /// What stands there while it has no line.
    pub empty: String,
    /// Its lines.
    pub lines: Vec<SectionLine>,
    /// That there are more, where there are.
    pub more: Option<String>,
    /// What can be done there: address and words.
    pub action: Option<(String, String)>,
}

/// A section that a feature shows in the tab of another one.
#[derive(Clone, Copy, Debug)]
pub struct TabSection {
    /// The tab, as in [`ChartTab::path`].
    pub tab: &'static str,
    /// Who sees it.
    pub needs: Permission,
    /// Its place: smaller numbers come first.
    pub order: u8,
    /// Reads it.
    pub read: fn(&mut Scoped<'_>, &ChartId, &ChartReader) -> Result<TabSectionContent, Fault>,
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
    /// The sections in tabs of other features.
    pub sections: Vec<TabSection>,
    /// The tags of a chart's head.
    pub tags: Vec<ChartTags>,
    /// What may go along with an invitation.
    pub enclosures: Option<Enclosures>,
}

impl Navigation {
    /// In the order in which it is shown.
    pub fn sorted(mut self) -> Self {
        self.staff.sort_by_key(|entry| entry.order);
        self.client.sort_by_key(|entry| entry.order);
        self.tabs.sort_by_key(|tab| tab.order);
        self.sections.sort_by_key(|section| section.order);
        self
    }

    /// Where a role comes after sign-in; `None` when it may open no page.
    pub fn first_page(&self, role: Role) -> Option<Section> {
        let mut seen = self.staff.iter().filter(|entry| role.may(entry.needs));
        let preferred = seen.clone().find(|entry| entry.first_for.contains(&role));
        preferred.or_else(|| seen.next()).map(|entry| entry.section)
    }

    /// What other features show of a chart in this tab.
    pub fn read_sections(
        &self,
        c: &mut Scoped<'_>,
        tab: &str,
        chart: &ChartId,
        reader: &ChartReader,
    ) -> Result<Vec<TabSectionContent>, Fault> {
        let here =
            self.sections.iter().filter(|section| section.tab == tab && reader.role.may(section.needs));
        here.map(|section| (section.read)(c, chart, reader)).collect()
    }

    /// What waits for this staff member, a number a section.
    pub fn count_waiting(
        &self,
        c: &mut Scoped<'_>,
        staff: &StaffId,
        role: Role,
    ) -> Result<Vec<(Section, i64)>, Fault> {
        let mut counts = Vec::new();
        for entry in self.staff.iter().filter(|entry| role.may(entry.needs)) {
            if let Some(waiting) = entry.waiting {
                counts.push((entry.section, (waiting.count)(c, staff, role)?));
            }
        }
        Ok(counts)
    }
}
