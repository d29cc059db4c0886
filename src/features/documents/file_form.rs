//! A form with one file, read field by field behind the check of the session. The file comes last in it, or the form names
//! one that is there already: because it came in parts, or because the form was refused for another field.

use axum::extract::Multipart;
use axum::extract::multipart::{Field, MultipartRejection};
use axum::http::StatusCode;

use crate::features::documents::upload_parts::{self as parts, Sender};
use crate::features::documents::uploads::{Flow, NewUpload, NotTaken, Taken, Unscanned, discard, receive_as};
use crate::kernel::ids::{ChartId, UploadId};
use crate::platform::audit::By;
use crate::platform::db::PracticeScope;
use crate::platform::limits::{self, Limit};
use crate::platform::state::AppState;
use crate::platform::web::PageError;

/// The longest field beside the file, in bytes.
const LONGEST_FIELD: usize = 8 * 1024;
/// The name of the field with the id of a file that is there already.
const UPLOAD: &str = "upload";

/// Whose form.
pub(super) struct FileForm<'a> {
    /// Who sends the file, and for which chart.
    pub sender: Sender,
    /// The token of the page.
    pub csrf: &'a str,
    /// Under which name files are counted, and how many may come, where that is limited.
    pub limit: Option<(String, Limit)>,
}

/// The file of a form.
pub(super) enum SentFile {
    /// The form has no such field.
    None,
    /// It came, now or before.
    Came(Result<Taken, NotTaken>),
    /// More came than may; this one was not read.
    TooOften,
}

/// What the page of a form shows of its file.
pub(super) enum FieldFile {
    /// None was chosen, or the one that was is of no use.
    None,
    /// It is there already.
    Kept(Taken),
    /// One was chosen, and is not there: the browser does not keep it.
    Gone,
}

impl FieldFile {
    /// Of the file that came with a form.
    pub fn of(came: Option<Result<Taken, NotTaken>>) -> Self {
        match came {
            None => Self::None,
            Some(Ok(taken)) => Self::Kept(taken),
            Some(Err(_)) => Self::Gone,
        }
    }

    /// The file that is there.
    pub fn kept(&self) -> Option<&Taken> {
        match self {
            Self::Kept(taken) => Some(taken),
            Self::None | Self::Gone => None,
        }
    }

    /// Has whoever sends the form to choose the file again?
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Gone)
    }
}

impl FileForm<'_> {
    /// Reads the fields in their order; the file only where the form token before it is ours. After a file that is too
    /// large, nothing more of the form can be read.
    pub async fn read<const N: usize>(
        &self,
        app: &AppState,
        parts: Result<Multipart, MultipartRejection>,
        mut fields: [(&'static str, &mut String); N],
    ) -> Result<SentFile, PageError> {
        let mut parts = parts.map_err(|_| PageError::BadRequest)?;
        let (mut csrf, mut named, mut file) = (String::new(), None, SentFile::None);
        while let Some(mut part) = parts.next_field().await.map_err(|_| PageError::BadRequest)? {
            let name = part.name().unwrap_or_default().to_owned();
            if name == "file" {
                // A form has one file: of a second one nobody could say which was meant.
                if csrf != self.csrf || !matches!(file, SentFile::None) {
                    return Err(PageError::BadRequest);
                }
                let is_nameless = part.file_name().unwrap_or_default().is_empty();
                if named.is_some() && is_nameless {
                    continue;
                }
                if let Some((key, limit)) = self.limit.clone() {
                    let most = limit.most;
                    let count = app.db.write(&self.sender.scope, move |c| limits::count(c, &key, limit));
                    if count.await? > most {
                        return Ok(SentFile::TooOften);
                    }
                }
                let into = (self.sender.chart, Unscanned::Held);
                let by = self.sender.by.clone();
                let came = receive_part(app, &self.sender.scope, by, into, &mut part).await?;
                // A browser sends the field also when nobody chose a file: without a name, and without any byte.
                if is_nameless && came == Err(NotTaken::Empty) {
                    continue;
                }
                let is_too_large = came == Err(NotTaken::TooLarge);
                file = SentFile::Came(came);
                if is_too_large {
                    return Ok(file);
                }
                continue;
            }
            let value = part.bytes().await.map_err(|_| PageError::BadRequest)?;
            if value.len() > LONGEST_FIELD {
                return Err(PageError::TooLarge);
            }
            let value = String::from_utf8(value.to_vec()).map_err(|_| PageError::BadRequest)?;
            match fields.iter_mut().find(|(field, _)| *field == name) {
                Some((_, field)) => **field = value,
                None if name == "csrf" => csrf = value,
                None if name == UPLOAD => named = Some(value),
                None => return Err(PageError::BadRequest),
            }
        }
        if csrf != self.csrf {
            return Err(PageError::BadRequest);
        }
        let Some(named) = named else { return Ok(file) };
        let named = self.named(app, &named).await?;
        let SentFile::None = file else {
            // Another file was chosen instead.
            if let Ok(named) = named {
                app.db.write(&self.sender.scope, move |c| discard(c, &named.upload)).await?;
            }
            return Ok(file);
        };
        Ok(SentFile::Came(named))
    }

    async fn named(&self, app: &AppState, upload: &str) -> Result<Result<Taken, NotTaken>, PageError> {
        let Ok(id) = upload.parse::<UploadId>() else { return Ok(Err(NotTaken::BrokenOff)) };
        let (by, chart) = (self.sender.by.clone(), self.sender.chart);
        let found = app.db.read(&self.sender.scope, move |c| parts::taken(c, &by, &chart, &id)).await?;
        Ok(found.ok_or(NotTaken::BrokenOff))
    }
}

/// Takes in the file of a form. After one that is too large, nothing more of the form can be read.
pub async fn receive_part(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    (chart, unscanned): (ChartId, Unscanned),
    part: &mut Field<'_>,
) -> Result<Result<Taken, NotTaken>, PageError> {
    let name = part.file_name().unwrap_or_default().to_owned();
    let mut incoming = receive_as(app, scope, by, NewUpload { chart, name, said: None }, unscanned);
    loop {
        match part.chunk().await {
            Ok(Some(piece)) => {
                if incoming.add(piece).await == Flow::Stop {
                    break;
                }
            }
            Ok(None) => break,
            // The limit around the form was met first.
            Err(error) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                return Ok(Err(NotTaken::TooLarge));
            }
            // Whoever hung up reads no answer; dropping it tidies up.
            Err(_) => return Err(PageError::BadRequest),
        }
    }
    incoming.finish().await?.ok_or(PageError::NotFound)
}
