//! What the practice does and what it costs.

use diesel::prelude::*;
use jiff::civil::Date;

use crate::kernel::ids::{ServiceId, StaffId};
use crate::kernel::money::{Currency, Money};
use crate::platform::db::Scoped;
use crate::platform::db::schema::{service, service_price};
use crate::platform::fault::Fault;
use crate::platform::i18n::Language;
use crate::word_enum;

word_enum! {
    /// Is a service offered?
    pub enum ServiceState {
        /// It is.
        Active = "active",
        /// Not any more; charges that name it stay as they are.
        Retired = "retired",
    }
}

/// Something that the practice does for a fee.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = service)]
pub struct Service {
    /// The service.
    pub service_id: ServiceId,
    /// Its code, as insurers know it; may be empty.
    pub code: String,
    /// What clients read.
    pub label: String,
    /// The same in Spanish; may be empty.
    pub label_es: String,
    /// Units of one visit.
    pub units: i32,
    /// Modifiers of the code, with a space between.
    pub modifiers: String,
    /// Is it offered?
    pub state: ServiceState,
    /// For the form.
    pub version: i64,
}

impl Service {
    /// What a client reads in a language.
    pub fn label_in(&self, language: Language) -> &str {
        match language {
            Language::Spanish if !self.label_es.is_empty() => &self.label_es,
            _ => &self.label,
        }
    }
}

/// A price from a day on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    /// Of this service.
    pub service: ServiceId,
    /// Of this clinician, or of everybody.
    pub staff: Option<StaffId>,
    /// From this day on.
    pub from: Date,
    /// The price of one unit.
    pub amount: Money,
}

/// What is written of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceFields {
    /// See [`Service`].
    pub code: String,
    /// See [`Service`].
    pub label: String,
    /// See [`Service`].
    pub label_es: String,
    /// See [`Service`].
    pub units: i32,
    /// See [`Service`].
    pub modifiers: String,
    /// See [`Service`].
    pub state: ServiceState,
}

/// The practice's services, those that are offered first, by their words.
pub fn services(c: &mut Scoped<'_>) -> Result<Vec<Service>, Fault> {
    c.rows(service::table)
        .order((service::state.asc(), service::label.asc(), service::service_id.asc()))
        .limit(500)
        .select(Service::as_select())
        .load(c)
}

/// One of them.
pub fn find_service(c: &mut Scoped<'_>, id: ServiceId) -> Result<Option<Service>, Fault> {
    c.rows(service::table).filter(service::service_id.eq(id)).select(Service::as_select()).optional(c)
}

pub(super) fn insert_service(c: &mut Scoped<'_>, new: &ServiceFields) -> Result<ServiceId, Fault> {
    let id = ServiceId::fresh(c.rng(), c.now());
    let row = (
        service::service_id.eq(id),
        service::code.eq(&new.code),
        service::label.eq(&new.label),
        service::label_es.eq(&new.label_es),
        service::units.eq(new.units),
        service::modifiers.eq(&new.modifiers),
        service::state.eq(new.state),
        service::created_at.eq(c.now()),
        service::version.eq(1i64),
    );
    c.insert(service::table, row)?;
    Ok(id)
}

/// Saves a service that nobody has changed meanwhile.
pub(super) fn save_service(
    c: &mut Scoped<'_>,
    id: ServiceId,
    to: &ServiceFields,
    version: i64,
) -> Result<bool, Fault> {
    let changed = c
        .rows(service::table)
        .filter(service::service_id.eq(id))
        .filter(service::version.eq(version))
        .set((
            service::code.eq(&to.code),
            service::label.eq(&to.label),
            service::label_es.eq(&to.label_es),
            service::units.eq(to.units),
            service::modifiers.eq(&to.modifiers),
            service::state.eq(to.state),
            service::version.eq(version + 1),
        ))
        .execute(c)?;
    Ok(changed == 1)
}

/// Every price of the practice, the newest first.
pub fn prices(c: &mut Scoped<'_>) -> Result<Vec<Price>, Fault> {
    let rows: Vec<(ServiceId, StaffId, String, i64, Currency)> = c
        .rows(service_price::table)
        .order((service_price::from_on.desc(), service_price::staff_id.asc()))
        .limit(5_000)
        .select((
            service_price::service_id,
            service_price::staff_id,
            service_price::from_on,
            service_price::amount,
            service_price::currency,
        ))
        .load(c)?;
    rows.into_iter().map(price_from).collect()
}

type PriceRow = (ServiceId, StaffId, String, i64, Currency);

fn price_from((service, staff, from, amount, currency): PriceRow) -> Result<Price, Fault> {
    Ok(Price {
        service,
        staff: (staff != StaffId::NIL).then_some(staff),
        from: from.parse().map_err(|_| Fault::Damaged(format!("{from:?} is no day")))?,
        amount: Money::new(amount, currency),
    })
}

/// The price of one unit on a day: the clinician's own, else everybody's, and of each the newest that has begun.
pub fn price_on(
    c: &mut Scoped<'_>,
    service: ServiceId,
    staff: Option<StaffId>,
    on: Date,
) -> Result<Option<Money>, Fault> {
    let mut of = |staff: StaffId| -> Result<Option<Money>, Fault> {
        let found: Option<(i64, Currency)> = c
            .rows(service_price::table)
            .filter(service_price::service_id.eq(service))
            .filter(service_price::staff_id.eq(staff))
            .filter(service_price::from_on.le(on.to_string()))
            .order(service_price::from_on.desc())
            .select((service_price::amount, service_price::currency))
            .optional(c)?;
        Ok(found.map(|(amount, currency)| Money::new(amount, currency)))
    };
    if let Some(staff) = staff
        && let Some(own) = of(staff)?
    {
        return Ok(Some(own));
    }
    of(StaffId::NIL)
}

/// Sets a price; one for the same day is replaced.
pub(super) fn set_price(c: &mut Scoped<'_>, by_name: &str, new: &Price) -> Result<(), Fault> {
    let staff = new.staff.unwrap_or(StaffId::NIL);
    let from = new.from.to_string();
    c.rows(service_price::table)
        .filter(service_price::service_id.eq(new.service))
        .filter(service_price::staff_id.eq(staff))
        .filter(service_price::from_on.eq(&from))
        .delete(c)?;
    let row = (
        service_price::service_id.eq(new.service),
        service_price::staff_id.eq(staff),
        service_price::from_on.eq(from),
        service_price::amount.eq(new.amount.minor),
        service_price::currency.eq(new.amount.currency),
        service_price::by_name.eq(by_name),
        service_price::created_at.eq(c.now()),
    );
    c.insert(service_price::table, row)
}
