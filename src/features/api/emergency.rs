//! `/api/v1/charts/{chart}/emergency-contacts`: whom to call in an emergency.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::ApiCaller;
use super::charts::id;
use super::idempotency::{Answer, Done, Once, once};
use super::json;
use super::problem::{self, ApiResult, Problem};
use super::usual::Usual;
use crate::features::information::actions::{self, NotDone};
use crate::features::information::{MOST_EMERGENCY_CONTACTS, check_emergency};
use crate::features::people::{self, EmergencyContact, EmergencyEntry};
use crate::kernel::ids::ChartId;
use crate::platform::db::Scoped;
use crate::platform::fault::{Fault, granted};
use crate::platform::state::AppState;

/// Somebody to call in an emergency.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EmergencyContactJson {
    /// Its id.
    #[schema(format = "uuid")]
    pub id: String,
    /// `practice`, or `holder`: typed in the portal by somebody with access.
    pub from: String,
    /// Who wrote it, by the name they had then.
    pub by: String,
    /// Who.
    pub name: String,
    /// What they are to the client.
    pub relation: String,
    /// Their phone.
    pub phone: String,
}

/// Everybody's lists, the practice's first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EmergencyContactsJson {
    /// The contacts.
    pub contacts: Vec<EmergencyContactJson>,
}

/// One contact of the practice's list.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEmergencyContactJson {
    /// Who.
    pub name: String,
    /// What they are to the client.
    #[serde(default)]
    pub relation: String,
    /// Their phone.
    pub phone: String,
}

/// The practice's list; at most five. Lists that were typed in the portal stay as they are.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEmergencyContactsJson {
    /// The contacts.
    pub contacts: Vec<NewEmergencyContactJson>,
}

fn shown(contacts: Vec<EmergencyContact>) -> EmergencyContactsJson {
    let contact = |known: EmergencyContact| EmergencyContactJson {
        id: known.id.to_string(),
        from: if known.account.is_some() { "holder" } else { "practice" }.to_owned(),
        by: known.by_name,
        name: known.entry.name,
        relation: known.entry.relation,
        phone: known.entry.phone,
    };
    EmergencyContactsJson { contacts: contacts.into_iter().map(contact).collect() }
}

fn load(c: &mut Scoped<'_>, chart: &ChartId) -> Result<Option<EmergencyContactsJson>, Fault> {
    let Some(file) = people::load_file(c, chart)? else { return Ok(None) };
    Ok(Some(shown(people::emergency_contacts_of(c, &file)?)))
}

/// Read whom to call in an emergency.
#[utoipa::path(get, path = "/api/v1/charts/{chart}/emergency-contacts", tag = "Charts", operation_id = "readEmergencyContacts",
    params(("chart" = String, Path, description = "The chart's id")),
    responses((status = 200, description = "The contacts", body = EmergencyContactsJson), Usual),
    security(("api_key" = ["charts:read"])))]
pub async fn of_chart(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
) -> ApiResult {
    let chart: ChartId = id(&chart)?;
    let found = app.db.read(&caller.scope, move |c| load(c, &chart)).await?;
    Ok(Answer::ok(found.ok_or(problem::NOT_FOUND)?)?.into_response())
}

fn read(asked: NewEmergencyContactsJson) -> Result<Vec<EmergencyEntry>, Problem> {
    let at = |field: String, why: &str| Problem::fields([(field, why.to_owned())]);
    if asked.contacts.len() > MOST_EMERGENCY_CONTACTS {
        return Err(at("/contacts".to_owned(), "at most five"));
    }
    let rows: Vec<EmergencyEntry> = asked
        .contacts
        .into_iter()
        .map(|new| EmergencyEntry { name: new.name, relation: new.relation, phone: new.phone })
        .collect();
    check_emergency(&rows).map_err(|wrong| {
        let field = |(field, key): (String, &str)| {
            let place = field.strip_prefix("row-").unwrap_or(&field).replace('-', "/");
            let why = match key {
                "information-emergency-no-phone" => "no phone number",
                "information-emergency-name-missing" => "must not be empty",
                _ => "at most 100 characters that can be printed",
            };
            (format!("/contacts/{place}"), why.to_owned())
        };
        Problem::fields(wrong.into_iter().map(field))
    })
}

/// Write the practice's list of whom to call in an emergency, in place of the one before.
#[utoipa::path(post, path = "/api/v1/charts/{chart}/emergency-contacts", tag = "Charts", operation_id = "setEmergencyContacts",
    params(("chart" = String, Path, description = "The chart's id"), Once),
    request_body = NewEmergencyContactsJson,
    responses((status = 200, description = "The contacts as they are now", body = EmergencyContactsJson), Usual),
    security(("api_key" = ["charts:write"])))]
pub async fn set(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
    body: Bytes,
) -> ApiResult {
    let asked: Result<(ChartId, Vec<EmergencyEntry>), Problem> =
        id(&chart).and_then(|chart| Ok((chart, read(json::read(&caller, &body)?)?)));
    let by = caller.by();
    once(&app, &caller, &body, move |_, c| {
        let (chart, entries) = granted!(asked.as_ref().map_err(Problem::clone));
        match actions::set_practice_emergency_within(c, &by, chart, (None, entries.as_slice()))? {
            Ok(()) => {}
            Err(NotDone::NotFound) => return Ok(Err(problem::NOT_FOUND.into())),
            Err(why) => return Err(Fault::Damaged(format!("emergency contacts: {why:?}"))),
        }
        let now = load(c, chart)?
            .ok_or_else(|| Fault::Damaged(format!("chart {chart} was changed and is not there")))?;
        Ok(Ok(Done { answer: Answer::ok(now)?, chart: *chart }))
    })
    .await
}
