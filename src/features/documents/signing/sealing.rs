//! Makes the final file of a request that everybody signed. A job does it, planned by the last signature: a crash leaves
//! the job and at most bytes without a row, which are swept. The signatures do not depend on it.

use axum::body::Bytes;
use futures_util::{TryStreamExt, stream};
use jiff::tz::TimeZone;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::features::documents::audit::DocumentAction;
use crate::features::documents::signing::final_file::{self, EVIDENCE, FILE, Parts, Signed, TEXT};
use crate::features::documents::signing::lifecycle::SignerState;
use crate::features::documents::signing::notices;
use crate::features::documents::signing::seal_store;
use crate::features::documents::signing::store::{self, EventRow, Signing};
use crate::features::documents::signing::verify::{Verdict, verify};
use crate::features::documents::store::{self as documents, Blob, BlobState, Content, Document};
use crate::features::practice::{self, Practice};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{BlobId, SignerId, SigningId};
use crate::platform::audit::{self, By, Event};
use crate::platform::confined::WRITE_BEHIND;
use crate::platform::db::{PracticeScope, Scoped};
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::jobs::{InPieces, Job, Next};
use crate::platform::objects::{Object, ObjectError, Stored, blob_key, new_blob_key};
use crate::platform::seal::certificate::SealKey;
use crate::platform::seal::pdf::{Attachment, Sealing, seal};
use crate::platform::state::{App, AppState};

/// The media type of a final file.
const PDF: &str = "application/pdf";

/// What a final file is made of.
struct Material {
    document: Document,
    content: Content,
    signing: Signing,
    events: Vec<EventRow>,
    practice: Practice,
    key: SealKey,
    /// The version's own bytes, where it is a file.
    stored: Option<Stored>,
    target: Object,
}

impl Material {
    fn parts<'a>(&'a self, signed: Signed<'a>, words: Words, zone: &'a TimeZone) -> Parts<'a> {
        let (practice, title) = (self.practice.name.as_str(), self.document.title.as_str());
        Parts { practice, title, signed, signing: &self.signing, events: &self.events, words, zone }
    }
}

/// Makes the final file of the request that a job is about, unless it is there.
pub fn carry_out(app: AppState, scope: PracticeScope, job: Job) -> InPieces {
    Box::pin(async move {
        let id = SigningId::from_uuid(job.subject);
        let inside = app.clone();
        let found = app.db.write(&scope, move |c| material(&inside, c, &id)).await?;
        if let Some(material) = found {
            make(&app, &scope, material).await?;
        }
        Ok(Next::Done)
    })
}

fn material(app: &App, c: &mut Scoped<'_>, id: &SigningId) -> Result<Option<Material>, Fault> {
    if seal_store::find(c, id)?.is_some() {
        return Ok(None);
    }
    let Some(signing) = store::find(c, id)? else { return Ok(None) };
    let request = &signing.request;
    let Some(document) = documents::find(c, &request.document_id)? else { return Ok(None) };
    let Some(version) = documents::version_of(c, &request.document_id, request.number)? else {
        return Ok(None);
    };
    let practice = practice::load(c)?;
    let key = seal_store::key(&app.keys, c, &practice.name)?;
    let stored = match &version.content {
        Content::Text(_) => None,
        Content::File(blob, _) => {
            let key = blob_key(&app.keys, c, blob.key_generation, &blob.blob_id)?;
            Some(Stored {
                object: Object { practice: blob.practice_id, blob: blob.blob_id, key },
                size: u64::try_from(blob.size).unwrap_or(0),
                sha256: blob.sha256.clone(),
            })
        }
    };
    let blob = BlobId::fresh(c.rng(), c.now());
    let target = Object { practice: *c.practice(), blob, key: new_blob_key(&app.keys, c, &blob)? };
    let events = store::events(c, id)?;
    let content = version.content;
    Ok(Some(Material { document, content, signing, events, practice, key, stored, target }))
}

async fn make(app: &AppState, scope: &PracticeScope, material: Material) -> Result<(), Fault> {
    let original = match &material.stored {
        Some(stored) => read_whole(app, stored.clone()).await?,
        None => Vec::new(),
    };
    let behind = match &material.stored {
        Some(_) => behind_its_pages(app, &material, &original).await?,
        None => None,
    };
    let target = material.target.clone();
    let (document, chart) = (material.document.document_id, material.document.chart_id);
    let id = material.signing.request.signing_id;
    let is_client =
        |signer: &&store::Signer| signer.state == SignerState::Signed && signer.access_id.is_some();
    let parties: Vec<SignerId> =
        material.signing.signers.iter().filter(is_client).map(|signer| signer.signer_id).collect();
    let now = app.now();
    let sealed = tokio::task::spawn_blocking(move || build(&material, &original, behind, now))
        .await
        .map_err(|error| Fault::Ended(error.to_string()))??;
    let (size, sha256) = (sealed.len(), hex::encode(Sha256::digest(&sealed)));
    let mut writer = app.objects.write(target.clone());
    let key_generation = writer.key_generation();
    writer.add(&sealed).await?;
    writer.finish().await?;
    let is_first = app
        .db
        .write(scope, move |c| {
            let blob = Blob {
                pages: None,
                practice_id: *c.practice(),
                blob_id: target.blob,
                sha256: sha256.clone(),
                size: i64::try_from(size).unwrap_or(i64::MAX),
                media_type: PDF.to_owned(),
                key_generation,
                state: BlobState::Live,
                created_at: c.now(),
            };
            if !seal_store::insert(c, &id, blob)? {
                return Ok(false);
            }
            notices::plan(c, &parties)?;
            let event = Event::new(By::system(), DocumentAction::SigningSealed)
                .on_chart(&chart)
                .with(json!({ "document": document, "signing": id, "sha256": sha256 }));
            audit::record(c, event)?;
            Ok(true)
        })
        .await?;
    if is_first {
        app.live.chart_changed(scope.id(), &chart);
    }
    Ok(())
}

async fn read_whole(app: &AppState, stored: Stored) -> Result<Vec<u8>, Fault> {
    let pieces: Result<Vec<axum::body::Bytes>, ObjectError> = app.objects.read(stored).try_collect().await;
    match pieces {
        Ok(pieces) => Ok(pieces.concat()),
        Err(ObjectError::Fault(fault)) => Err(fault),
        Err(ObjectError::Damaged(what)) => Err(Fault::Damaged(format!("a file that was signed: {what}"))),
    }
}

/// The pages of the file that was signed and the certificate behind them, made by the process that parses files of strangers.
/// `None`: they cannot be drawn in, as those of a file that needs a password to be printed.
async fn behind_its_pages(
    app: &AppState,
    material: &Material,
    original: &[u8],
) -> Result<Option<Vec<u8>>, Fault> {
    let words = Words::of(material.practice.language());
    let zone = material.practice.zone();
    let content = final_file::content(&material.parts(Signed::Pages, words, &zone));
    let order =
        final_file::behind(words, content).order().map_err(|error| Fault::other(error.to_string()))?;
    let pieces: [Result<Bytes, Fault>; 2] = [Ok(order.into()), Ok(Bytes::copy_from_slice(original))];
    let made: Option<Vec<u8>> = app.confined.answer(WRITE_BEHIND, "", stream::iter(pieces)).await?;
    let made = made.filter(|file| file.starts_with(b"%PDF-"));
    if made.is_none() {
        tracing::warn!(document = %material.document.document_id, "the pages of a signed file cannot be drawn in");
    }
    Ok(made)
}

fn build(
    material: &Material,
    original: &[u8],
    behind: Option<Vec<u8>>,
    now: Timestamp,
) -> Result<Vec<u8>, Fault> {
    let words = Words::of(material.practice.language());
    let zone = material.practice.zone();
    let title = &material.document.title;
    let (signed, name, media_type, bytes) = match &material.content {
        Content::Text(text) => (Signed::Text(text), TEXT, "text/plain", text.as_bytes()),
        Content::File(..) => (Signed::File, FILE, PDF, original),
    };
    let (signing, practice, events) = (&material.signing, &material.practice.name, &material.events);
    if hex::encode(Sha256::digest(bytes)) != signing.request.sha256 {
        return Err(Fault::Damaged("a signed version is not what was signed".to_owned()));
    }
    let pages = match behind {
        Some(pages) => pages,
        None => final_file::pages(words, &final_file::content(&material.parts(signed, words, &zone)))
            .map_err(|error| Fault::other(error.to_string()))?,
    };
    let evidence = final_file::evidence(signing, events);
    let about = words.get("signing-evidence");
    let attachments = [
        Attachment { name: EVIDENCE, media_type: "application/json", description: &about, bytes: &evidence },
        Attachment { name, media_type, description: title, bytes },
    ];
    let sealing = Sealing { attachments: &attachments, name: practice, at: now };
    let file = seal(&pages, sealing, &material.key).map_err(|error| Fault::other(error.to_string()))?;
    match verify(&file) {
        Verdict::Whole(_) => Ok(file),
        Verdict::Changed(what) => Err(Fault::Damaged(format!("the evidence of a signed document: {what:?}"))),
        Verdict::NotOurs => Err(Fault::other("a signed document without its seal")),
    }
}
