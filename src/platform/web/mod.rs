//! The web shell: who may send what (guard), sessions, forms, error pages.

pub mod accent;
pub mod assets;
pub mod audience;
pub mod browser;
pub mod cookies;
pub mod csv_file;
pub mod devices;
pub mod drafts;
pub mod error_pages;
pub mod errors;
pub mod form_token;
pub mod forms;
pub mod frame;
pub mod guard;
pub mod language;
pub mod links;
pub mod live_stream;
pub mod nav;
mod nul;
mod reading;
pub mod routes;
pub mod security_txt;
pub mod session;
pub mod session_ends;
pub mod sign_in;
pub mod sign_in_ticket;
pub mod slow;
pub mod step_up;
pub mod styleguide;
pub mod summary;
pub mod ticket;
pub mod touches;
pub mod unsent;

pub use errors::{PageError, PageResult, html, see_other};
pub use reading::is_read;
pub use routes::Routes;
