//! The page of an invite link: the form while the link is good, otherwise what became of it and what
//! to do next.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use jiff::tz::TimeZone;

use super::form::FormView;
use super::link_source::{LinkSource, count_unreadable_link, frame_for};
use crate::features::access::actions::{self, DeclineAnswer, Disowning, LinkView};
use crate::features::practice::{PublicPractice, SelfHelp};
use crate::kernel::clock::Timestamp;
use crate::kernel::secrets::Token;
use crate::platform::i18n::Words;
use crate::platform::state::AppState;
use crate::platform::web::forms::{FieldErrors, RawForm};
use crate::platform::web::frame::ClientFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

#[derive(askama::Template)]
#[template(path = "features/access/templates/register.html")]
struct RegisterPage {
    frame: ClientFrame,
    form: FormView,
    until: String,
}

#[derive(askama::Template)]
#[template(path = "features/access/templates/link_state.html")]
struct StatePage {
    frame: ClientFrame,
    title: String,
    paragraphs: Vec<String>,
    /// Where "ask for a new link" posts to, where it is offered.
    ask: Option<String>,
    code: Option<String>,
    /// Is sign-in the next step?
    sign_in: bool,
    /// Where "that was not me" leads, where it can be said.
    disown: Option<String>,
}

#[derive(askama::Template)]
#[template(path = "features/access/templates/decline.html")]
struct DeclinePage {
    frame: ClientFrame,
    errors: FieldErrors,
    action: String,
    code: Option<String>,
    /// Back to the form; by link only.
    back: Option<String>,
}

/// The link's page.
pub async fn page(
    State(app): State<AppState>,
    practice: PublicPractice,
    Path((_, token)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> PageResult {
    let request = (&uri, &headers);
    match standing(&app, &practice, request, &token, is_open).await? {
        Ok((way, view)) => show(&app, &practice, request, &way, &view),
        Err(page) => Ok(page),
    }
}

/// A text that cannot be a link: the page of links that we do not know.
pub(super) async fn nowhere(
    app: &AppState,
    practice: &PublicPractice,
    request: (&Uri, &HeaderMap),
) -> PageResult {
    count_unreadable_link(app, practice).await?;
    show_state(app, practice, request, None, &LinkView::Unknown)
}

fn is_known(view: &LinkView) -> bool {
    *view != LinkView::Unknown
}

fn is_open(view: &LinkView) -> bool {
    matches!(view, LinkView::Open { .. })
}

fn can_be_disowned(view: &LinkView) -> bool {
    *view == LinkView::Used(Disowning::Open)
}

/// A link in the state that a page needs, or the page that says what became of it.
async fn standing(
    app: &AppState,
    practice: &PublicPractice,
    request: (&Uri, &HeaderMap),
    token: &str,
    needed: fn(&LinkView) -> bool,
) -> Result<Result<(LinkSource, LinkView), Response>, PageError> {
    let Some(token) = Token::read(token) else {
        return nowhere(app, practice, request).await.map(Err);
    };
    let way = LinkSource::Link(token);
    let view = way.look(app, practice).await?;
    if needed(&view) {
        return Ok(Ok((way, view)));
    }
    show_state(app, practice, request, Some(&way), &view).map(Err)
}

/// The form or the state.
pub(super) fn show(
    app: &AppState,
    practice: &PublicPractice,
    request: (&Uri, &HeaderMap),
    way: &LinkSource,
    view: &LinkView,
) -> PageResult {
    let LinkView::Open { expires_at, for_contact, has_account, zone, not_now_at, .. } = view else {
        return show_state(app, practice, request, Some(way), view);
    };
    let frame = frame_for(app, practice, request, view);
    let until = ends(frame.words, practice, *expires_at, zone.as_ref());
    let mut form = fresh_form(app, practice, way, *for_contact, *has_account);
    form.said_not_now = not_now_at.map(|at| {
        let when = ends(frame.words, practice, at, zone.as_ref());
        frame.words.with1("link-said-not-now", "when", when)
    });
    show_form(frame, form, until, StatusCode::OK)
}

/// An empty form.
pub(super) fn fresh_form(
    app: &AppState,
    practice: &PublicPractice,
    way: &LinkSource,
    for_contact: bool,
    has_account: bool,
) -> FormView {
    let base = way.base(&practice.practice.slug);
    let (action, seen) = match way {
        LinkSource::Link(_) => (base.clone(), Some(format!("{base}/seen"))),
        LinkSource::Letter(_) => (format!("{base}/register"), None),
    };
    FormView {
        action,
        seen,
        code: way.code(),
        decline: format!("{base}/decline"),
        for_contact,
        has_account,
        existing: has_account,
        // Not kept anywhere until the form is accepted: reading stays reading.
        nonce: Token::fresh(app.rng.as_ref()).reveal().to_owned(),
        last_name: String::new(),
        month: String::new(),
        day: String::new(),
        year: String::new(),
        sign_in_name: String::new(),
        errors: FieldErrors::new(),
        notices: Vec::new(),
        kept: String::new(),
        is_again: false,
        said_not_now: None,
    }
}

/// When a link ends or ended, as its mail said it: by the person's own clock, where it is known.
pub(super) fn ends(
    words: Words,
    practice: &PublicPractice,
    at: Timestamp,
    zone: Option<&TimeZone>,
) -> String {
    words.date_time_zone(at, zone.unwrap_or(&practice.zone))
}

/// The form's page, with [until when](ends) the link is good.
pub(super) fn show_form(frame: ClientFrame, form: FormView, until: String, status: StatusCode) -> PageResult {
    let mut response = html(askama::Template::render(&RegisterPage { frame, form, until }))?;
    *response.status_mut() = status;
    Ok(response)
}

/// What became of a link. The holder of a correct one sees its true state; everybody else sees the
/// one page of links that we do not know (INV-13).
pub(super) fn show_state(
    app: &AppState,
    practice: &PublicPractice,
    request: (&Uri, &HeaderMap),
    way: Option<&LinkSource>,
    view: &LinkView,
) -> PageResult {
    let frame = frame_for(app, practice, request, view);
    let words = frame.words;
    let (key, status) = match view {
        LinkView::Unknown => ("unknown", StatusCode::NOT_FOUND),
        LinkView::Expired { .. } => ("expired", StatusCode::GONE),
        LinkView::Replaced => ("replaced", StatusCode::GONE),
        LinkView::Used(_) => ("used", StatusCode::GONE),
        LinkView::Disowned => ("disowned", StatusCode::GONE),
        LinkView::Withdrawn => ("withdrawn", StatusCode::GONE),
        LinkView::Declined => ("declined", StatusCode::GONE),
        LinkView::Locked | LinkView::Open { .. } => ("locked", StatusCode::OK),
    };
    let slug = &practice.practice.slug;
    let mut paragraphs = vec![first_sentence(words, practice, key, view)];
    let offers_help = practice.practice.policy().self_help == SelfHelp::Ask;
    let asked = matches!(view, LinkView::Expired { asked: true, .. });
    let can_ask = matches!(view, LinkView::Expired { .. } | LinkView::Replaced);
    if asked {
        paragraphs.push(words.get("link-asked-already"));
    }
    paragraphs.push(words.with1(&format!("link-{key}-next"), "practice", &practice.practice.name));
    let ask = way
        .filter(|_| offers_help && can_ask && !asked)
        .map(|way| format!("{}/ask", way.base(&practice.practice.slug)));
    let page = StatePage {
        title: words.get(&format!("link-{key}-title")),
        paragraphs,
        code: ask.as_ref().and_then(|_| way.and_then(LinkSource::code)),
        ask,
        sign_in: matches!(view, LinkView::Used(_)),
        disown: way.filter(|_| *view == LinkView::Used(Disowning::Open)).and_then(|way| way.disown(slug)),
        frame,
    };
    let mut response = html(askama::Template::render(&page))?;
    *response.status_mut() = status;
    Ok(response)
}

fn first_sentence(words: Words, practice: &PublicPractice, key: &str, view: &LinkView) -> String {
    let key = format!("link-{key}-text");
    match view {
        LinkView::Expired { expired_at, zone, .. } => {
            words.with1(&key, "when", ends(words, practice, *expired_at, zone.as_ref()))
        }
        _ => words.get(&key),
    }
}

/// "This isn't for me": asks which, changes nothing.
pub async fn ask_to_decline(
    State(app): State<AppState>,
    practice: PublicPractice,
    Path((_, token)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> PageResult {
    let request = (&uri, &headers);
    let (way, view) = match standing(&app, &practice, request, &token, is_open).await? {
        Ok(standing) => standing,
        Err(page) => return Ok(page),
    };
    show_decline(&app, &practice, request, (&way, &view), &Declining::default())
}

/// The two answers; with what is wrong, if the form was sent without one.
pub(super) fn show_decline(
    app: &AppState,
    practice: &PublicPractice,
    request: (&Uri, &HeaderMap),
    (way, view): (&LinkSource, &LinkView),
    declining: &Declining,
) -> PageResult {
    let base = way.base(&practice.practice.slug);
    let frame = frame_for(app, practice, request, view);
    let mut errors = FieldErrors::new();
    if !declining.asked.is_empty() {
        errors.add("answer", frame.words.get("link-decline-missing"));
    }
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = DeclinePage {
        frame,
        errors,
        action: format!("{base}/decline"),
        code: way.code(),
        back: matches!(way, LinkSource::Link(_)).then_some(base),
    };
    let mut response = html(askama::Template::render(&page))?;
    *response.status_mut() = status;
    Ok(response)
}

/// The answer of somebody who declines.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declining {
    /// The letter's code; empty by link.
    #[serde(default)]
    pub code: String,
    /// Stands in the form that asks; empty from a page that only leads to it.
    #[serde(default)]
    pub asked: String,
    /// `not-me` or `not-now`; empty until one is chosen.
    #[serde(default)]
    pub answer: String,
}

impl Declining {
    /// Which of the two, where it is one of the two.
    pub(super) fn read(&self) -> Option<DeclineAnswer> {
        self.answer.replace('-', "_").parse().ok()
    }
}

/// Declines.
pub async fn decline(
    State(app): State<AppState>,
    practice: PublicPractice,
    Path((_, token)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> PageResult {
    let request = (&uri, &headers);
    let declining: Declining = RawForm::read(&body)?.typed()?;
    let (way, view) = match standing(&app, &practice, request, &token, is_open).await? {
        Ok(standing) => standing,
        Err(page) => return Ok(page),
    };
    // A form without an answer declines nothing: it is asked again.
    let Some(answer) = declining.read() else {
        return show_decline(&app, &practice, request, (&way, &view), &declining);
    };
    match actions::decline(&app, &practice.scope, practice.by_link(), way.key(), answer).await? {
        // The link's own page says so from now on.
        LinkView::Declined | LinkView::Open { .. } => Ok(see_other(&way.base(&practice.practice.slug))),
        other => show_state(&app, &practice, request, Some(&way), &other),
    }
}

#[derive(askama::Template)]
#[template(path = "features/access/templates/disown.html")]
struct DisownPage {
    frame: ClientFrame,
    errors: FieldErrors,
    action: String,
    back: String,
}

/// "That was not me": says what happens then, changes nothing.
pub async fn ask_to_disown(
    State(app): State<AppState>,
    practice: PublicPractice,
    Path((_, token)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> PageResult {
    let request = (&uri, &headers);
    let (way, view) = match standing(&app, &practice, request, &token, can_be_disowned).await? {
        Ok(standing) => standing,
        Err(page) => return Ok(page),
    };
    show_disown(&app, &practice, request, (&way, &view), FieldErrors::new())
}

fn show_disown(
    app: &AppState,
    practice: &PublicPractice,
    request: (&Uri, &HeaderMap),
    (way, view): (&LinkSource, &LinkView),
    errors: FieldErrors,
) -> PageResult {
    let back = way.base(&practice.practice.slug);
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let frame = frame_for(app, practice, request, view);
    let page = DisownPage { frame, errors, action: format!("{back}/not-me"), back };
    let mut response = html(askama::Template::render(&page))?;
    *response.status_mut() = status;
    Ok(response)
}

/// The box that is ticked by hand.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Disown {
    #[serde(default)]
    sure: String,
}

/// Shuts the access that somebody else set up.
pub async fn disown(
    State(app): State<AppState>,
    practice: PublicPractice,
    Path((_, token)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> PageResult {
    let request = (&uri, &headers);
    let Disown { sure } = RawForm::read(&body)?.typed()?;
    let (way, view) = match standing(&app, &practice, request, &token, can_be_disowned).await? {
        Ok(standing) => standing,
        Err(page) => return Ok(page),
    };
    if sure.is_empty() {
        let mut errors = FieldErrors::new();
        let words = frame_for(&app, &practice, request, &view).words;
        errors.add("sure", words.get("link-disown-missing"));
        return show_disown(&app, &practice, request, (&way, &view), errors);
    }
    match actions::disown(&app, &practice.scope, practice.by_link(), way.key()).await? {
        // The link's own page says so from now on.
        LinkView::Disowned => Ok(see_other(&way.base(&practice.practice.slug))),
        other => show_state(&app, &practice, request, Some(&way), &other),
    }
}

/// "Ask the practice for a new link".
pub async fn ask_for_new(
    State(app): State<AppState>,
    practice: PublicPractice,
    Path((_, token)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> PageResult {
    let (way, _) = match standing(&app, &practice, (&uri, &headers), &token, is_known).await? {
        Ok(standing) => standing,
        Err(page) => return Ok(page),
    };
    actions::ask_for_new_link(&app, &practice.scope, practice.by_link(), way.key()).await?;
    Ok(see_other(&format!("{}?done=link-asked", way.base(&practice.practice.slug))))
}
