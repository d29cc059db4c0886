//! "See exactly what they see": a staff member looks at the client's own pages of one grant. The cookie names the grant
//! and the day; its signature binds both to the staff member's session, which each request checks anew.

use axum::http::HeaderMap;
use jiff::civil::Date;

use crate::features::staff::{self, SignedIn};
use crate::kernel::ids::{AccessId, PracticeId};
use crate::kernel::secrets::Token;
use crate::platform::db::{PracticeScope, System};
use crate::platform::fault::Fault;
use crate::platform::permissions::Permission;
use crate::platform::state::{App, Settings};
use crate::platform::web::cookies::{self, Kept};
use crate::platform::web::session::{self, Audience};

/// Who may look at clients' pages: who also says what they may see.
pub const MAY_PREVIEW: Permission = Permission::ManageRights;

/// What a browser says that it looks at.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The practice, as the staff member's cookie names it. Their session proves it.
    pub practice: PracticeId,
    /// Whose pages.
    pub access: AccessId,
    /// As of which day, where it is not today.
    pub on: Option<Date>,
    token: Token,
    signature: String,
}

fn signed(app: &App, session_hash: &str, access: &AccessId, on: Option<Date>) -> String {
    app.keys.sign("preview", &format!("{session_hash}/{access}/{on:?}"))
}

impl Preview {
    /// What the cookies say; `None` where they say nothing of a preview.
    pub fn read(settings: &Settings, headers: &HeaderMap) -> Option<Self> {
        let value = cookies::PREVIEW.read(settings, headers).next()?;
        let (practice, token) = session::read_cookie(settings, Audience::Staff, headers)?;
        let (access, rest) = value.split_once('.')?;
        let (day, signature) = rest.split_once('.')?;
        let on = if day.is_empty() { None } else { Some(day.parse().ok()?) };
        Some(Self { practice, access: access.parse().ok()?, on, token, signature: signature.to_owned() })
    }

    /// The staff member who looks; `None` where their session is over, their role does not include it, or somebody
    /// else made the cookie.
    pub fn onlooker(&self, app: &App, system: &mut System<'_>) -> Result<Option<SignedIn>, Fault> {
        let scope = PracticeScope::named_by_cookie(self.practice);
        let found = staff::signed_in(app, &mut system.within(&scope), &self.token)?;
        Ok(found.filter(|staff| {
            staff.role.may(MAY_PREVIEW)
                && signed(app, &staff.session.token_hash, &self.access, self.on) == self.signature
        }))
    }
}

/// Puts the cookie beside an answer.
pub fn begin(app: &App, session_hash: &str, access: &AccessId, on: Option<Date>, headers: &mut HeaderMap) {
    let day = on.map(|day| day.to_string()).unwrap_or_default();
    let value = format!("{access}.{day}.{}", signed(app, session_hash, access, on));
    cookies::PREVIEW.set(&app.settings, value, Kept::UntilClosed, headers);
}

/// Takes it back.
pub fn end(settings: &Settings, headers: &mut HeaderMap) {
    cookies::PREVIEW.remove(settings, headers);
}
