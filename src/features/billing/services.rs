//! What can be done with services and with the numbers by which insurers know the practice. Each is a part of one
//! transaction.

use jiff::civil::Date;

use crate::features::billing::audit::BillingAction;
use crate::features::billing::diagnosis_store;
use crate::features::billing::identity_store::{self, Identity};
use crate::features::billing::service_store::{self, Price, ServiceFields};
use crate::kernel::ids::{ServiceId, StaffId};
use crate::kernel::money::Money;
use crate::platform::audit::{self, By, Event};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;

/// Adds a service with the first price of everybody, which holds from a day of service on.
pub fn add_service(
    c: &mut Scoped<'_>,
    by: &By,
    new: &ServiceFields,
    (price, from): (Money, Date),
) -> Result<ServiceId, Fault> {
    let id = service_store::insert_service(c, new)?;
    service_store::set_price(c, &by.actor.name(), &Price { service: id, staff: None, from, amount: price })?;
    let details = serde_json::json!({ "service": id, "price": price });
    audit::record(c, Event::new(by.clone(), BillingAction::ServiceAdded).with(details))?;
    Ok(id)
}

/// Saves a service that nobody has changed meanwhile; else false.
pub fn save_service(
    c: &mut Scoped<'_>,
    by: &By,
    id: ServiceId,
    to: &ServiceFields,
    version: i64,
) -> Result<bool, Fault> {
    let is_saved = service_store::save_service(c, id, to, version)?;
    if is_saved {
        let details = serde_json::json!({ "service": id });
        audit::record(c, Event::new(by.clone(), BillingAction::ServiceSaved).with(details))?;
    }
    Ok(is_saved)
}

/// Sets a price from a day of service on. No charge that was posted changes.
pub fn set_price(c: &mut Scoped<'_>, by: &By, new: &Price) -> Result<(), Fault> {
    service_store::set_price(c, &by.actor.name(), new)?;
    let details = serde_json::json!({
        "service": new.service, "staff": new.staff, "from": new.from.to_string(), "price": new.amount,
    });
    audit::record(c, Event::new(by.clone(), BillingAction::PriceSet).with(details))
}

/// Saves the numbers of a clinician, or of the practice under the id of nobody.
pub fn set_identity(c: &mut Scoped<'_>, by: &By, of: StaffId, to: &Identity) -> Result<(), Fault> {
    identity_store::save(c, of, to)?;
    let details = serde_json::json!({ "staff": of });
    audit::record(c, Event::new(by.clone(), BillingAction::IdentitySet).with(details))
}

/// Says what a code of a diagnosis stands for.
pub fn set_diagnosis_words(c: &mut Scoped<'_>, by: &By, code: &str, words: &str) -> Result<(), Fault> {
    diagnosis_store::save(c, &by.actor.name(), code, words)?;
    // The words are the practice's; which code they are of is left out of the trail, as codes are everywhere.
    audit::record(c, Event::new(by.clone(), BillingAction::DiagnosisWordsSet))
}
