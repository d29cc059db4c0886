//! The files of a message that is being written. Each is taken in by the documents' pipeline when it is attached, and
//! waits there; the form keeps its id until the message is sent, and a file that is not sent is deleted after a day.

use axum::extract::Multipart;
use axum::extract::multipart::MultipartRejection;
use serde::de::DeserializeOwned;

use crate::features::documents::{self, NotTaken, Unscanned, WaitingFile, receive_part};
use crate::features::messages::text::MOST_FILES;
use crate::kernel::ids::{ChartId, UploadId};
use crate::platform::audit::By;
use crate::platform::db::PracticeScope;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::limits::{self, Limit};
use crate::platform::state::AppState;
use crate::platform::web::PageError;
use crate::platform::web::forms::FieldErrors;

/// The longest field beside the files, in bytes: a message of the longest kind in any script.
const LONGEST_FIELD: usize = 64 * 1024;
/// Files that one person may attach in an hour.
const ATTACHING: Limit = Limit { most: 60, seconds: 3_600 };

/// A file that waits to be sent.
pub(super) struct KeptFile {
    pub id: String,
    /// Its name and size.
    pub label: String,
}

/// "plan.pdf · 120 KB"
pub(super) fn label(words: Words, name: &str, size: i64) -> String {
    format!("{name} · {}", documents::size_in_words(words, size))
}

/// Who attaches files to what.
pub(super) struct Attaching<'a> {
    pub scope: &'a PracticeScope,
    pub words: Words,
    pub by: By,
    /// Whose files are counted.
    pub who: String,
    pub chart: ChartId,
    /// The token that the form must have.
    pub csrf: &'a str,
    /// Why a file was not taken, in the words of this side.
    pub why_not: fn(Words, NotTaken) -> String,
}

impl Attaching<'_> {
    /// The files that a form keeps, as far as they still wait.
    pub async fn kept(&self, app: &AppState, kept: &[String]) -> Result<Vec<KeptFile>, Fault> {
        let (by, chart, ids) = (self.by.clone(), self.chart, ids(kept));
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let found = app.db.read(self.scope, move |c| documents::waiting_files(c, &chart, &by, &ids)).await?;
        let file = |file: WaitingFile| KeptFile {
            id: file.upload.to_string(),
            label: label(self.words, &file.name, file.size),
        };
        Ok(found.into_iter().map(file).collect())
    }

    async fn may_attach(&self, app: &AppState) -> Result<bool, Fault> {
        let key = format!("messages.files.{}", self.who);
        app.db.write(self.scope, move |c| Ok(limits::count(c, &key, ATTACHING)? <= ATTACHING.most)).await
    }

    /// Reads a form with files: its fields, with the files that were taken in among `kept`, and what is wrong with the
    /// others. Its files come last, and none is read unless the form's token before them is ours.
    pub async fn read<T: DeserializeOwned>(
        &self,
        app: &AppState,
        parts: Result<Multipart, MultipartRejection>,
    ) -> Result<(T, FieldErrors), PageError> {
        let mut parts = parts.map_err(|_| PageError::BadRequest)?;
        let (mut fields, mut is_ours, mut wrong) = (Vec::new(), false, Vec::new());
        let (mut count, mut came, mut is_saved) = (0, 0, false);
        while let Some(mut part) = parts.next_field().await.map_err(|_| PageError::BadRequest)? {
            let name = part.name().unwrap_or_default().to_owned();
            if name != "file" {
                let value = part.bytes().await.map_err(|_| PageError::BadRequest)?;
                if value.len() > LONGEST_FIELD {
                    return Err(PageError::TooLarge);
                }
                let value = String::from_utf8(value.to_vec()).map_err(|_| PageError::BadRequest)?;
                match name.as_str() {
                    "csrf" => is_ours = value == self.csrf,
                    _ => {
                        count += usize::from(name == "kept");
                        is_saved |= name == "save";
                        fields.push((name, value));
                    }
                }
                continue;
            }
            if !is_ours {
                return Err(PageError::BadRequest);
            }
            let file = part.file_name().unwrap_or_default().to_owned();
            if file.is_empty() {
                continue;
            }
            came += 1;
            if count >= MOST_FILES {
                wrong.push(self.words.get("messages-error-many-files"));
                break;
            }
            if !self.may_attach(app).await? {
                wrong.push(self.words.get("messages-error-files-an-hour"));
                break;
            }
            // A message is sent with files that are checked: one that cannot be now is to be attached again.
            let into = (self.chart, Unscanned::TurnedAway);
            match receive_part(app, self.scope, self.by.clone(), into, &mut part).await? {
                Ok(taken) => {
                    count += 1;
                    fields.push(("kept".to_owned(), taken.upload.to_string()));
                }
                Err(why) => {
                    let said = (self.why_not)(self.words, why);
                    wrong.push(self.words.with2("messages-error-file", "name", file, "why", said));
                    if why == NotTaken::TooLarge {
                        break;
                    }
                }
            }
        }
        if !is_ours {
            return Err(PageError::BadRequest);
        }
        if came == 0 && !is_saved {
            wrong.push(self.words.get("messages-error-choose-file"));
        }
        let mut errors = FieldErrors::new();
        if !wrong.is_empty() {
            errors.add("file", wrong.join(" "));
        }
        let text = serde_html_form::to_string(&fields).map_err(|_| PageError::BadRequest)?;
        let form = serde_html_form::from_str(&text).map_err(|_| PageError::BadRequest)?;
        Ok((form, errors))
    }
}

fn ids(kept: &[String]) -> Vec<UploadId> {
    let mut ids: Vec<UploadId> = Vec::new();
    for id in kept.iter().filter_map(|id| id.parse().ok()) {
        if !ids.contains(&id) && ids.len() <= MOST_FILES {
            ids.push(id);
        }
    }
    ids
}

/// The files that a message is sent with. One that was chosen and not attached is asked about, so that nobody sends
/// a message without it by mistake.
pub(super) fn read_files(
    words: Words,
    kept: &[String],
    chosen: &[String],
    errors: &mut FieldErrors,
) -> Option<Vec<UploadId>> {
    if let Some(name) = chosen.iter().find(|name| !name.is_empty()) {
        errors.add("file", words.with1("messages-error-not-attached", "name", name));
        return None;
    }
    let ids = ids(kept);
    if ids.len() > MOST_FILES {
        errors.add("file", words.get("messages-error-many-files"));
        return None;
    }
    Some(ids)
}
