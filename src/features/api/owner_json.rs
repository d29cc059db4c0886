//! What the API gives of a change of the chart owner before it is made.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::features::access::{Held, OwnerPreview};
use crate::platform::permissions::Terms;

/// Whom a preview is about.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ToQuery {
    /// The client, or a related contact of the chart.
    pub person_id: String,
}

/// What a change of the chart owner would do.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OwnerPreviewJson {
    /// SHA-256 of everything in the list; send it with the change.
    pub preview_sha256: String,
    /// Who owns the chart now.
    #[schema(format = "uuid")]
    pub from_person_id: String,
    /// Who would own it.
    #[schema(format = "uuid")]
    pub to_person_id: String,
    /// `needed` where the change wants a reason and who allowed it, else `not_needed`.
    pub authority: String,
    /// Everybody with access: the present owner, the new one, then the others.
    pub people: Vec<OwnerPreviewPersonJson>,
}

/// What a change of the chart owner would do to one person.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OwnerPreviewPersonJson {
    /// Who.
    #[schema(format = "uuid")]
    pub person_id: String,
    /// Now; null for somebody without a grant.
    pub before: Option<HeldJson>,
    /// Afterwards.
    pub after: HeldJson,
    /// `signed_out`, `link_ends`, `mail_ended`, `mail_others_changed`.
    pub consequences: Vec<String>,
}

/// How somebody holds a chart, and what that opens today.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HeldJson {
    /// `owner`, `representative` or `former_owner`.
    pub role: String,
    /// The grant's state.
    pub state: String,
    /// The rights that are open today, as in a grant's `rights`.
    pub open: Vec<String>,
    /// The rights that open once this person has registered; null where they have, or never will by this grant.
    pub once_registered: Option<Vec<String>>,
}

impl OwnerPreviewJson {
    /// Of a preview.
    pub fn of(preview: &OwnerPreview) -> Self {
        let words = |open: &Terms| open.write().split_whitespace().map(ToOwned::to_owned).collect();
        let held = |held: &Held| HeldJson {
            role: held.role.to_string(),
            state: held.phase.to_string(),
            open: words(&held.open),
            once_registered: held.once_registered.as_ref().map(words),
        };
        Self {
            preview_sha256: preview.sha256(),
            from_person_id: preview.from.to_string(),
            to_person_id: preview.to.to_string(),
            authority: preview.authority.to_string(),
            people: preview
                .people
                .iter()
                .map(|change| OwnerPreviewPersonJson {
                    person_id: change.person.to_string(),
                    before: change.before.as_ref().map(held),
                    after: held(&change.after),
                    consequences: change.consequences.iter().map(ToString::to_string).collect(),
                })
                .collect(),
        }
    }
}
