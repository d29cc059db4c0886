//! Visits that are charged, and the appointments among them. Of appointments only what a charge copies is read.

use diesel::prelude::*;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AppointmentId, ChartId, EncounterId, StaffId};
use crate::platform::db::Scoped;
use crate::platform::db::schema::{appointment, appointment_party, charge, encounter, staff_member};
use crate::platform::fault::{Fault, is_duplicate};
use crate::platform::permissions::Role;
use crate::word_enum;

word_enum! {
    /// Who sees a visit's charge.
    pub enum EncounterLabel {
        /// Whoever may see the account.
        None = "none",
        /// The client alone.
        Confidential = "confidential",
    }
}

/// A visit.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = encounter)]
pub struct Encounter {
    /// The visit.
    pub encounter_id: EncounterId,
    /// By whom.
    pub staff_id: Option<StaffId>,
    /// Where, as insurers code it; may be empty.
    pub place_of_service: String,
    /// Why, as codes with a space between; may be empty.
    pub diagnoses: String,
    /// Who sees it.
    pub label: EncounterLabel,
    /// Who supervised it, where somebody did.
    pub supervisor_id: Option<StaffId>,
}

pub(super) struct NewEncounter<'a> {
    pub chart: ChartId,
    pub on: String,
    pub appointment: Option<AppointmentId>,
    pub staff: Option<StaffId>,
    pub supervisor: Option<StaffId>,
    pub place: &'a str,
    pub diagnoses: &'a str,
    pub label: EncounterLabel,
    pub by_name: &'a str,
}

pub(super) fn insert(c: &mut Scoped<'_>, new: &NewEncounter<'_>) -> Result<EncounterId, Fault> {
    let id = EncounterId::fresh(c.rng(), c.now());
    let row = (
        encounter::encounter_id.eq(id),
        encounter::chart_id.eq(new.chart),
        encounter::appointment_id.eq(new.appointment),
        encounter::on_date.eq(&new.on),
        encounter::staff_id.eq(new.staff),
        encounter::supervisor_id.eq(new.supervisor),
        encounter::place_of_service.eq(new.place),
        encounter::diagnoses.eq(new.diagnoses),
        encounter::label.eq(new.label),
        encounter::by_name.eq(new.by_name),
        encounter::created_at.eq(c.now()),
    );
    match c.insert(encounter::table, row) {
        Err(Fault::Database(error)) if is_duplicate(&error) => {
            Err(Fault::lost_race("one visit, charged twice at once"))
        }
        other => other.map(|()| id),
    }
}

/// A visit.
pub fn find(c: &mut Scoped<'_>, id: EncounterId) -> Result<Option<Encounter>, Fault> {
    c.rows(encounter::table).filter(encounter::encounter_id.eq(id)).select(Encounter::as_select()).optional(c)
}

/// The charge of an appointment of this chart, where there is one.
pub fn charge_of_visit(
    c: &mut Scoped<'_>,
    chart: ChartId,
    id: AppointmentId,
) -> Result<Option<crate::kernel::ids::ChargeId>, Fault> {
    c.rows(encounter::table)
        .inner_join(
            charge::table.on(charge::practice_id
                .eq(encounter::practice_id)
                .and(charge::encounter_id.eq(encounter::encounter_id.nullable()))),
        )
        .filter(encounter::chart_id.eq(chart))
        .filter(encounter::appointment_id.eq(Some(id)))
        .select(charge::charge_id)
        .optional(c)
}

/// The appointment can be charged anew.
pub(super) fn free_visit(c: &mut Scoped<'_>, id: EncounterId) -> Result<(), Fault> {
    c.rows(encounter::table)
        .filter(encounter::encounter_id.eq(id))
        .set(encounter::appointment_id.eq(None::<AppointmentId>))
        .execute(c)?;
    Ok(())
}

/// An appointment of a chart, as far as its charge says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// The appointment.
    pub appointment: AppointmentId,
    /// When it began.
    pub starts_at: Timestamp,
    /// With whom.
    pub staff: StaffId,
    /// Their name.
    pub staff_name: String,
}

/// Appointments of a chart that have begun and stand.
macro_rules! visits {
    ($c:expr, $chart:expr) => {{
        let now = $c.now();
        $c.rows(appointment_party::table)
            .inner_join(
                appointment::table.on(appointment::practice_id
                    .eq(appointment_party::practice_id)
                    .and(appointment::appointment_id.eq(appointment_party::appointment_id))),
            )
            .inner_join(
                staff_member::table.on(staff_member::practice_id
                    .eq(appointment::practice_id)
                    .and(staff_member::staff_id.eq(appointment::staff_id))),
            )
            .filter(appointment_party::chart_id.eq($chart))
            .filter(appointment_party::state.ne("canceled"))
            .filter(appointment_party::state.ne("removed"))
            .filter(appointment::state.ne("canceled"))
            .filter(appointment::starts_at.le(now))
    }};
}

type VisitRow = (AppointmentId, Timestamp, StaffId, String);

fn visit_from((appointment, starts_at, staff, staff_name): VisitRow) -> Visit {
    Visit { appointment, starts_at, staff, staff_name }
}

/// An appointment of this chart.
pub fn find_visit(c: &mut Scoped<'_>, chart: ChartId, id: AppointmentId) -> Result<Option<Visit>, Fault> {
    let found: Option<VisitRow> = visits!(c, chart)
        .filter(appointment::appointment_id.eq(id))
        .select((
            appointment::appointment_id,
            appointment::starts_at,
            appointment::staff_id,
            staff_member::name,
        ))
        .optional(c)?;
    Ok(found.map(visit_from))
}

/// Appointments of a chart that have begun and have no charge, the newest first.
pub fn uncharged(c: &mut Scoped<'_>, chart: ChartId, most: i64) -> Result<Vec<Visit>, Fault> {
    let found: Vec<VisitRow> = visits!(c, chart)
        .order(appointment::starts_at.desc())
        .limit(most)
        .select((
            appointment::appointment_id,
            appointment::starts_at,
            appointment::staff_id,
            staff_member::name,
        ))
        .load(c)?;
    let charged: Vec<Option<AppointmentId>> = c
        .rows(encounter::table)
        .filter(encounter::chart_id.eq(chart))
        .filter(encounter::appointment_id.is_not_null())
        .select(encounter::appointment_id)
        .load(c)?;
    let is_free = |visit: &Visit| !charged.contains(&Some(visit.appointment));
    Ok(found.into_iter().map(visit_from).filter(is_free).collect())
}

/// Whoever sees clients, by name.
pub fn clinicians(c: &mut Scoped<'_>) -> Result<Vec<(StaffId, String)>, Fault> {
    let all: Vec<(StaffId, String, Role)> = c
        .rows(staff_member::table)
        .order(staff_member::name.asc())
        .select((staff_member::staff_id, staff_member::name, staff_member::role))
        .load(c)?;
    let sees_clients = |role| matches!(role, Role::Clinician | Role::Administrator);
    Ok(all.into_iter().filter(|(.., role)| sees_clients(*role)).map(|(id, name, _)| (id, name)).collect())
}
