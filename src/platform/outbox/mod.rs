//! The outbox: mail waiting to go, written in the transaction that it reports, sent by a worker.

mod actions;
mod board;
mod bounce;
mod claims;
pub mod dsn;
pub mod hook;
mod kind;
mod reader;
mod row;
mod store;
mod streak;
mod subject;
mod worker;

pub use actions::MailAction;
pub use bounce::{BounceOutcome, bounce};
pub use claims::{Depth, depth};
pub use hook::routes;
pub use kind::MailKind;
pub use reader::{MailReader, ReaderWish, SafeContact, WantedAt};
pub use row::{Delivery, LINK_OVER, MailState, NewMail, blames_address};
pub use store::{
    about, cancel_about, cancel_about_on_chart, enqueue, enqueue_many, forget_recipients, of_access,
};
pub use subject::{MailHooks, Standing, Subject, SubjectKind};
pub use worker::{Pace, Worker, run};
