//! What a label does to a share: with whom a document may be shared without their seeing it, and what staff can do then.

use crate::features::access::permission::{Item, Label, Share, is_shut_by_label};
use crate::features::access::{facts_of, grant_path};
use crate::features::documents::lifecycle::{ShareStanding, is_never_shared};
use crate::features::documents::store::Document;
use crate::kernel::ids::AccessId;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;

/// The grants among these from whose holders a document's label keeps it, though it is shared with them. A draft counts as
/// if it were shared: whoever chooses wants to know what a share would do.
pub fn shut_by_label(
    c: &mut Scoped<'_>,
    document: &Document,
    grants: impl IntoIterator<Item = AccessId>,
) -> Result<Vec<AccessId>, Fault> {
    let mut shut = Vec::new();
    if document.label.is_none() {
        return Ok(shut);
    }
    let item = Item { share: Share::ByName, ..document.item(ShareStanding::Live) };
    for access in grants {
        let facts = facts_of(c, &access)?;
        if facts.is_some_and(|facts| is_shut_by_label(&facts, &item)) {
            shut.push(access);
        }
    }
    Ok(shut)
}

/// Why somebody does not see a document that is shared with them, and what opens it.
pub(super) struct ShutByLabel {
    pub text: String,
    /// The page on which staff open it, where they can.
    pub href: Option<(String, String)>,
}

impl ShutByLabel {
    pub fn new(words: Words, document: &Document, access: AccessId, name: &str) -> Option<Self> {
        let label = document.label?;
        if is_never_shared(Some(label)) {
            let label = words.get(&format!("documents-label-{label}"));
            return Some(Self { text: words.with1("documents-share-never", "label", label), href: None });
        }
        let key = match label {
            Label::Sud => "documents-shut-sud",
            _ => "documents-shut",
        };
        let href = (label == Label::Sud).then(|| {
            (grant_path(document.chart_id, access), words.with1("documents-shut-open", "name", name))
        });
        Some(Self { text: words.with1(key, "name", name), href })
    }
}
