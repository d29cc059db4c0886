//! The seal of a signed document: one PAdES signature (baseline B-B) over the whole file, by a key of the practice, and
//! the check of a file without any network.
//!
//! | file | what |
//! |---|---|
//! | `der` | the pieces that the others are made of |
//! | `certificate` | the key and the certificate that the practice signs itself |
//! | `cms` | the signature |
//! | `pdf` | puts attachments and the signature into a PDF of ours as one last revision, and checks them |

pub mod certificate;
mod cms;
mod der;
pub mod pdf;

/// Why nothing was sealed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The key, the certificate or the file is not as it has to be.
    #[error("nothing was sealed: {0}")]
    Failed(String),
    /// The certificate is not valid now.
    #[error("the certificate is not valid now")]
    NotValid,
}
