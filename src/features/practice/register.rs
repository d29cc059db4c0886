//! The register of practices, which is the operator's: making one, listing all.

use crate::features::practice::audit::PracticeAction;
use crate::features::practice::{NewPractice, create};
use crate::kernel::ids::PracticeId;
use crate::kernel::text;
use crate::platform::audit::{self, By, Event};
use crate::platform::db::PracticeScope;
use crate::platform::fault::{Fault, is_duplicate};
use crate::platform::state::AppState;

/// First parts of addresses that are ours, so no practice can have them.
const RESERVED: &[&str] = &[
    "anteroom",
    "api",
    "assets",
    "demo",
    "healthz",
    "hooks",
    "metrics",
    "portal",
    "readyz",
    "staff",
    "styleguide",
    "well-known",
    "www",
];

/// Why a practice was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotMade {
    /// The slug cannot be part of an address.
    #[error(
        "a practice's address part has 2 to 24 lower-case letters, digits and dashes, begins with a letter, and is not one of ours ({0:?})"
    )]
    Slug(String),
    /// The slug is another practice's.
    #[error("another practice has the address part {0:?}")]
    SlugTaken(String),
    /// No name.
    #[error("a practice needs a name of 1 to 120 characters")]
    Name,
}

/// Checks what an operator typed.
fn check(new: &NewPractice) -> Result<(), NotMade> {
    let slug = &new.slug;
    let shaped = (2..=24).contains(&slug.len())
        && slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && slug.starts_with(|c: char| c.is_ascii_lowercase())
        && !slug.ends_with('-');
    if !shaped || RESERVED.contains(&slug.as_str()) {
        return Err(NotMade::Slug(slug.clone()));
    }
    if !text::line(&new.name, 120).is_ok_and(|name| !name.is_empty()) {
        return Err(NotMade::Name);
    }
    Ok(())
}

/// Makes a practice and the first event of its audit trail.
pub async fn open(app: &AppState, new: NewPractice) -> Result<Result<PracticeId, NotMade>, Fault> {
    if let Err(not_made) = check(&new) {
        return Ok(Err(not_made));
    }
    let slug = new.slug.clone();
    let made = app
        .db
        .system_write(move |system| {
            let id = create(system, &new)?;
            let scope = PracticeScope::for_operator(id.clone());
            audit::record(&mut system.within(&scope), Event::new(By::operator(), PracticeAction::Created))?;
            Ok(id)
        })
        .await;
    match made {
        Ok(id) => Ok(Ok(id)),
        Err(Fault::Database(error)) if is_duplicate(&error) => Ok(Err(NotMade::SlugTaken(slug))),
        Err(fault) => Err(fault),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::zone::Zone;
    use crate::platform::i18n::Language;

    #[test]
    fn what_an_operator_types_is_checked_before_it_stands_in_addresses() {
        let good = NewPractice {
            slug: "riverbend".into(),
            name: "Riverbend Counseling".into(),
            time_zone: Zone::read("America/New_York").unwrap(),
            language: Language::English,
            email: String::new(),
            phone: String::new(),
        };
        assert_eq!(check(&good), Ok(()));
        for slug in
            ["", "a", "Staff", "staff", "-x", "x-", "1x", "a b", "longer-than-twenty-four-chars", "ré"]
        {
            let wrong = NewPractice { slug: slug.into(), ..good.clone() };
            assert!(matches!(check(&wrong), Err(NotMade::Slug(_))), "{slug:?}");
        }
        assert_eq!(check(&NewPractice { name: " ".into(), ..good }), Err(NotMade::Name));
    }
}
