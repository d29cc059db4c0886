//! The administrator's page of the payment provider: its keys, and how it stands.

use askama::Template;
use axum::body::Bytes;
use axum::extract::State;

use super::start::{self, Keys, NotConnected};
use super::store::{self, ProviderAccount, ProviderState};
use super::task_store;
use crate::features::accounts::unprocessable;
use crate::features::settings::PRACTICE;
use crate::features::staff::StaffSession;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::pay::Mode;
use crate::platform::state::AppState;
use crate::platform::web::forms::{FieldErrors, Nothing};
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageResult, html, see_other};

/// Things that need a look which the page names.
const SHOWN: i64 = 20;

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Form {
    api_secret: String,
    hook_secret: String,
    next_secret: String,
}

#[derive(Template)]
#[template(path = "features/billing/templates/provider.html")]
struct Page {
    frame: StaffFrame,
    errors: FieldErrors,
    /// The labels of the fields that have to be filled in again: nothing that was typed is shown.
    typed: Vec<String>,
    is_known: bool,
    is_on: bool,
    tag: (&'static str, String),
    facts: Vec<(String, String)>,
    hook: String,
    warnings: Vec<String>,
    differing: Vec<(String, String)>,
}

struct Loaded {
    account: Option<ProviderAccount>,
    given_up: usize,
    differing: Vec<store::Checkout>,
}

async fn load(app: &AppState, staff: &StaffSession) -> Result<Loaded, Fault> {
    app.db
        .read(&staff.scope, |c| {
            Ok(Loaded {
                account: store::account(c)?,
                given_up: task_store::given_up(c, SHOWN)?.len(),
                differing: store::differing(c, SHOWN)?,
            })
        })
        .await
}

fn page_of(app: &AppState, staff: &StaffSession, loaded: &Loaded, errors: FieldErrors) -> Page {
    let words = staff.words;
    let when = |at: Option<crate::kernel::clock::Timestamp>| {
        at.map_or_else(|| words.get("billing-provider-never"), |at| words.date_time(at, &staff.zone))
    };
    let account = loaded.account.as_ref();
    let is_on = account.is_some_and(|account| account.state == ProviderState::On);
    let mut facts = Vec::new();
    let mut warnings = Vec::new();
    if let Some(account) = account {
        facts.extend([
            (
                words.get("billing-provider-mode"),
                words.get(&format!("billing-provider-mode-{}", account.mode)),
            ),
            (words.get("billing-provider-last-event"), when(account.last_event_at)),
            (words.get("billing-provider-last-check"), when(account.last_check_at)),
        ]);
        if account.clock_off_at.is_some() {
            warnings.push(words.get("billing-provider-clock"));
        }
    }
    if loaded.given_up > 0 {
        warnings.push(words.count(
            "billing-provider-given-up",
            "count",
            i64::try_from(loaded.given_up).unwrap_or(i64::MAX),
        ));
    }
    Page {
        is_known: account.is_some(),
        is_on,
        tag: match (is_on, account.map(|account| account.mode)) {
            (true, Some(Mode::Test)) => ("waiting", words.get("billing-provider-on-test")),
            (true, _) => ("good", words.get("billing-provider-on")),
            (false, _) => ("stopped", words.get("billing-provider-off")),
        },
        facts,
        hook: app.absolute(&format!("/hooks/stripe/{}", staff.scope.id())),
        warnings,
        differing: loaded
            .differing
            .iter()
            .map(|one| {
                let money = |minor| crate::kernel::money::Money::new(minor, one.currency).to_string();
                let values =
                    [("asked", money(one.amount)), ("received", money(one.received.unwrap_or_default()))];
                let said = match one.returned_beyond {
                    0 => words.with("billing-provider-differs", &values),
                    more => words.with1("billing-checkout-returned-beyond", "amount", money(more)),
                };
                (format!("/staff/charts/{}/billing", one.chart_id), said)
            })
            .collect(),
        errors,
        typed: Vec::new(),
        frame: staff.frame(app, PRACTICE),
    }
}

/// The page.
pub async fn page(State(app): State<AppState>, staff: StaffSession) -> PageResult {
    let loaded = load(&app, &staff).await?;
    html(page_of(&app, &staff, &loaded, FieldErrors::new()).render())
}

fn said(words: Words, why: NotConnected) -> (&'static str, String) {
    let (field, key) = match why {
        NotConnected::NoKey => ("api_secret", "billing-provider-no-key"),
        NotConnected::LiveKey => ("api_secret", "billing-provider-live-key"),
        NotConnected::KeyRefused => ("api_secret", "billing-provider-key-refused"),
        NotConnected::NotAnswered => ("form", "billing-provider-not-answered"),
        NotConnected::NoSecret => ("hook_secret", "billing-provider-no-secret"),
        NotConnected::NoNext => ("next_secret", "billing-provider-no-secret"),
    };
    (field, words.get(key))
}

/// Saves the keys. They are never shown again, not even to who typed them.
pub async fn save(State(app): State<AppState>, staff: StaffSession, body: Bytes) -> PageResult {
    let form: Form = staff.form(&body)?;
    let keys = Keys {
        key: form.api_secret.trim().to_owned(),
        secret: form.hook_secret.trim().to_owned(),
        next: form.next_secret.trim().to_owned(),
    };
    let fields = [
        (&keys.key, "billing-provider-key"),
        (&keys.secret, "billing-provider-secret"),
        (&keys.next, "billing-provider-next"),
    ];
    let typed = fields.into_iter().filter(|(typed, _)| !typed.is_empty());
    let typed = typed.map(|(_, label)| staff.words.get(label)).collect();
    match start::connect(&app, &staff.scope, staff.by(), keys).await? {
        Ok(()) => Ok(see_other("/staff/practice/payments?done=provider-connected")),
        Err(all) => {
            let mut errors = FieldErrors::new();
            for why in all {
                let (field, said) = said(staff.words, why);
                errors.add(field, said);
            }
            let loaded = load(&app, &staff).await?;
            unprocessable(Page { typed, ..page_of(&app, &staff, &loaded, errors) }.render())
        }
    }
}

/// Switches it off.
pub async fn off(State(app): State<AppState>, staff: StaffSession, body: Bytes) -> PageResult {
    let Nothing {} = staff.form(&body)?;
    let by = staff.by();
    app.db.write(&staff.scope, move |c| start::disconnect(c, &by)).await?;
    Ok(see_other("/staff/practice/payments?done=provider-off"))
}
