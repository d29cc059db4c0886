//! A file on its way in: encrypted piece by piece as it arrives, so that no more than a part of it is in memory, and
//! then looked through in a process of its own. Its row is written before its first byte is stored, so that whatever
//! ends the work, a refusal, a lost line or a crash, what was stored so far is found and deleted.

use axum::body::Bytes;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::features::documents::audit::DocumentAction;
use crate::features::documents::file_kind::{self, FileKind, Taking};
use crate::features::documents::held_store;
use crate::features::documents::store::{Blob, BlobState};
use crate::features::documents::upload_lifecycle::{Event as Happens, UploadState, decide};
use crate::features::documents::upload_store::{self as store, UploadRow};
use crate::features::people;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{BlobId, ChartId, UploadId};
use crate::kernel::picture::{Picture, PictureProblem};
use crate::platform::audit::{self, Actor, By, Event};
use crate::platform::db::{PracticeScope, Scoped};
use crate::platform::fault::Fault;
use crate::platform::objects::{BlobKey, Object, ObjectError, Stored, Writer, blob_key, new_blob_key};
use crate::platform::pdf::PdfProblem;
use crate::platform::scanner::Verdict;
use crate::platform::state::{App, AppState};

/// The largest file, in bytes.
pub const LARGEST: u64 = 50 * 1024 * 1024;
/// Bytes that a practice's staff and programs may bring in a day.
const A_DAY: i64 = 5 * 1024 * 1024 * 1024;
/// How long a file may stand still before it counts as broken off.
const LEASE_SECONDS: i64 = 15 * 60;
/// How long a file waits for its document or message.
pub(super) const WAIT_HOURS: i64 = 24;
/// How long the bytes of a file are kept in which the virus scanner found something.
const QUARANTINE_HOURS: i64 = 30 * 24;
/// The media type of what is taken.
pub const PDF: &str = "application/pdf";

/// Why a file was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// There is nothing in it.
    Empty,
    /// It is larger than [`LARGEST`].
    TooLarge,
    /// It is something else than a PDF or a picture.
    Kind(FileKind),
    /// It is a PDF whose name says otherwise.
    Name,
    /// It is a picture whose name says otherwise.
    PictureName,
    /// It is a picture that cannot be opened.
    Picture(PictureProblem),
    /// It is a PDF with something in it, or not whole.
    Pdf(PdfProblem),
    /// The practice has brought as much as it may in a day.
    Quota,
    /// It broke off.
    BrokenOff,
    /// The virus scanner found something in it.
    Infected,
    /// The virus scanner could not check it.
    NotScanned,
}

impl NotTaken {
    /// Its word in the audit trail, in the API and at the end of its catalogue key.
    pub fn word(self) -> String {
        match self {
            Self::Empty => "empty".to_owned(),
            Self::TooLarge => "too-large".to_owned(),
            Self::Kind(kind) => format!("kind-{kind}"),
            Self::Name => "name".to_owned(),
            Self::PictureName => "picture-name".to_owned(),
            Self::Picture(problem) => format!("picture-{problem}"),
            Self::Pdf(problem) => format!("pdf-{problem}"),
            Self::Quota => "quota".to_owned(),
            Self::BrokenOff => "broken-off".to_owned(),
            Self::Infected => "infected".to_owned(),
            Self::NotScanned => "not-scanned".to_owned(),
        }
    }
}

/// A file that was taken and waits for its document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The upload.
    pub upload: UploadId,
    /// What it is called where it comes from; may be empty.
    pub name: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// How many they are.
    pub size: u64,
    /// Whether the virus scanner has looked through it.
    pub scan: Scan,
}

/// Whether the virus scanner has looked through a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scan {
    /// It has, or there is none.
    Done,
    /// It could not: the file waits until it can.
    Waiting,
}

/// What becomes of a file that the virus scanner cannot check now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unscanned {
    /// It is held until it is checked.
    Held,
    /// It is turned away: its sender has it to do again.
    TurnedAway,
}

/// A file that is about to come in.
#[derive(Clone, Debug)]
pub struct NewUpload {
    /// For this chart.
    pub chart: ChartId,
    /// What it is called, as it was sent.
    pub name: String,
    /// How large it is said to be, where that is said.
    pub said: Option<u64>,
}

/// What came of it; `None` where there is no such chart.
pub type Received = Result<Option<Result<Taken, NotTaken>>, Fault>;

/// A file that is coming in. Dropped before its end, it counts as broken off.
pub struct Incoming {
    pieces: mpsc::Sender<Arrived>,
    running: JoinHandle<Received>,
    came: u64,
}

enum Arrived {
    Piece(Bytes),
    End,
}

/// Whether more of the file is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// It is. Also after a refusal: who is still sending would not read the answer.
    Go,
    /// It is too large already.
    Stop,
}

/// Begins to take a file in. One that the virus scanner cannot check is turned away.
pub fn receive(app: &AppState, scope: &PracticeScope, by: By, new: NewUpload) -> Incoming {
    receive_as(app, scope, by, new, Unscanned::TurnedAway)
}

/// Begins to take a file in. What is done with it runs to its end even if its sender hangs up, so that nothing
/// half-written is left.
pub fn receive_as(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    new: NewUpload,
    unscanned: Unscanned,
) -> Incoming {
    let (pieces, arriving) = mpsc::channel(2);
    let (app, scope) = (app.clone(), scope.clone());
    let running = tokio::spawn(async move {
        let (upload, writer) = match begin(&app, &scope, &by, &new).await? {
            None => return Ok(None),
            Some(Err(refused)) => return Ok(Some(Err(refused))),
            Some(Ok(begun)) => begun,
        };
        let stored = take(&app, &scope, &upload, writer, arriving).await;
        conclude(&app, &scope, &by, (&upload, stored), unscanned).await.map(Some)
    });
    Incoming { pieces, running, came: 0 }
}

/// Looks through a file that is stored, or was refused before that, and says what became of it.
pub(super) async fn conclude(
    app: &AppState,
    scope: &PracticeScope,
    by: &By,
    (upload, stored): (&UploadRow, Result<Result<StoredBytes, NotTaken>, Fault>),
    unscanned: Unscanned,
) -> Result<Result<Taken, NotTaken>, Fault> {
    let outcome = match stored {
        Ok(Ok(stored)) => inspect(app, scope, upload, stored, unscanned).await,
        Ok(Err(refused)) => Ok(Err(refused)),
        Err(fault) => Err(fault),
    };
    match outcome {
        Ok(Ok(taken)) => Ok(Ok(taken)),
        Ok(Err(NotTaken::Infected)) => {
            quarantined(app, scope, by, upload).await?;
            Ok(Err(NotTaken::Infected))
        }
        // Of two ends of an upload in parts, one finds that the other has finished it: its file stays. One that could not
        // be scanned stays for another try.
        Ok(Err(why @ (NotTaken::BrokenOff | NotTaken::NotScanned))) if upload.declared_size.is_some() => {
            Ok(Err(why))
        }
        Ok(Err(refused)) => {
            reject(app, scope, by, upload, refused).await?;
            Ok(Err(refused))
        }
        // What came in parts is kept: its sender asks again, and nothing has to be sent anew.
        Err(fault) if upload.declared_size.is_some() => Err(fault),
        Err(fault) => {
            // The worker that looks for leftovers does the same later, should this not be possible now.
            if let Err(again) = give_up(app, scope, upload, Happens::TimeOver, "fault").await {
                tracing::warn!(error = again.chain(), "a broken upload is not tidied away yet");
            }
            Err(fault)
        }
    }
}

/// Takes a picture in that is in memory and was cleaned: it is stored like any file, and waits for what it belongs to.
pub async fn receive_picture(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    new: NewUpload,
    picture: Picture,
) -> Received {
    let new = NewUpload { said: Some(picture.bytes.len() as u64), ..new };
    let (upload, writer) = match begin(app, scope, &by, &new).await? {
        None => return Ok(None),
        Some(Err(refused)) => return Ok(Some(Err(refused))),
        Some(Ok(begun)) => begun,
    };
    let media_type = picture.kind.media_type();
    let outcome = match store_whole(writer, picture.bytes).await {
        Ok(stored) => finish(app, scope, &upload, (stored, media_type), Happens::Clean).await,
        Err(fault) => Err(fault),
    };
    match outcome {
        Ok(Err(refused)) => {
            reject(app, scope, &by, &upload, refused).await?;
            Ok(Some(Err(refused)))
        }
        Ok(Ok(taken)) => Ok(Some(Ok(taken))),
        // The worker that looks for leftovers deletes what was stored.
        Err(fault) => Err(fault),
    }
}

async fn store_whole(mut writer: Writer, bytes: Vec<u8>) -> Result<StoredBytes, Fault> {
    let (sha256, size) = (hex::encode(Sha256::digest(&bytes)), bytes.len() as u64);
    writer.add(&Bytes::from(bytes)).await?;
    let key_generation = writer.key_generation();
    writer.finish().await?;
    Ok(StoredBytes { sha256, size, key_generation, pages: None })
}

impl Incoming {
    /// The next bytes.
    pub async fn add(&mut self, piece: Bytes) -> Flow {
        self.came += piece.len() as u64;
        // Nobody listens any more once the file is refused.
        let _ = self.pieces.send(Arrived::Piece(piece)).await;
        if self.came > LARGEST { Flow::Stop } else { Flow::Go }
    }

    /// The end of the file: what came of it.
    pub async fn finish(self) -> Received {
        let _ = self.pieces.send(Arrived::End).await;
        self.running.await.map_err(|error| Fault::Ended(error.to_string()))?
    }
}

/// Until when an upload may stand still: in parts, its sender may come back a day later.
fn lease(upload: &UploadRow, now: Timestamp) -> Timestamp {
    match upload.declared_size {
        None => now.plus_seconds(LEASE_SECONDS),
        Some(_) => now.plus_hours(WAIT_HOURS),
    }
}

/// Who acts, as the row of an upload says it.
pub(super) fn who(by: &By) -> (&'static str, String) {
    match &by.actor {
        Actor::Staff(id, _) => ("staff", id.to_string()),
        Actor::ApiKey(id, _) => ("api_key", id.to_string()),
        Actor::Account(id) => ("account", id.to_string()),
        _ => ("system", String::new()),
    }
}

fn refused_event(by: &By, chart: &ChartId, why: NotTaken) -> Event {
    Event::new(by.clone(), DocumentAction::UploadRefused)
        .on_chart(chart)
        .with(serde_json::json!({ "why": why.word() }))
}

type Begun = Option<Result<(UploadRow, Writer), NotTaken>>;

/// Reserves what the file may take, in one transaction with its row.
async fn begin(app: &AppState, scope: &PracticeScope, by: &By, new: &NewUpload) -> Result<Begun, Fault> {
    let (inside, by, new) = (app.clone(), by.clone(), new.clone());
    let begun = app.db.write(scope, move |c| reserve(&inside, c, &by, &new, Way::InOne)).await?;
    Ok(begun.map(|begun| {
        begun.map(|(row, key)| {
            let object = Object { practice: row.practice_id, blob: row.blob_id, key };
            (row, app.objects.write(object))
        })
    }))
}

/// How a file comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// From its first byte to its last.
    InOne,
    /// In numbered parts, so many bytes in all.
    InParts(i64),
}

/// The row of a new upload, and the key of its bytes; `None` where there is no such chart.
pub(super) fn reserve(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    new: &NewUpload,
    way: Way,
) -> Result<Option<Result<(UploadRow, BlobKey), NotTaken>>, Fault> {
    if !people::is_chart(c, &new.chart)? {
        return Ok(None);
    }
    let most = i64::try_from(new.said.unwrap_or(LARGEST).min(LARGEST)).unwrap_or(i64::MAX);
    if store::bytes_since(c, c.now().plus_hours(-24))? + most > A_DAY {
        audit::record(c, refused_event(by, &new.chart, NotTaken::Quota))?;
        return Ok(Some(Err(NotTaken::Quota)));
    }
    let (by_kind, by_id) = who(by);
    let blob_id = BlobId::fresh(c.rng(), c.now());
    let key = new_blob_key(&app.keys, c, &blob_id)?;
    let (declared_size, key_generation) = match way {
        Way::InOne => (None, None),
        Way::InParts(size) => (Some(size), Some(key.generation)),
    };
    let mut row = UploadRow {
        practice_id: *c.practice(),
        upload_id: UploadId::fresh(c.rng(), c.now()),
        chart_id: new.chart,
        by_kind: by_kind.to_owned(),
        by_id,
        file_name: file_kind::shown_name(&new.name),
        blob_id,
        reserved: most,
        state: UploadState::Receiving,
        reason: String::new(),
        lease_until: c.now(),
        created_at: c.now(),
        declared_size,
        key_generation,
    };
    row.lease_until = lease(&row, c.lease_now()?);
    store::begin(c, row.clone())?;
    Ok(Some(Ok((row, key))))
}

/// What is known of the bytes once they are stored.
pub(super) struct StoredBytes {
    pub(super) sha256: String,
    pub(super) size: u64,
    pub(super) key_generation: i32,
    /// Pages of a PDF, once it was looked through and they could be counted.
    pub(super) pages: Option<i32>,
}

/// Stores the pieces as they arrive, and looks at what they begin with.
async fn take(
    app: &AppState,
    scope: &PracticeScope,
    upload: &UploadRow,
    mut writer: Writer,
    mut arriving: mpsc::Receiver<Arrived>,
) -> Result<Result<StoredBytes, NotTaken>, Fault> {
    let mut hash = Sha256::new();
    let (mut start, mut size, mut parts) = (Vec::new(), 0u64, 0);
    loop {
        let piece = match arriving.recv().await {
            Some(Arrived::Piece(piece)) => piece,
            Some(Arrived::End) => break,
            None => return Ok(Err(NotTaken::BrokenOff)),
        };
        size += piece.len() as u64;
        if size > LARGEST {
            return Ok(Err(NotTaken::TooLarge));
        }
        if start.len() < file_kind::LOOKED_AT {
            let wanted = (file_kind::LOOKED_AT - start.len()).min(piece.len());
            start.extend_from_slice(&piece[..wanted]);
            if start.len() == file_kind::LOOKED_AT
                && let Err(why) = is_wanted(&start, &upload.file_name)
            {
                return Ok(Err(why));
            }
        }
        hash.update(&piece);
        let stored = writer.add(&piece).await?;
        if stored > parts {
            parts = stored;
            if !renew(app, scope, upload).await? {
                return Ok(Err(NotTaken::BrokenOff));
            }
        }
    }
    if size == 0 {
        return Ok(Err(NotTaken::Empty));
    }
    if let Err(why) = is_wanted(&start, &upload.file_name) {
        return Ok(Err(why));
    }
    let key_generation = writer.key_generation();
    writer.finish().await?;
    Ok(Ok(StoredBytes { sha256: hex::encode(hash.finalize()), size, key_generation, pages: None }))
}

/// Looks the stored file through, in a process of its own, has it scanned where there is a scanner, and keeps what is
/// to be kept of it.
async fn inspect(
    app: &AppState,
    scope: &PracticeScope,
    upload: &UploadRow,
    mut stored: StoredBytes,
    unscanned: Unscanned,
) -> Result<Result<Taken, NotTaken>, Fault> {
    // It may have to wait for its place.
    if !renew(app, scope, upload).await? {
        return Ok(Err(NotTaken::BrokenOff));
    }
    let (inside, blob, generation) = (app.clone(), upload.blob_id, stored.key_generation);
    let key = app.db.read(scope, move |c| blob_key(&inside.keys, c, generation, &blob)).await?;
    let object = Object { practice: upload.practice_id, blob, key };
    let of = Stored { object, size: stored.size, sha256: stored.sha256.clone() };
    let bytes = app.objects.read(of.clone());
    let mut made = None;
    match Taking::of_name(&upload.file_name) {
        Taking::Pdf => match app.confined.inspect_pdf(bytes).await.map_err(damaged)? {
            Ok(pages) => stored.pages = pages,
            Err(problem) => return Ok(Err(NotTaken::Pdf(problem))),
        },
        Taking::Picture => match app.confined.picture_to_pdf(bytes).await.map_err(damaged)? {
            Ok(pdf) => made = Some(pdf),
            Err(problem) => return Ok(Err(NotTaken::Picture(problem))),
        },
    }
    let happens = match scan(app, scope, upload, of).await? {
        Ok(()) => Happens::Clean,
        Err(NotTaken::NotScanned) if unscanned == Unscanned::Held => Happens::Unscanned,
        Err(NotTaken::Infected) => {
            let kept = finish(app, scope, upload, (stored, PDF), Happens::Infected).await?;
            return Ok(kept.and(Err(NotTaken::Infected)));
        }
        Err(refused) => return Ok(Err(refused)),
    };
    match made {
        Some(pdf) => in_its_place(app, scope, upload, pdf, happens).await,
        None => finish(app, scope, upload, (stored, PDF), happens).await,
    }
}

fn damaged(error: ObjectError) -> Fault {
    match error {
        ObjectError::Fault(fault) => fault,
        ObjectError::Damaged(what) => Fault::Damaged(format!("a file that has just come in: {what}")),
    }
}

/// What the virus scanner says of the file, where there is one.
async fn scan(
    app: &AppState,
    scope: &PracticeScope,
    upload: &UploadRow,
    of: Stored,
) -> Result<Result<(), NotTaken>, Fault> {
    let Some(scanner) = &app.scanner else { return Ok(Ok(())) };
    if !renew(app, scope, upload).await? {
        return Ok(Err(NotTaken::BrokenOff));
    }
    Ok(match scanner.scan(app.objects.read(of)).await.map_err(damaged)? {
        Verdict::Clean => Ok(()),
        Verdict::Infected(name) => {
            tracing::warn!(upload = %upload.upload_id, found = name, "the virus scanner found something in a file");
            Err(NotTaken::Infected)
        }
        Verdict::NotScanned(why) => {
            tracing::error!(why, "the virus scanner did not check a file");
            Err(NotTaken::NotScanned)
        }
    })
}

/// Keeps the PDF that was made of a picture, and not the picture. It is another file with a key of its own: two ends of
/// one upload may each make one, and one of them is kept. What a crash leaves of the other, no row refers to.
async fn in_its_place(
    app: &AppState,
    scope: &PracticeScope,
    upload: &UploadRow,
    pdf: Vec<u8>,
    happens: Happens,
) -> Result<Result<Taken, NotTaken>, Fault> {
    let inside = app.clone();
    let new_object = move |c: &mut Scoped<'_>| {
        let blob = BlobId::fresh(c.rng(), c.now());
        Ok((blob, new_blob_key(&inside.keys, c, &blob)?))
    };
    let (blob, key) = app.db.write(scope, new_object).await?;
    let writer = app.objects.write(Object { practice: upload.practice_id, blob, key });
    let stored = StoredBytes { pages: Some(1), ..store_whole(writer, pdf).await? };
    let file_name = file_kind::as_pdf(&upload.file_name);
    let made = UploadRow { blob_id: blob, file_name, ..upload.clone() };
    let outcome = finish(app, scope, &made, (stored, PDF), happens).await?;
    let over = if outcome.is_ok() { &upload.blob_id } else { &blob };
    if let Err(error) = app.objects.remove(&upload.practice_id, over).await {
        tracing::warn!(error = error.chain(), "what is left of a picture is deleted a day later");
    }
    Ok(outcome)
}

/// Is it a file that is taken, and does its name say what it is?
pub(super) fn is_wanted(start: &[u8], name: &str) -> Result<(), NotTaken> {
    match (FileKind::of(start), Taking::of_name(name)) {
        (FileKind::Pdf, Taking::Pdf) if name.is_empty() || file_kind::extension(name) == "pdf" => Ok(()),
        (FileKind::Picture, Taking::Picture) => Ok(()),
        (FileKind::Pdf, _) => Err(NotTaken::Name),
        (FileKind::Picture, _) => Err(NotTaken::PictureName),
        (other, _) => Err(NotTaken::Kind(other)),
    }
}

async fn renew(app: &AppState, scope: &PracticeScope, upload: &UploadRow) -> Result<bool, Fault> {
    let upload = upload.clone();
    app.db.write(scope, move |c| goes_on(c, &upload)).await
}

/// Notes that more came in; `false` where the upload has ended meanwhile.
pub(super) fn goes_on(c: &mut Scoped<'_>, upload: &UploadRow) -> Result<bool, Fault> {
    let until = lease(upload, c.lease_now()?);
    store::step(c, &upload.upload_id, (UploadState::Receiving, Happens::GoOn), until)
}

/// Until when the bytes of a file are kept in which the virus scanner found something.
pub(super) fn quarantine_until(c: &mut Scoped<'_>) -> Result<Timestamp, Fault> {
    Ok(c.lease_now()?.plus_hours(QUARANTINE_HOURS))
}

/// From here on the file is there: it waits for its document, for the virus scanner, or for its end.
async fn finish(
    app: &AppState,
    scope: &PracticeScope,
    upload: &UploadRow,
    (stored, media_type): (StoredBytes, &'static str),
    happens: Happens,
) -> Result<Result<Taken, NotTaken>, Fault> {
    let (row, sha256) = (upload.clone(), stored.sha256.clone());
    let size = i64::try_from(stored.size).unwrap_or(i64::MAX);
    let to = decide(UploadState::Receiving, happens);
    let is_in_time = app
        .db
        .write(scope, move |c| {
            let until = match to {
                Ok(UploadState::Quarantined) => quarantine_until(c)?,
                _ => c.lease_now()?.plus_hours(WAIT_HOURS),
            };
            if !store::step(c, &row.upload_id, (UploadState::Receiving, happens), until)? {
                return Ok(false);
            }
            store::note_file(c, &row, size)?;
            store::forget_parts(c, &row.upload_id)?;
            let blob = Blob {
                practice_id: *c.practice(),
                blob_id: row.blob_id,
                sha256: sha256.clone(),
                size,
                media_type: media_type.to_owned(),
                key_generation: stored.key_generation,
                state: if to == Ok(UploadState::Ready) { BlobState::Live } else { BlobState::Kept },
                created_at: c.now(),
                pages: stored.pages,
            };
            store::insert_blob(c, blob)?;
            Ok(true)
        })
        .await?;
    let scan = if to == Ok(UploadState::Checking) { Scan::Waiting } else { Scan::Done };
    let name = upload.file_name.clone();
    let taken = Taken { upload: upload.upload_id, name, sha256: stored.sha256, size: stored.size, scan };
    Ok(if is_in_time { Ok(taken) } else { Err(NotTaken::BrokenOff) })
}

/// Tells of a file that was put into quarantine as it came in.
async fn quarantined(
    app: &AppState,
    scope: &PracticeScope,
    by: &By,
    upload: &UploadRow,
) -> Result<(), Fault> {
    let event = Event::new(by.clone(), DocumentAction::UploadQuarantined)
        .on_chart(&upload.chart_id)
        .with(serde_json::json!({ "upload": upload.upload_id }));
    app.db.write(scope, move |c| audit::record(c, event.clone())).await?;
    app.live.chart_changed(scope.id(), &upload.chart_id);
    Ok(())
}

pub(super) async fn reject(
    app: &AppState,
    scope: &PracticeScope,
    by: &By,
    upload: &UploadRow,
    why: NotTaken,
) -> Result<(), Fault> {
    if why != NotTaken::BrokenOff {
        let event = refused_event(by, &upload.chart_id, why);
        app.db.write(scope, move |c| audit::record(c, event.clone())).await?;
    }
    let happens = if why == NotTaken::BrokenOff { Happens::TimeOver } else { Happens::Refuse };
    give_up(app, scope, upload, happens, &why.word()).await
}

/// Ends an upload that still comes in, then deletes what was stored. Another end of it may have finished it meanwhile:
/// then its bytes stay. Should it stop between, bytes that no row refers to are deleted a day later.
async fn give_up(
    app: &AppState,
    scope: &PracticeScope,
    upload: &UploadRow,
    happens: Happens,
    reason: &str,
) -> Result<(), Fault> {
    let (id, reason) = (upload.upload_id, reason.to_owned());
    if app.db.write(scope, move |c| store::stop(c, &id, happens, &reason)).await? {
        app.objects.remove(&upload.practice_id, &upload.blob_id).await?;
    }
    Ok(())
}

/// Gives up a file that was taken and that no document will have; its bytes are deleted later.
pub fn discard(c: &mut Scoped<'_>, id: &UploadId) -> Result<(), Fault> {
    let Some(row) = store::find(c, id)? else { return Ok(()) };
    match row.state {
        UploadState::Ready => {}
        UploadState::Checking if held_store::find(c, id)?.is_none() => {}
        _ => return Ok(()),
    }
    store::give_up_blob(c, &row.blob_id)?;
    store::end(c, id, UploadState::Expired, "not-used")
}
