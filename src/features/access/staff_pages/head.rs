//! What every page of a chart shows of its portal access: a tab, and tags in the head.

use super::wording::tag_of_grant;
use crate::features::access::lifecycle::Phase;
use crate::features::access::limits_store::facts_of;
use crate::features::access::permission::closed_by;
use crate::features::access::store::{OwnerStanding, owner_standing};
use crate::kernel::ids::ChartId;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::permissions::Permission;
use crate::platform::web::nav::{ChartTab, ChartTag};

/// What the tab's address has behind the chart's.
pub const COMMUNICATIONS: &str = "/communications";

/// The tab.
pub const TAB: ChartTab = ChartTab {
    path: COMMUNICATIONS,
    label: "charts-tab-communications",
    needs: Permission::SeePortal,
    order: 50,
};

/// The state of the chart owner's portal access.
pub fn head_tags(c: &mut Scoped<'_>, chart: &ChartId, words: Words) -> Result<Vec<ChartTag>, Fault> {
    let OwnerStanding { phase, undeliverable, may_have_ended } = owner_standing(c, chart)?;
    let path = TAB.path;
    let facts = match may_have_ended {
        Some(access) => facts_of(c, &access)?,
        None => None,
    };
    let of_phase = tag_of_grant(words, phase, facts.as_ref().and_then(closed_by));
    let mut tags = vec![ChartTag { tone: of_phase.tone, text: of_phase.text, path }];
    if undeliverable && matches!(phase, Phase::Invited | Phase::Expired) {
        tags.push(ChartTag { tone: "attention", text: words.get("access-tag-undeliverable"), path });
    }
    Ok(tags)
}
