//! `/api/v1/reports`: what stands open in the whole practice, and what was posted on a day.

use axum::extract::{RawQuery, State};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::billing_json::MoneyJson;
use super::caller::ApiCaller;
use super::charts::{cursor, cut, limit, query};
use super::idempotency::Answer;
use super::json::PageQuery;
use super::problem::{ApiResult, Problem};
use super::usual::Usual;
use crate::features::billing::reports::{Aged, Posted, aging, day_sheet, lines_of_day};
use crate::features::ledger::open_amounts;
use crate::kernel::civil::read_day;
use crate::kernel::ids::ChartId;
use crate::kernel::money::{Currency, Money};
use crate::platform::state::AppState;

/// What is open on a chart in one currency.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AgedJson {
    /// The chart.
    #[schema(format = "uuid")]
    pub chart_id: String,
    /// What is owed since 0 to 30, 31 to 60, 61 to 90, 91 to 120 and more days.
    #[schema(min_items = 5, max_items = 5)]
    pub ages: Vec<MoneyJson>,
    /// What is not used of payments: zero or negative.
    pub credit: MoneyJson,
    /// All of it together.
    pub total: MoneyJson,
}

impl From<&Aged> for AgedJson {
    fn from(aged: &Aged) -> Self {
        let money = |minor| MoneyJson::from(Money::new(minor, aged.currency));
        Self {
            chart_id: aged.chart.to_string(),
            ages: aged.ages.into_iter().map(money).collect(),
            credit: money(aged.credit),
            total: money(aged.total()),
        }
    }
}

/// A page of what is open, by currency and chart.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AgingJson {
    /// The day by which the ages are counted.
    #[schema(format = Date)]
    pub as_of: String,
    /// A row for each chart and currency.
    pub rows: Vec<AgedJson>,
    /// The cursor of the next page; absent at the end.
    pub next: Option<String>,
}

/// Where a page begins: behind this row.
struct After(Currency, ChartId);

impl std::str::FromStr for After {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let (currency, chart) = text.split_once('.').ok_or(())?;
        Ok(Self(currency.parse().map_err(|_| ())?, chart.parse().map_err(|_| ())?))
    }
}

/// Read what clients owe, by the days since they came to owe it.
#[utoipa::path(get, path = "/api/v1/reports/aging", tag = "Accounts", operation_id = "readAging",
    params(PageQuery),
    responses((status = 200, description = "A page of rows", body = AgingJson), Usual),
    security(("api_key" = ["billing:read"])))]
pub async fn open_by_age(
    State(app): State<AppState>,
    caller: ApiCaller,
    RawQuery(raw): RawQuery,
) -> ApiResult {
    let asked: PageQuery = query(raw.as_deref())?;
    let (after, most) = (cursor::<After>(asked.cursor.as_deref())?, limit(asked.limit)?);
    let today = caller.practice.today(app.now());
    let (mut rows, _) = app.db.read(&caller.scope, move |c| Ok(aging(&open_amounts(c)?, today))).await?;
    rows.sort_by_key(|row| (row.currency, row.chart));
    if let Some(After(currency, chart)) = after {
        rows.retain(|row| (row.currency, row.chart) > (currency, chart));
    }
    let next = cut(&mut rows, most, |row| format!("{}.{}", row.currency, row.chart));
    let rows = rows.iter().map(AgedJson::from).collect();
    Ok(Answer::ok(AgingJson { as_of: today.to_string(), rows, next })?.into_response())
}

/// Lines of one kind.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PostedJson {
    /// `charge`, `discount`, `write_off`, `payment`, `refund_due` or `opening`.
    pub kind: String,
    /// How a payment came in: `cash`, `check`, `terminal`, `bank`, `card` or `other`.
    pub method: Option<String>,
    /// Do they take earlier entries back?
    pub is_reversal: bool,
    /// How many.
    pub count: usize,
    /// What they change of what is owed: negative where less is owed.
    pub amount: MoneyJson,
}

impl From<Posted> for PostedJson {
    fn from(posted: Posted) -> Self {
        Self {
            kind: posted.what.kind.to_string(),
            method: posted.what.method.map(|method| method.to_string()),
            is_reversal: posted.what.is_reversal,
            count: posted.count,
            amount: Money::new(posted.amount, posted.currency).into(),
        }
    }
}

/// What was posted on a day.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DaySheetJson {
    /// The day, by the practice's clock.
    #[schema(format = Date)]
    pub date: String,
    /// A row for each currency, kind and way of payment.
    pub rows: Vec<PostedJson>,
}

/// Which day.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DayQuery {
    /// The day, such as `2026-12-01`; today by default.
    pub date: Option<String>,
}

/// Read what was posted on a day, by the practice's clock, added up. It does not change afterwards.
#[utoipa::path(get, path = "/api/v1/reports/day-sheet", tag = "Accounts", operation_id = "readDaySheet",
    params(DayQuery),
    responses((status = 200, description = "What was posted on the day", body = DaySheetJson), Usual),
    security(("api_key" = ["billing:read"])))]
pub async fn posted_on(State(app): State<AppState>, caller: ApiCaller, RawQuery(raw): RawQuery) -> ApiResult {
    let asked: DayQuery = query(raw.as_deref())?;
    let wrong = || Problem::fields([("/date".to_owned(), "no day such as 2026-12-01".to_owned())]);
    let on = match asked.date.as_deref() {
        Some(text) => read_day(text).ok_or_else(wrong)?,
        None => caller.practice.today(app.now()),
    };
    let zone = caller.practice.zone();
    let rows = app
        .db
        .read(&caller.scope, move |c| {
            let (lines, methods) = lines_of_day(c, on, &zone)?;
            Ok(day_sheet(&lines, &methods))
        })
        .await?;
    let rows = rows.into_iter().map(PostedJson::from).collect();
    Ok(Answer::ok(DaySheetJson { date: on.to_string(), rows })?.into_response())
}
