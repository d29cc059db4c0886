//! Since when a court counts the client of a chart as an adult, and the day of their death. Everybody's access
//! follows from these days; nothing else is written.

use jiff::civil::Date;

use crate::features::access::actions::announce::look_ahead_again;
use crate::features::access::actions::outcome::{Outcome, Refused, notify_changed};
use crate::features::access::audit::AccessAction;
use crate::features::people;
use crate::features::practice;
use crate::kernel::ids::ChartId;
use crate::platform::audit::{self, By};
use crate::platform::db::{Lock, PracticeScope, lock};
use crate::platform::state::AppState;

/// What is noted of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientStatus {
    /// Since when a court counts them as an adult.
    pub emancipated_on: Option<Date>,
    /// The day of their death.
    pub deceased_on: Option<Date>,
    /// The code of the place by whose law they come of age; `None` leaves it as it is.
    pub jurisdiction: Option<String>,
}

/// Notes it, over the version of the client that was seen.
pub async fn set_client_status(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    chart: ChartId,
    (seen, status): (i64, ClientStatus),
    reason: String,
) -> Outcome<()> {
    let outcome = app
        .db
        .write(scope, move |c| {
            lock(c, Lock::Charts(&[chart]))?;
            let Some(file) = people::load_file(c, &chart)? else { return Ok(Err(Refused::NotFound)) };
            if reason.is_empty() {
                return Ok(Err(Refused::NeedsReason));
            }
            let today = practice::load(c)?.today(c.now());
            if status.deceased_on.is_some_and(|day| day > today) {
                return Ok(Err(Refused::DayToCome));
            }
            let ClientStatus { emancipated_on, deceased_on, jurisdiction } = status.clone();
            let client = &file.client;
            let text = |day: Option<Date>| day.map(|day| day.to_string());
            let place = jurisdiction.filter(|code| *code != file.chart.jurisdiction);
            let are_days_new = (text(emancipated_on), text(deceased_on))
                != (client.emancipated_on.clone(), client.deceased_on.clone());
            if place.is_none() && !are_days_new {
                return Ok(Ok(()));
            }
            if let Some(code) = &place {
                if !practice::places_of_law(c)?.iter().any(|known| known.code == *code) {
                    return Ok(Err(Refused::NotFound));
                }
                people::set_jurisdiction(c, &file.chart, code)?;
            }
            if !people::set_status(c, &client.person_id, seen, emancipated_on, deceased_on)? {
                return Ok(Err(Refused::Stale));
            }
            let details = serde_json::json!({
                "emancipated": emancipated_on.is_some(),
                "deceased": deceased_on.is_some(),
                "place": place,
                "reason": reason,
            });
            let event = audit::Event::new(by.clone(), AccessAction::ClientStatusChanged);
            audit::record(c, event.on_chart(&chart).with(details))?;
            look_ahead_again(c, &chart)?;
            Ok(Ok(()))
        })
        .await?;
    Ok(outcome.inspect(|()| notify_changed(app, scope, &chart)))
}
