//! What the API answers when it cannot do what it was asked: problem details (RFC 9457), each kind
//! with a `type` that never changes.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::platform::fault::Fault;

/// A kind of problem: the end of its `type`, its status, its title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// `urn:anteroom:problem:NAME`.
    pub name: &'static str,
    /// HTTP status.
    pub status: u16,
    /// One sentence that never changes.
    pub title: &'static str,
}

macro_rules! kinds {
    ($($constant:ident = $name:literal, $status:literal, $title:literal;)+) => {
        $(#[doc = $title] pub const $constant: Kind = Kind { name: $name, status: $status, title: $title };)+
        /// Every kind, for the readable page.
        pub const ALL: &[Kind] = &[$($constant),+];
    };
}

kinds! {
    MALFORMED = "malformed", 400, "The request could not be read.";
    UNAUTHORIZED = "unauthorized", 401, "There is no valid API key in the Authorization header.";
    FORBIDDEN = "forbidden", 403, "The key's scopes do not include this.";
    NOT_FOUND = "not-found", 404, "There is no such thing in this practice.";
    USE_INVITE = "use-invite", 409, "There is no invitation to resend; invite.";
    USE_RESEND = "use-resend", 409, "An invitation is already out; resend it.";
    USE_RESTORE = "use-restore", 409, "This person has registered before; restore the access.";
    ALREADY_REGISTERED = "already-registered", 409, "This person is already registered.";
    NO_INVITATION = "no-invitation", 409, "There is no open invitation.";
    NO_ACCESS = "no-access", 409, "There is no access to take away.";
    NOT_PAUSED = "not-paused", 409, "The access is not paused.";
    OWN_ACCESS = "own-access", 409, "The client's own access has no terms, and nobody else's has the basis `self`.";
    HAS_ACCESS = "has-access", 409, "This person is a representative already; change the terms of that grant.";
    KEPT_BY_NOTE = "kept-by-note", 409, "A note of staff withholds it; it is given back when somebody ends the note.";
    BASIS_MISSING = "basis-missing", 409, "It is not recorded by what right this access is held; change the terms first.";
    PAST_LAST_DAY = "past-last-day", 409, "The last day of this access is over; change the terms first.";
    PREVIEW_CHANGED = "preview-changed", 409, "What the change does is no longer what was looked at; look at `preview` and send its hash.";
    NOTHING_TO_UNDO = "nothing-to-undo", 409, "No change of the owner can be undone.";
    NOT_LOCKED = "not-locked", 409, "Nothing is locked.";
    CHART_CLOSED = "chart-closed", 409, "The chart is closed.";
    NO_ADDRESS = "no-address", 409, "There is no e-mail address that may be used for mail.";
    NOT_CHECKABLE = "not-checkable", 409, "The chart lacks the last name or the birth date of the client.";
    DOUBTFUL_ADDRESS = "doubtful-address", 409,
        "Look at the address first, then send again with these doubts in `confirm`.";
    NOT_A_READER = "not-a-reader", 409, "The holder of this grant cannot read messages in the portal.";
    WRITTEN_MEANWHILE = "written-meanwhile", 409,
        "Somebody wrote since the message that was seen; read what is new, then send again.";
    TAKES_PART = "takes-part", 409, "This person takes part in the thread already.";
    NEEDS_SUPERVISION = "needs-supervision", 409, "A note of staff says that this person is with the client under supervision alone.";
    TAKES_NO_PART = "takes-no-part", 409, "This person does not take part in the thread, or no longer.";
    LAST_PARTY = "last-party", 409, "Nobody else on the client's side takes part in the thread; close it.";
    READ_ALREADY = "read-already", 409, "The client's side has read the message.";
    TOO_LATE = "too-late", 409, "A message is taken back within ten minutes.";
    CHANGED_ON_FILE = "changed-on-file", 409,
        "The chart holds another value of this field than `on_file` says; read the change again.";
    DECIDED = "decided", 409, "This field is decided, or there is nothing to decide.";
    IS_OWNER = "is-owner", 409, "This person owns the chart already.";
    NOT_A_CONTACT = "not-a-contact", 409, "This person cannot become the chart owner.";
    TAKEN = "taken", 409, "The clinician or the client has something else at that time.";
    UNUSUAL_TIME = "unusual-time", 409, "Look at the time first, then send again with these doubts in `confirm`.";
    SETTLED = "settled", 409, "The request was answered or taken back.";
    OFFER_OPEN = "offer-open", 409, "The client has not answered the last offer yet.";
    CANCELED = "canceled", 409, "The appointment is canceled.";
    NOT_BY_VIDEO = "not-by-video", 409, "The place of the appointment is not by video.";
    FULL = "full", 409, "No seat of the appointment is free.";
    HAS_BEGUN = "has-begun", 409, "The appointment has begun or is over.";
    SERIES_ENDED = "series-ended", 409, "The series has ended.";
    IS_NOTED = "is-noted", 409, "It is noted whether the client came; undo that first.";
    TOO_EARLY = "too-early", 409, "It is too early to say whether the client comes.";
    UNDO_OVER = "undo-over", 409, "The time in which a no-show can be undone is over.";
    MORE_THAN_THERE_IS = "more-than-there-is", 409, "That is more than there is; `most` says how much.";
    UNDONE = "undone", 409, "It was taken back; nothing was posted.";
    PAYMENT_REFUNDED = "payment-refunded", 409, "A part of the payment was paid back; undo the refund first.";
    NOTHING_TO_STATE = "nothing-to-state", 409, "Nothing was posted and nothing is owed.";
    OTHER_KIND = "other-kind", 409, "A file is accepted or declined; a request for a document is answered or declined.";
    NEVER_SHARED = "never-shared", 409, "Notes with this label are never shared.";
    SENT_ALREADY = "sent-already", 409, "They have a packet of this kind already; send `again` to send new copies.";
    PART_DIFFERS = "part-differs", 409, "Other bytes came under this number before; those stay.";
    RETIRED = "retired", 409, "It is retired; restore it first.";
    NOT_SHARED = "not-shared", 409, "It is not shared.";
    NAMED_BY_NOTE = "named-by-note", 409, "A note of staff on a court order or on safety names it: nobody new sees it, and it is not deleted.";
    WITHDRAWN = "withdrawn", 409, "It was withdrawn; share it again first.";
    OUT_TO_SIGN = "out-to-sign", 409, "People are asked to sign it; cancel that first.";
    SIGNED = "signed", 409, "It was signed, and whoever signed it keeps it; make a new document.";
    OF_TEMPLATE = "of-template", 409, "The text of an authorization comes from its template; make a new document from the template.";
    BOTH_MUST_SIGN = "both-must-sign", 409, "Both parents must sign, by a court order: ask all of them, or none.";
    LAST_DAY_OVER = "last-day-over", 409, "The last day of this authorization is over: make a new one.";
    SIGNING_OVER = "signing-over", 409, "Signatures are not missing any more, or the time to sign is over; `state` says which.";
    TOLD_ALREADY = "told-already", 409, "Everybody whose turn it is had a mail within a day, or five reminders.";
    PRECONDITION_FAILED = "changed-meanwhile", 412, "Somebody else changed it since; read it again.";
    TOO_LARGE = "too-large", 413, "That is more than we take at once.";
    MEDIA_TYPE = "media-type", 415, "The body must be application/json.";
    FILE_REFUSED = "file-refused", 422, "This file is not taken; `why` says what is wrong with it.";
    PARTS_MISSING = "parts-missing", 422, "Parts of the file are missing; `missing` says which.";
    INVALID = "invalid", 422, "Some fields are not right.";
    KEY_REUSED = "idempotency-key-reused", 422, "This Idempotency-Key was used for another request.";
    PRECONDITION_REQUIRED = "precondition-required", 428, "Send If-Match with the ETag that you read.";
    TOO_MANY_REQUESTS = "too-many-requests", 429, "Too many requests; wait as many seconds as Retry-After says.";
    TOO_MANY_RESENDS = "too-many-resends", 429, "Today's resends of this grant are used up; the last link still works.";
    FAULT = "fault", 500, "Something went wrong on our side; nothing was half done.";
    BUSY = "busy", 503, "Very busy right now; nothing was done.";
    NO_ROOM = "no-room", 507, "The disk is full; reading goes on, nothing was done.";
}

impl Kind {
    /// The `type` member.
    pub fn urn(self) -> String {
        format!("urn:anteroom:problem:{}", self.name)
    }
}

/// A problem: its kind and what more is known of this one.
#[derive(Clone, Debug)]
pub struct Problem {
    kind: Kind,
    members: Map<String, Value>,
    retry_after: Option<i64>,
}

/// What a handler returns.
pub type ApiResult = Result<Response, Problem>;

impl From<Kind> for Problem {
    fn from(kind: Kind) -> Self {
        Self { kind, members: Map::new(), retry_after: None }
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        tracing::error!(error = fault.chain(), "an API request failed");
        match fault {
            Fault::Busy(_) | Fault::Unavailable(_) => BUSY,
            Fault::DiskFull => NO_ROOM,
            _ => FAULT,
        }
        .into()
    }
}

impl Problem {
    /// With a sentence about this very occurrence.
    pub fn saying(self, detail: impl Into<String>) -> Self {
        self.with("detail", detail.into())
    }

    /// With a further member.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// To be tried again after so many seconds.
    pub fn after(self, seconds: i64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// Fields that are not right: where (a JSON pointer into the body) and what.
    pub fn fields(errors: impl IntoIterator<Item = (String, String)>) -> Self {
        let errors: Vec<Value> = errors
            .into_iter()
            .map(|(pointer, detail)| json!({ "pointer": pointer, "detail": detail }))
            .collect();
        Self::from(INVALID).with("errors", errors)
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// As the answer shows it.
    pub fn body(&self) -> Value {
        let mut body =
            json!({ "type": self.kind.urn(), "title": self.kind.title, "status": self.kind.status });
        if let Some(members) = body.as_object_mut() {
            members.extend(self.members.clone());
        }
        body
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (
            status,
            [(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"))],
            self.body().to_string(),
        )
            .into_response();
        let headers = response.headers_mut();
        if self.kind.status == 401 {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"anteroom\""));
        }
        if let Some(seconds) = self.retry_after.or((self.kind.status == 503).then_some(30)) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `type`, status and title never change: an integrator's program depends on them.
    #[test]
    fn every_problem_answers_as_it_always_did() {
        let shown: Vec<String> = ALL
            .iter()
            .map(|kind| {
                let problem = Problem::from(*kind);
                let body = problem.body().to_string();
                let response = problem.into_response();
                let headers: Vec<String> = response
                    .headers()
                    .iter()
                    .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
                    .collect();
                format!("{}\n{}\n{body}\n", response.status(), headers.join("\n"))
            })
            .collect();
        insta::assert_snapshot!(shown.join("\n"));
    }
}
