//! What documents look like in JSON.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::features::documents::{Content, Document, Reading, SharedWith, Version};
use crate::kernel::ids::AccessId;

/// A document in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DocumentLine {
    /// The document.
    #[schema(format = "uuid")]
    pub id: String,
    /// Its chart.
    #[schema(format = "uuid")]
    pub chart_id: String,
    /// Its title.
    pub title: String,
    /// `notice`, `agreement`, `authorization`, `letter`, `handout`, `plan`, `card` or `other`.
    pub kind: String,
    /// What protects it: `psychotherapy`, `sud_counseling`, `sud`, `minor_consented`, `sensitive` or `third_party`.
    pub label: Option<String>,
    /// `draft`, `shared` or `withdrawn`.
    pub state: String,
    /// The number of the version that counts.
    pub version: i32,
    /// When it was written or uploaded.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// By whom.
    pub created_by: String,
    /// The last day of an authorization.
    #[schema(format = Date)]
    pub expires_on: Option<String>,
    /// When a client revoked an authorization: nothing more is disclosed on it.
    #[schema(format = DateTime)]
    pub revoked_at: Option<String>,
}

impl DocumentLine {
    /// Of a document.
    pub fn of(document: &Document) -> Self {
        Self {
            id: document.document_id.to_string(),
            chart_id: document.chart_id.to_string(),
            title: document.title.clone(),
            kind: document.kind.to_string(),
            label: document.label.map(|label| label.to_string()),
            state: document.state.to_string(),
            version: document.current_version,
            created_at: document.created_at.to_string(),
            created_by: document.created_by_name.clone(),
            expires_on: document.expires_on.clone(),
            revoked_at: document.revoked_at.map(|at| at.to_string()),
        }
    }
}

/// A chart's documents.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DocumentList {
    /// The newest first.
    pub documents: Vec<DocumentLine>,
}

/// What a version holds.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ContentJson {
    /// `text/plain` or `application/pdf`.
    pub media_type: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// How many they are.
    pub size: i64,
    /// What the file was called.
    pub file_name: Option<String>,
    /// The template that its text was made of.
    pub template: Option<MadeOfJson>,
}

/// A version of a template.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MadeOfJson {
    /// The template.
    #[schema(format = "uuid")]
    pub id: String,
    /// Its version.
    pub version: i32,
}

/// Whom a document is, or was, shared with.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DocumentShareJson {
    /// The grant.
    #[schema(format = "uuid")]
    pub grant: String,
    /// Since when.
    #[schema(format = DateTime)]
    pub since: String,
    /// When the share was ended.
    #[schema(format = DateTime)]
    pub ended_at: Option<String>,
    /// Does the document's label keep it from the grant's holder, though it is shared with them? A label `sud` opens with a
    /// consent that staff record beside the grant; the others open to the client alone.
    pub closed_by_label: bool,
    /// What its holder did with which version.
    pub readings: Vec<ReadingJson>,
}

/// When the holder of a grant first opened, read and downloaded a version.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReadingJson {
    /// The version.
    pub version: i32,
    /// When it was first opened.
    #[schema(format = DateTime)]
    pub opened_at: Option<String>,
    /// When it was first downloaded.
    #[schema(format = DateTime)]
    pub downloaded_at: Option<String>,
    /// When the last page of a PDF was first shown.
    #[schema(format = DateTime)]
    pub last_page_at: Option<String>,
}

/// A document.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DocumentJson {
    /// What a list says of it.
    #[serde(flatten)]
    pub line: DocumentLine,
    /// What the version that counts holds.
    pub content: ContentJson,
    /// When the practice took it back.
    #[schema(format = DateTime)]
    pub withdrawn_at: Option<String>,
    /// Why; staff see it.
    pub withdrawn_reason: Option<String>,
    /// The grants that it is, or was, shared with.
    pub shares: Vec<DocumentShareJson>,
}

impl DocumentJson {
    /// Of a document with what became of it.
    pub fn of(
        document: &Document,
        version: &Version,
        (shares, shut): (&[SharedWith], &[AccessId]),
        readings: &[Reading],
    ) -> Self {
        let share = |of: &SharedWith| {
            let theirs = readings.iter().filter(|reading| reading.access_id == of.share.access_id);
            DocumentShareJson {
                grant: of.share.access_id.to_string(),
                since: of.share.since_at.to_string(),
                ended_at: of.share.ended_at.map(|at| at.to_string()),
                closed_by_label: shut.contains(&of.share.access_id),
                readings: theirs
                    .map(|reading| ReadingJson {
                        version: reading.number,
                        opened_at: reading.opened_at.map(|at| at.to_string()),
                        downloaded_at: reading.downloaded_at.map(|at| at.to_string()),
                        last_page_at: reading.last_page_at.map(|at| at.to_string()),
                    })
                    .collect(),
            }
        };
        let sha256 = version.content.sha256();
        let template =
            version.template.map(|(template, version)| MadeOfJson { id: template.to_string(), version });
        let content = match &version.content {
            Content::Text(text) => ContentJson {
                media_type: "text/plain".to_owned(),
                sha256,
                size: i64::try_from(text.len()).unwrap_or(i64::MAX),
                file_name: None,
                template,
            },
            Content::File(blob, name) => ContentJson {
                media_type: blob.media_type.clone(),
                sha256,
                size: blob.size,
                file_name: (!name.is_empty()).then(|| name.clone()),
                template,
            },
        };
        Self {
            line: DocumentLine::of(document),
            content,
            withdrawn_at: document.withdrawn_at.map(|at| at.to_string()),
            withdrawn_reason: document.withdrawn_at.map(|_| document.withdrawn_reason.clone()),
            shares: shares.iter().map(share).collect(),
        }
    }
}

/// A stored file that waits for its document.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UploadJson {
    /// What to put into `upload`.
    #[schema(format = "uuid")]
    pub id: String,
    /// SHA-256 of its bytes, to compare with what was sent.
    pub sha256: String,
    /// How many they are.
    pub size: u64,
}

/// A file that is to come in parts.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUploadJson {
    /// Its name, such as `report.pdf`; left out: the document's title, or `file.pdf` in a message.
    #[serde(default)]
    pub name: Option<String>,
    /// Its size in bytes.
    pub size: u64,
}

/// An upload in parts.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProgressJson {
    /// What to put into `upload` once it is complete.
    #[schema(format = "uuid")]
    pub id: String,
    /// Bytes of the file.
    pub size: u64,
    /// Bytes of a part; the last one may be shorter.
    pub part_bytes: u64,
    /// The numbers of the parts that are there, from 0.
    pub parts: Vec<u32>,
    /// Whether all are, and the file was looked through.
    pub complete: bool,
}

/// A new document: of a text or of an upload.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NewDocumentJson {
    /// Its title, 1 to 120 characters. The client reads it; no mail says it.
    pub title: String,
    /// `notice`, `agreement`, `letter`, `handout`, `plan`, `card` or `other`.
    pub kind: String,
    /// What protects it: `psychotherapy`, `sud_counseling`, `sud`, `minor_consented`, `sensitive` or `third_party`.
    pub label: Option<String>,
    /// Its text: `# ` and `## ` begin headings, `- ` an item of a list.
    pub text: Option<String>,
    /// The id of an upload for the same chart.
    #[schema(format = "uuid")]
    pub upload: Option<String>,
}

/// A new version: of a text or of an upload.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NewVersionJson {
    /// Its text.
    pub text: Option<String>,
    /// The id of an upload for the same chart.
    #[schema(format = "uuid")]
    pub upload: Option<String>,
}

/// A share.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ShareJson {
    /// `owner`, or ids of grants of the chart; left out: the owner.
    pub with: Vec<String>,
    /// `mail`: they are told that there is something new, at most once an hour; `none`: they find it.
    pub telling: String,
}

impl Default for ShareJson {
    fn default() -> Self {
        Self { with: vec!["owner".to_owned()], telling: "mail".to_owned() }
    }
}

/// The end of a share.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndShareJson {
    /// The grant.
    #[schema(format = "uuid")]
    pub grant: String,
}

/// A withdrawal.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawJson {
    /// Why, 1 to 500 characters; staff see it.
    pub reason: String,
}

/// What a file that is uploaded is called.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UploadQuery {
    /// Its name, such as `report.pdf`; left out: the document's title, or `file.pdf` in a message.
    pub name: Option<String>,
}

/// Which version is asked for.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ContentQuery {
    /// The version's number; left out: the one that counts.
    pub version: Option<i32>,
    /// `signed`: the sealed file of a document that everybody has signed.
    pub copy: Option<String>,
}
