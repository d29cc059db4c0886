//! What mail somebody wants from a practice, and when: their own wish, for the practice whose chart they have in view.

use askama::Template;
use axum::body::Bytes;
use axum::extract::State;

use crate::features::accounts::audit::AccountAction;
use crate::features::accounts::me_pages::ME;
use crate::features::accounts::{ClientSession, ClientTicket, unprocessable};
use crate::features::people::{self, MailTopic, MailWishes};
use crate::kernel::quiet::QuietHours;
use crate::platform::audit::{self, Event};
use crate::platform::i18n::Words;
use crate::platform::state::AppState;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::ClientFrame;
use crate::platform::web::{PageResult, html, see_other};

#[derive(Template)]
#[template(path = "features/accounts/templates/wishes.html")]
struct WishesPage {
    frame: ClientFrame,
    errors: FieldErrors,
    /// Each topic's word and label, and whether mail about it is wanted.
    topics: Vec<(&'static str, String, bool)>,
    hint: String,
    /// The hours of a day, before them "none".
    hours: Vec<(String, String)>,
    from: String,
    until: String,
}

/// What the form sends.
#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct WishesForm {
    #[serde(default)]
    about: Vec<String>,
    quiet_from: String,
    quiet_until: String,
}

impl WishesForm {
    fn of(wishes: &MailWishes) -> Self {
        let wanted = MailTopic::ALL.iter().filter(|topic| wishes.wants(**topic));
        let hour = |of: fn(QuietHours) -> i8| wishes.quiet.map(|hours| of(hours).to_string());
        Self {
            about: wanted.map(|topic| topic.word().to_owned()).collect(),
            quiet_from: hour(QuietHours::from).unwrap_or_default(),
            quiet_until: hour(QuietHours::until).unwrap_or_default(),
        }
    }

    fn read(&self, words: Words) -> Result<MailWishes, FieldErrors> {
        let mut errors = FieldErrors::new();
        let quiet = match (self.quiet_from.as_str(), self.quiet_until.as_str()) {
            ("", "") => None,
            ("", _) => {
                errors.add("quiet_from", words.get("portal-wishes-quiet-both"));
                None
            }
            (_, "") => {
                errors.add("quiet_until", words.get("portal-wishes-quiet-both"));
                None
            }
            (from, until) => {
                let hours = from.parse().ok().zip(until.parse().ok());
                let hours = hours.and_then(|(from, until)| QuietHours::new(from, until));
                if hours.is_none() {
                    let text = words.with1("portal-wishes-quiet-wrong", "most", QuietHours::LONGEST);
                    errors.add("quiet_until", text);
                }
                hours
            }
        };
        if !errors.is_empty() {
            return Err(errors);
        }
        let is_left_out = |topic: &MailTopic| !self.about.iter().any(|word| word == topic.word());
        Ok(MailWishes { quiet, without: MailTopic::ALL.iter().copied().filter(is_left_out).collect() })
    }
}

fn page(app: &AppState, client: &ClientSession, form: &WishesForm, errors: FieldErrors) -> WishesPage {
    let words = client.words;
    let hour = |hour: i8| (hour.to_string(), words.clock(i32::from(hour) * 60));
    WishesPage {
        errors,
        topics: MailTopic::ALL
            .iter()
            .map(|topic| {
                let word = topic.word();
                let label = words.get(&format!("portal-wishes-topic-{word}"));
                (word, label, form.about.iter().any(|wanted| wanted == word))
            })
            .collect(),
        hint: words.with1("portal-wishes-quiet-hint", "most", QuietHours::LONGEST),
        hours: std::iter::once((String::new(), words.get("portal-wishes-quiet-none")))
            .chain((0..24).map(hour))
            .collect(),
        from: form.quiet_from.clone(),
        until: form.quiet_until.clone(),
        frame: client.frame(app, ME),
    }
}

/// As it stands.
pub(super) async fn show(State(app): State<AppState>, ticket: ClientTicket) -> PageResult {
    let (client, wishes) = ticket.open(&app, |c, client| people::wishes_of(c, &client.person_id)).await?;
    html(page(&app, &client, &WishesForm::of(&wishes), FieldErrors::new()).render())
}

/// Saves it.
pub(super) async fn save(State(app): State<AppState>, client: ClientSession, body: Bytes) -> PageResult {
    let form: WishesForm = client.form(&body)?;
    let wishes = match form.read(client.words) {
        Ok(wishes) => wishes,
        Err(errors) => return unprocessable(page(&app, &client, &form, errors).render()),
    };
    let (by, chart, person) = (client.by(), client.chart_id, client.person_id);
    app.db
        .write(&client.scope, move |c| {
            if people::wishes_of(c, &person)? == wishes {
                return Ok(());
            }
            people::set_wishes(c, &person, &wishes)?;
            let topics: Vec<&str> = wishes.without.iter().map(|topic| topic.word()).collect();
            let details = serde_json::json!({ "without": topics, "quiet": wishes.quiet.is_some() });
            let event = Event::new(by.clone(), AccountAction::MailWishesSet).on_chart(&chart);
            audit::record(c, event.with(details))
        })
        .await?;
    Ok(see_other("/portal/me/mail?done=saved"))
}
