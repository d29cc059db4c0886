//! The practice of a page before sign-in, from the page's own address.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::Uri;
use axum::http::request::Parts;
use jiff::tz::TimeZone;

use crate::features::practice::{Practice, find_by_slug};
use crate::platform::audit::{Actor, By};
use crate::platform::db::PracticeScope;
use crate::platform::i18n::Words;
use crate::platform::state::AppState;
use crate::platform::web::guard::ClientIp;
use crate::platform::web::{PageError, drafts, error_pages, frame, language};

/// The practice of a public page: `/{practice}/…`. Unknown and suspended ones are the
/// same 404.
#[derive(Clone, Debug)]
pub struct PublicPractice {
    /// Its row.
    pub practice: Practice,
    /// Opened by its public address.
    pub scope: PracticeScope,
    /// Words of the reader's language.
    pub words: Words,
    /// The practice's zone.
    pub zone: TimeZone,
    /// The network address of the request.
    pub source: String,
    /// The same for counting (IPv6 by its /64).
    pub ip_bucket: String,
    /// The word of `?done=`.
    pub done: Option<String>,
}

impl PublicPractice {
    /// The holder of a link acts.
    pub fn by_link(&self) -> By {
        By { actor: Actor::LinkHolder, source: self.source.clone() }
    }
}

/// The network address of a request, as text for the trail and as a bucket for limits.
pub fn source_of(parts: &Parts) -> (String, String) {
    parts.extensions.get::<ClientIp>().map_or_else(Default::default, |ip| (ip.0.to_string(), ip.bucket()))
}

/// The address with the practice's part in lower case.
fn lower_case(uri: &Uri, slug: &str, lower: &str) -> String {
    let whole = uri.path_and_query().map_or("/", |whole| whole.as_str());
    match whole.strip_prefix('/').and_then(|rest| rest.strip_prefix(slug)) {
        Some(rest) => format!("/{lower}{rest}"),
        // The practice's part is written with escapes.
        None => format!("/{lower}"),
    }
}

impl FromRequestParts<AppState> for PublicPractice {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, PageError> {
        let params = RawPathParams::from_request_parts(parts, app).await.map_err(|_| PageError::NotFound)?;
        let slug = params
            .iter()
            .find(|(name, _)| *name == "practice")
            .map(|(_, value)| value.to_owned())
            .ok_or(PageError::NotFound)?;
        let lower = slug.to_lowercase();
        let wanted = lower.clone();
        let practice = app
            .db
            .system_read_by_key(move |system| find_by_slug(system, &wanted))
            .await?
            .ok_or(PageError::NotFound)?;
        if slug != lower {
            // Typed by hand, as the practice writes its name.
            return Err(PageError::Moved(lower_case(&parts.uri, &slug, &lower)));
        }
        error_pages::inside(parts, || practice.face());
        let spoken =
            language::for_stranger(&app.settings, parts.uri.query(), &parts.headers, practice.language());
        let (source, ip_bucket) = source_of(parts);
        let scope = PracticeScope::at_public_address(practice.practice_id);
        drafts::entered(parts, &scope);
        Ok(Self {
            scope,
            words: Words::of(spoken),
            zone: practice.zone(),
            source,
            ip_bucket,
            done: frame::done_of(parts.uri.query()),
            practice,
        })
    }
}
